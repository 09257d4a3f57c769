"""A server that is killed while it takes an upload: that one is there whole or not at all, and all others stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from da_core.jobs.upload_list import upload_list
from tests.support import s3
from tests.support.killed_uploads import IN_LIST, bring_and_kill, check_left, half_written, keep, make_old, next_server

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("s3")]
EARLIER = {"earlier.csv": b"x,y,label\n1,2,a\n"}
NAME, CONTENT = "night.npz", bytes(2**21 + 1)
"""Of three blocks."""


@dataclass
class Place:
    """Where a server keeps uploads: its settings beside the data folder, and the step after which one is there."""

    environment: dict[str, str]
    decisive_step: str


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A data folder or a bucket, which this process uses as the next server does."""
    if request.param == "folder":
        place = Place({}, "rename")
    else:
        place = Place(s3.environment(request.getfixturevalue("storage")), "store the mark")
    with next_server(tmp_path, place.environment):
        yield place


def test_an_upload_is_whole_or_not_there_at_whichever_step_its_server_is_killed(place: Place, tmp_path: Path) -> None:
    for name, content in EARLIER.items():
        keep(name, content)
    steps: list[str] = []
    while steps[-1:] != [IN_LIST]:
        content = bytes([len(steps)]) + CONTENT
        steps = bring_and_kill(tmp_path, place.environment, NAME, content, at=len(steps) + 1)
        is_there = check_left(EARLIER, {NAME: content})
        assert is_there == (place.decisive_step in steps[:-1]), steps
    assert steps.count("read") == 4
    assert steps[-3:] == ["rename", "list", IN_LIST]


def test_an_upload_whose_server_was_killed_can_be_brought_again_and_its_rest_goes_after_a_day(
    place: Place, tmp_path: Path
) -> None:
    bring_and_kill(tmp_path, place.environment, NAME, CONTENT, at=3)
    (rest,) = half_written(tmp_path)
    assert rest.stat().st_size > 0
    keep(NAME, CONTENT)
    check_left({NAME: CONTENT}, {})
    upload_list().sweep()
    assert half_written(tmp_path) == [rest], "another server may be writing it"
    make_old(rest)
    upload_list().sweep()
    assert half_written(tmp_path) == []
    check_left({NAME: CONTENT}, {})
