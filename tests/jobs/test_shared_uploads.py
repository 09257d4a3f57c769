"""Uploads in a real server of S3: what one web server takes another opens, whole, and owner and quota stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from da_core import object_storage
from da_core.data.loading.cache import load_pair
from da_core.data.readers import upload_places
from da_core.data.readers.uploads import delete_unused, keep_upload, resolve_place
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.jobs.database.run_database import RunDatabase
from da_core.jobs.upload_list import MEGABYTE, UploadList
from da_core.object_storage import ObjectStorage, shared_storage
from da_core.settings import settings

pytestmark = pytest.mark.xdist_group("s3")
ANN, BOB = "ann", "bob"
GONE = "no longer on this server"


@pytest.fixture
def sit_at(storage: ObjectStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Be another web server: with its own disk, and the same storage unless it has none yet."""
    monkeypatch.setattr(object_storage, "_REST_SECONDS", 0.0)
    monkeypatch.setattr(upload_places, "_THERE_SECONDS", 0.0)
    monkeypatch.setenv("DA_LAB_UPLOADS_EACH_MEGABYTES", "2")

    def sit(name: str, *, alone: bool = False) -> None:
        monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path / name))
        monkeypatch.setenv("DA_LAB_STORAGE", "" if alone else f"s3://{storage._root}")
        settings.cache_clear()
        shared_storage.cache_clear()

    yield sit
    monkeypatch.undo()
    settings.cache_clear()
    shared_storage.cache_clear()


@pytest.fixture
def kept(tmp_path: Path) -> UploadList:
    database = RunDatabase(f"sqlite:///{tmp_path / 'runs.db'}")
    return UploadList(lambda: database)


def keep(kept: UploadList, owner: str, name: str, data: bytes) -> str:
    return kept.keep(owner, name, len(data), lambda: keep_upload(name, data))


def test_what_one_server_takes_another_reads_lists_and_counts(sit_at, kept) -> None:
    def table(shift: int) -> bytes:
        return "\n".join(["x,y,label", *(f"{x},{x + shift},{'ab'[x % 2]}" for x in range(40))]).encode()

    sit_at("one")
    day, night = (keep(kept, ANN, f"{name}.csv", table(shift)) for name, shift in (("day", 0), ("night", 5)))
    sit_at("two")
    pair = load_pair(DataSpec(name="files", params={"label": "label"}, source=day, target=night))
    assert (len(pair.source), pair.classes) == (40, ("a", "b"))
    assert {one.name for one in kept.listed(ANN)} == {"day.csv", "night.csv"}
    keep(kept, ANN, "night.npz", b"1" * (2 * MEGABYTE - 2000))
    sit_at("one")
    with pytest.raises(UserError, match=r"2\.0 of the 2 MB"):
        keep(kept, ANN, "more.npz", b"2" * 2000)


def test_it_is_fetched_once_and_goes_everywhere_with_the_last_who_has_it(sit_at, kept, monkeypatch) -> None:
    sit_at("one")
    place = keep(kept, ANN, "a.zip", b"abc")
    assert keep(kept, BOB, "a.zip", b"abc") == place
    sit_at("two")
    fetched, read = [], ObjectStorage.read_blocks

    def counted(self: ObjectStorage, key: str) -> Iterator[bytes]:
        fetched.append(key)
        return read(self, key)

    monkeypatch.setattr(ObjectStorage, "read_blocks", counted)
    assert [resolve_place(place).read_bytes() for _ in range(3)] == [b"abc"] * 3
    assert len(fetched) == 1
    copy = resolve_place(place)
    sit_at("one")
    kept.remove(ANN, copy.name)
    assert resolve_place(place)
    kept.remove(BOB, copy.name)
    sit_at("two")
    with pytest.raises(UserError, match=GONE):
        resolve_place(place)
    assert not copy.exists()
    assert kept.listed(BOB) == []


def test_what_is_damaged_in_the_storage_is_never_read(sit_at, storage) -> None:
    sit_at("one")
    place = keep_upload("a.zip", b"abc")
    storage.write(f"uploads/{resolve_place(place).name}", b"abd")
    sit_at("two")
    with pytest.raises(UserError, match=GONE):
        resolve_place(place)
    sit_at("one")
    assert keep_upload("a.zip", b"abc") == place, "to bring it again mends it"
    sit_at("two")
    assert resolve_place(place).read_bytes() == b"abc"


def test_while_the_storage_is_away_copies_serve_and_nothing_new_is_taken(sit_at, kept, server) -> None:
    sit_at("one")
    place = keep(kept, ANN, "a.zip", b"abc")
    server.stop()
    try:
        assert resolve_place(place).read_bytes() == b"abc"
        with pytest.raises(UserError, match="does not answer"):
            keep(kept, ANN, "b.zip", b"1")
        with pytest.raises(UserError, match="does not answer"):
            kept.remove(ANN, resolve_place(place).name)
        sit_at("two")
        with pytest.raises(UserError, match="does not answer"):
            resolve_place(place)
    finally:
        server.start()
    assert [one.name for one in kept.listed(ANN)] == ["a.zip"]
    assert resolve_place(place).read_bytes() == b"abc"


def test_uploads_of_before_move_into_the_storage(sit_at, kept, storage, tmp_path) -> None:
    sit_at("one", alone=True)
    used, other = (keep(kept, ANN, f"{name}.zip", name.encode()) for name in ("used", "other"))
    sit_at("one")
    assert resolve_place(used).read_bytes() == b"used"
    kept.sweep()
    assert list((tmp_path / "one" / "uploads").iterdir()) == []
    sit_at("two")
    assert [resolve_place(place).read_bytes() for place in (used, other)] == [b"used", b"other"]


def test_what_nobody_uses_goes_and_what_was_half_written_too(sit_at, storage, monkeypatch) -> None:
    sit_at("one")
    place = keep_upload("a.zip", b"abc")
    storage.write(f"uploads/{'0' * 64}.zip", b"half")
    assert delete_unused(180) == []
    assert resolve_place(place)
    monkeypatch.setattr(upload_places, "_LEFT_OVER", -upload_places._LEFT_OVER)
    assert delete_unused(-1) == [place.removeprefix("upload:").partition("/")[0]]
    assert storage.find("uploads") == {}


def test_copies_and_all_that_is_stored_are_bounded_and_the_longest_unused_make_room(
    sit_at, storage, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("DA_LAB_UPLOAD_MEGABYTES", "1")
    monkeypatch.setenv("DA_LAB_STORAGE_CACHE_MEGABYTES", "1")
    monkeypatch.setenv("DA_LAB_UPLOADS_MEGABYTES", "2")
    sit_at("one")
    places = [keep_upload("a.zip", bytes([number]) * (MEGABYTE * 3 // 4)) for number in range(3)]
    assert len(list((tmp_path / "one" / "upload_copies").iterdir())) == 1
    assert sum(key.endswith(".zip") for key in storage.find("uploads")) == 2
    left = []
    for place in places:
        try:
            left.append(resolve_place(place).read_bytes()[0])
        except UserError:
            assert place != places[2]
    assert len(left) == 2
