"""Uploads belong to their owner: a list of one's own, a quota, and equal files that are stored once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from da_core.data.loading.cache import load_pair
from da_core.data.readers.uploads import keep_upload, resolve_place
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.jobs.database.database_engine import UnreachableError
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.owners import EVERYONE
from da_core.jobs.upload_list import MEGABYTE, UploadList
from da_core.settings import settings

ANN, BOB = "ann", "bob"


@pytest.fixture(autouse=True)
def limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DA_LAB_UPLOADS_EACH_MEGABYTES", "2")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def kept(url: str) -> UploadList:
    database = RunDatabase(url)
    return UploadList(lambda: database)


def keep(kept: UploadList, owner: str, name: str, data: bytes) -> str:
    return kept.keep(owner, name, len(data), lambda: keep_upload(name, data))


def names(kept: UploadList, owner: str) -> list[str]:
    return [one.name for one in kept.listed(owner)]


def file_of(place: str) -> str:
    return resolve_place(place).name


def test_everyone_sees_and_removes_their_own_alone(kept: UploadList) -> None:
    place = keep(kept, ANN, "a.zip", b"abc")
    keep(kept, BOB, "b.zip", b"abcd")
    assert (names(kept, ANN), names(kept, BOB)) == (["a.zip"], ["b.zip"])
    assert [one.size for one in kept.listed(BOB)] == [4]
    kept.remove(BOB, file_of(place))
    assert resolve_place(place).is_file(), "it is not Bob's"
    kept.remove(ANN, file_of(place))
    assert names(kept, ANN) == []
    with pytest.raises(UserError, match=r"“a\.zip” is no longer on this server"):
        resolve_place(place)


def test_equal_files_of_two_are_stored_once_and_go_with_the_last(kept: UploadList) -> None:
    place, other = keep(kept, ANN, "a.zip", b"abc"), keep(kept, BOB, "other.zip", b"abc")
    assert resolve_place(place) == resolve_place(other)
    kept.remove(ANN, file_of(place))
    assert names(kept, BOB) == ["other.zip"]
    assert resolve_place(other).is_file()
    kept.remove(BOB, resolve_place(other).name)
    with pytest.raises(UserError, match="no longer"):
        resolve_place(other)


def test_the_same_file_again_is_in_the_list_once_under_its_newest_name(kept: UploadList) -> None:
    keep(kept, ANN, "a.zip", b"abc")
    keep(kept, ANN, "again.zip", b"abc")
    assert names(kept, ANN) == ["again.zip"]


def test_a_quota_says_how_much_is_used_and_what_to_do(kept: UploadList) -> None:
    first = keep(kept, ANN, "first.zip", bytes(MEGABYTE + MEGABYTE // 2))
    with pytest.raises(UserError) as raised:
        keep(kept, ANN, "second.zip", b"1" * MEGABYTE)
    assert str(raised.value).startswith(
        "Your uploads take 1.5 of the 2 MB that are yours, and “second.zip” has 1.0 MB;"
    )
    assert names(kept, ANN) == ["first.zip"]
    keep(kept, BOB, "second.zip", b"1" * MEGABYTE)
    kept.remove(ANN, file_of(first))
    keep(kept, ANN, "second.zip", b"1" * MEGABYTE)


def test_who_has_the_machine_to_themselves_has_no_quota(kept: UploadList) -> None:
    for number in range(3):
        keep(kept, EVERYONE, f"{number}.zip", bytes([number]) * MEGABYTE)
    assert len(names(kept, EVERYONE)) == 3


def test_what_expires_leaves_the_list_and_its_room(kept: UploadList) -> None:
    place = keep(kept, ANN, "night.npz", b"1" * 2 * MEGABYTE)
    long_ago = time.time() - 200 * 24 * 3600
    os.utime(resolve_place(place), (long_ago, long_ago))
    kept.sweep()
    assert names(kept, ANN) == []
    keep(kept, ANN, "other.npz", b"2" * 2 * MEGABYTE)
    with pytest.raises(UserError, match=r"“night\.npz” is no longer on this server"):
        load_pair(DataSpec(name="files", source=place, target=place))


def test_without_the_database_an_upload_is_kept_in_nobodys_list() -> None:
    def unreachable() -> RunDatabase:
        raise UnreachableError("The list of runs cannot be reached.")

    place = keep(UploadList(unreachable), ANN, "a.zip", b"abc")
    assert resolve_place(place).read_bytes() == b"abc"
