"""Downloads from a real server: resumed where the connection broke, checked, and told in one sentence if they fail."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from da_core.data.download import MissingError, fetch, missing
from da_core.errors import UserError
from da_core.settings import settings
from tests.support.shelf import Shelf, opened

CONTENT = np.random.default_rng(0).bytes(300_000)


@pytest.fixture(autouse=True)
def place(data_dir: Path) -> Path:
    return data_dir / "downloads" / "things"


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with opened() as one:
        yield one


@pytest.fixture
def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/file"


def test_it_tells_how_much_is_here_and_is_done_once(shelf: Shelf) -> None:
    remotes = [shelf.remote("a", CONTENT), shelf.remote("b", CONTENT[:100_000])]
    shares = list(fetch(remotes))
    assert shares == sorted(shares)
    assert len(shares) > 3
    assert shares[-1] == 1
    assert remotes[0].read() == CONTENT
    assert missing(remotes) == []
    assert list(fetch(remotes)) == []
    assert len(shelf.asked) == 2


def test_a_broken_connection_goes_on_where_it_broke(shelf: Shelf, place: Path) -> None:
    remote = shelf.remote("a", CONTENT)
    shelf.drops, shelf.after = 3, 80_000
    assert list(fetch([remote]))[-1] == 1
    assert shelf.asked == [None, "bytes=80000-", "bytes=160000-", "bytes=240000-"]
    assert remote.read() == CONTENT
    assert [file.name for file in place.iterdir()] == ["a"]


def test_what_was_stopped_is_gone_on_with(shelf: Shelf) -> None:
    remote = shelf.remote("a", CONTENT)
    shares = fetch([remote])
    next(shares)
    shares.close()
    assert missing([remote]) == [remote]
    assert list(fetch([remote]))[-1] == 1
    assert shelf.asked[-1] is not None
    assert remote.read() == CONTENT


def test_a_server_that_cannot_resume_starts_again(shelf: Shelf) -> None:
    remote = shelf.remote("a", CONTENT)
    shelf.resumes, shelf.drops, shelf.after = False, 1, 80_000
    list(fetch([remote]))
    assert remote.read() == CONTENT


@pytest.mark.parametrize(("part", "asked"), [(b"?" * 1000, ["bytes=1000-", None]), (CONTENT, ["bytes=300000-"])])
def test_a_damaged_beginning_is_thrown_away_and_one_that_is_the_whole_taken(
    shelf: Shelf, place: Path, part: bytes, asked: list[str | None]
) -> None:
    remote = shelf.remote("a", CONTENT)
    place.mkdir(parents=True)
    (place / "a.part").write_bytes(part)
    list(fetch([remote]))
    assert remote.read() == CONTENT
    assert shelf.asked == asked


def test_another_file_under_the_name_is_refused(shelf: Shelf, place: Path) -> None:
    remote = shelf.remote("a", CONTENT)
    shelf.files["a"] = CONTENT[::-1]
    with pytest.raises(
        UserError, match=r"Things could not be downloaded: the file received as a is not the one .*things\."
    ):
        list(fetch([remote]))
    assert list(place.iterdir()) == []


def test_nothing_is_read_far_beyond_the_stated_size(shelf: Shelf, place: Path) -> None:
    remote = shelf.remote("a", CONTENT)
    shelf.files["a"] = CONTENT * 20
    with pytest.raises(UserError, match="longer than it should be"):
        list(fetch([remote]))
    assert sum(file.stat().st_size for file in place.iterdir()) < 2 * len(CONTENT)


def test_the_next_address_is_tried(shelf: Shelf, nowhere: str) -> None:
    remote = shelf.remote("a", CONTENT, elsewhere=nowhere)
    list(fetch([remote]))
    assert remote.read() == CONTENT


def test_without_a_network_one_sentence_says_what_to_do(nowhere: str, shelf: Shelf) -> None:
    remote = shelf.remote("a", CONTENT)
    alone = type(remote)(remote.of, remote.folder, remote.name, (nowhere,), remote.digest, remote.size)
    with pytest.raises(
        UserError, match=r"^Things could not be downloaded \(.*refused.*\)\. Try .* put a into .*things"
    ):
        list(fetch([alone]))
    with pytest.raises(MissingError, match="not on this machine yet"):
        alone.read()


def test_a_server_may_forbid_downloads(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DA_LAB_DOWNLOADS", "false")
    settings.cache_clear()
    with pytest.raises(MissingError):
        list(fetch([shelf.remote("a", CONTENT)]))
    assert shelf.asked == []


def test_two_at_once_bring_it_once(shelf: Shelf) -> None:
    remote = shelf.remote("a", CONTENT)
    shelf.pause = threading.Event()
    first = fetch([remote])
    assert next(first) < 0.01
    second = fetch([remote])
    assert next(second) < 0.01  # it watches
    shelf.pause.set()
    assert list(first)[-1] == 1
    list(second)
    assert len(shelf.asked) == 1
    assert remote.read() == CONTENT
