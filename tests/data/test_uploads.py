"""Which files a visitor may use, and what becomes of uploads."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from da_core.data.readers.uploads import (
    check_all_allowed,
    delete_unused,
    has_upload,
    keep_upload,
    place_name,
    resolve_place,
)
from da_core.errors import UserError
from da_core.settings import settings

FORBIDDEN = (
    "“{place}” is outside the folder {folder} that this server shares; choose a place inside it, or upload a file."
)


@pytest.fixture(autouse=True)
def one_megabyte(data_dir: Path, limit: Callable[[str, int], None]) -> None:
    limit("upload_megabytes", 1)
    data_dir.mkdir()


@pytest.mark.parametrize(
    ("name", "data", "start"),
    [
        ("photos.zip", b"", "“{place}” is empty"),
        ("photos.zip", bytes(2**20 + 1), "“{name}” is larger than {most} MB"),
    ],
)
def test_uploads_that_are_not_kept(data_dir: Path, name: str, data: bytes, start: str) -> None:
    for given in (data, io.BytesIO(data)):
        with pytest.raises(UserError) as raised:
            keep_upload(name, given)
        assert raised.value.message.startswith(start)
    assert [file for folder in data_dir.iterdir() for file in folder.iterdir()] == []


def test_an_upload_that_was_read_before_is_kept_whole() -> None:
    stream = io.BytesIO(b"abc")
    stream.read()
    assert resolve_place(keep_upload("a.zip", stream)).read_bytes() == b"abc"


def test_an_upload_of_the_largest_size_is_kept() -> None:
    place = keep_upload("../../etc/passwd.zip", bytes(2**20))
    assert resolve_place(place).read_bytes() == bytes(2**20)
    assert resolve_place(place).parent == settings().data_dir / "uploads"


def test_an_upload_is_called_what_its_sender_called_it() -> None:
    place = keep_upload("my pictures/Tag & Nächte.zip", b"abc")
    assert place_name(place) == "Tag & Nächte.zip"
    assert resolve_place(place) == resolve_place(keep_upload("again.zip", b"abc"))
    assert place_name(keep_upload("long" * 50 + ".zip", b"abc")).endswith("longlong.zip")
    assert place_name(f"upload:{'0' * 64}.zip") == "00000000….zip"  # a link from before names were kept
    assert place_name("/data/night") == "night"


def test_an_upload_that_nobody_has_used_for_long_goes_and_is_named_as_its_sender_called_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DA_LAB_UPLOAD_DAYS", "30")
    settings.cache_clear()
    old, used, new = (keep_upload(f"Nächte {number}.zip", bytes([number])) for number in range(3))
    month_ago = time.time() - 31 * 24 * 3600
    for place in (old, used):
        os.utime(resolve_place(place), (month_ago, month_ago))
    path = resolve_place(used)  # marks it as used
    assert delete_unused(settings().upload_days) == [old.partition(":")[2].partition("/")[0]]
    assert path.is_file()
    assert resolve_place(new).is_file()
    with pytest.raises(UserError, match=r"“Nächte 0\.zip” is no longer on this server: .* for 30 days"):
        resolve_place(old)


@pytest.mark.parametrize("file", ["", "..", "../runs.db", "0" * 64, "0" * 64 + ".zip/x"])
def test_no_path_is_made_of_what_is_no_upload(file: str) -> None:
    with pytest.raises(UserError):
        has_upload(file)


def test_the_longest_unused_uploads_go_first(limit: Callable[[str, int], None]) -> None:
    assert settings().uploads_megabytes == 20 * settings().upload_megabytes
    limit("uploads_megabytes", 3)
    places = [keep_upload("a.zip", bytes([number]) * 2**20) for number in range(3)]
    for age, place in enumerate(places):
        os.utime(resolve_place(place), (age, age))
    resolve_place(places[0])  # used again
    keep_upload("a.zip", b"\xff" * 2**20)
    with pytest.raises(UserError, match="no longer on this server"):
        resolve_place(places[1])
    assert all(resolve_place(places[kept]).is_file() for kept in (0, 2))


@pytest.mark.parametrize(
    "place",
    ["upload:", "upload:../../secret.zip", f"upload:{'0' * 64}.zip", f"upload:{'0' * 64}.zip/..", "upload:a.npz"],
)
def test_uploads_that_do_not_exist(place: str) -> None:
    with pytest.raises(UserError) as raised:
        resolve_place(place)
    assert raised.value.message.startswith("“{name}” is no longer on this server")


@pytest.mark.parametrize("place", ["/no/such/place", "a\0b", "~nobody-of-this-name/x", "x" * 5000])
def test_paths_that_do_not_exist(place: str) -> None:
    with pytest.raises(UserError) as raised:
        resolve_place(place)
    assert raised.value.message == "“{place}” does not exist; check the path."


def test_only_the_shared_folder_is_open_to_visitors(data_dir: Path, tmp_path: Path) -> None:
    shared = data_dir / "shared"
    (shared / "x").mkdir(parents=True)
    (shared / "way out").symlink_to(tmp_path)
    (tmp_path / "way in").symlink_to(shared / "x")
    for place in (shared, shared / "x", tmp_path / "way in", shared / "x/../x", f"upload:{'0' * 64}.zip"):
        check_all_allowed([str(place)], localhost_only=False)
    for place in (tmp_path, shared / "way out", shared / "x/../../..", "/etc", "/no/such/place", "a\0b", "upload:/etc"):
        assert_refused(place)
    check_all_allowed(["/etc"], localhost_only=True)


def test_uploads_and_runs_of_others_are_closed_to_visitors(data_dir: Path) -> None:
    """Their names are the keys to them, so nobody may list them."""
    place = keep_upload("mine.zip", b"abc")
    shared = data_dir / "shared"
    shared.mkdir()
    (shared / "way out").symlink_to(data_dir / "uploads")
    for closed in (data_dir, data_dir / "uploads", resolve_place(place), data_dir / "runs", data_dir / "runs.sqlite"):
        assert_refused(closed)
    for closed in (shared / "../uploads", shared / "way out", data_dir / "shared and more"):
        assert_refused(closed)
    check_all_allowed([place], localhost_only=False)  # whoever has the name of an upload may use it


def test_the_shared_folder_may_lie_elsewhere(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "disk" / "x").mkdir(parents=True)
    (data_dir / "shared").symlink_to(tmp_path / "disk")
    check_all_allowed([str(data_dir / "shared" / "x")], localhost_only=False)
    assert_refused(data_dir / "shared" / "..")


def assert_refused(place: str | Path) -> None:
    """No visitor may use the place, and the sentence names the folder that is open to them."""
    with pytest.raises(UserError) as raised:
        check_all_allowed([str(place)], localhost_only=False)
    assert raised.value.message == FORBIDDEN
    assert f"{settings().data_dir / 'shared'}" in str(raised.value)
