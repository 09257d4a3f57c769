"""Files that crash, fill or hold up the process that reads them: a sentence each, and nothing else notices."""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import scipy.io
from PIL import Image

from da_core.data.loading import cache
from da_core.data.loading.cache import inspect_files
from da_core.data.loading.limited_reading import ReadingLimitError, call_limited
from da_core.data.readers.archive import file_stamps
from da_core.errors import UserError
from da_core.experiment import DataSpec
from da_core.settings import settings

PATIENCE = 60.0
ARRAYS: dict[str, Any] = {
    "Xs": np.zeros((6, 2)),
    "ys": [[0, 1] * 3],
    "Xt": np.zeros((6, 2)),
    "yt": [[0, 1] * 3],
}


pytestmark = pytest.mark.usefixtures("data_dir")


def own(path: Path) -> DataSpec:
    return DataSpec(name="files", source=str(path))


def matlab(path: Path, **changed: int) -> Path:
    """Write a file of MATLAB 5, with some of its bytes changed."""
    written = io.BytesIO()
    scipy.io.savemat(written, ARRAYS)
    content = bytearray(written.getvalue())
    for at, value in changed.items():
        content[int(at.removeprefix("byte_"))] = value
    path.write_bytes(content)
    return path


def test_a_file_that_crashes_its_reader_is_a_sentence_and_the_next_one_is_read(tmp_path: Path) -> None:
    killer, fine = matlab(tmp_path / "killer.mat", byte_145=8), matlab(tmp_path / "fine.mat")
    with pytest.raises(ReadingLimitError, match=r"Reading “killer\.mat” crashed the process that read it"):
        cache.load_pair(own(killer))
    assert "crashed" in str(inspect_files(own(killer)).problem)
    assert len(cache.load_pair(own(fine)).source) == 6


def test_a_process_that_forks_readers_is_started_again_once_it_has_died(tmp_path: Path) -> None:
    cache.load_pair(own(matlab(tmp_path / "one.mat")))
    call_limited(["x"], _kill_parent)
    assert len(cache.load_pair(own(matlab(tmp_path / "other.mat"))).target) == 6


def _kill_parent() -> None:
    os.kill(os.getppid(), 9)


@pytest.mark.parametrize("column", ["dictionary", "lists"])
def test_a_small_table_that_unpacks_to_gigabytes_is_a_sentence(
    tmp_path: Path, limit: Callable[[str, int], None], column: str
) -> None:
    limit("reading_memory_mb", 700)
    if column == "dictionary":
        long = pa.DictionaryArray.from_arrays(pa.array(np.zeros(2000, np.int32)), pa.array(["a" * 1_500_000]))
    else:
        long = pa.ListArray.from_arrays(np.arange(101, dtype=np.int32) * 1_000_000, np.zeros(100_000_000, np.int8))
    path = tmp_path / "bomb.parquet"
    labels = pa.array([str(row % 2) for row in range(len(long))])
    pyarrow.parquet.write_table(pa.table({"text": long, "label": labels}), path, compression="zstd")
    assert path.stat().st_size < 100_000
    with pytest.raises(ReadingLimitError, match="limit of 700 MB"):
        cache.load_pair(own(path))


def test_very_deep_folders_are_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "deep.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for label in "ab":
            archive.writestr("d/" * 3000 + f"{label}/0.png", b"x")
    (tmp_path / "pictures" / "/".join("d" * 60)).mkdir(parents=True)
    for place in (path, tmp_path / "pictures"):
        with pytest.raises(UserError, match="more than 50 levels deep"):
            cache.load_pair(own(place))


def test_letters_that_there_are_none_of_in_matlab_7_3_are_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "negative.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in ARRAYS.items():
            file[name] = np.asarray(values, float).T
        del file["ys"]
        file["ys"] = -np.ones((1, 6), np.int16)
        file["ys"].attrs["MATLAB_class"] = np.bytes_("char")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    with pytest.raises(UserError, match="cannot be read here, or it is damaged"):
        cache.load_pair(own(path))
    assert inspect_files(own(path)).problem is not None


def test_one_long_name_does_not_take_its_room_for_every_sample(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    path = tmp_path / "named.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for place in ("day/car/0", "day/bus/0", "night/car/0", "night/bus/" + "x" * 60_000):
            archive.writestr(f"{place}.png", picture.getvalue())
    captions = cache.load_pair(own(path)).target.captions
    assert captions is not None
    assert captions.itemsize <= 4 * 200
    assert max(captions, key=len).endswith("xxx.png")


def test_a_file_that_is_removed_while_it_is_read_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.svm"
    path.write_text("1 1:0.5\n")

    def stamp_and_remove(place: Path) -> Iterator[tuple[str, int, int]]:
        yield from file_stamps(place)
        place.unlink(missing_ok=True)

    monkeypatch.setattr(cache, "file_stamps", stamp_and_remove)
    with pytest.raises(UserError, match="does not exist"):
        cache.load_pair(DataSpec(name="files", source=str(path), target=str(matlab(tmp_path / "fine.mat"))))


def test_a_reading_that_takes_too_long_is_ended_and_another_one_need_not_wait_for_it(
    tmp_path: Path, limit: Callable[[str, int], None]
) -> None:
    begun, pipe = tmp_path / "begun", tmp_path / "pipe"
    os.mkfifo(begun)
    os.mkfifo(pipe)
    limit("reading_seconds", 3)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(call_limited, ["slow.csv"], _wait_for_ever, begun, pipe)
        pid = int(begun.read_text())
        assert call_limited(["quick.csv"], _doubled, 4) == 8
        assert not slow.done()
        with pytest.raises(ReadingLimitError, match=r"“slow\.csv” took longer than this server.s limit of 3 seconds"):
            slow.result(PATIENCE)
    assert has_ended(pid)


def _wait_for_ever(begun: Path, pipe: Path) -> None:
    handle = os.open(begun, os.O_WRONLY)  # a pipe is no file: it may be written
    os.write(handle, str(os.getpid()).encode())
    os.close(handle)
    pipe.read_text()


def _doubled(number: int) -> int:
    return 2 * number


def has_ended(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_reading_writes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "written"
    with pytest.raises(UserError):
        call_limited(["x.csv"], _write, path)
    assert path.stat().st_size == 0


def _write(path: Path) -> None:
    path.write_text("more than nothing")


def test_a_reading_follows_the_settings_of_now(limit: Callable[[str, int], None]) -> None:
    limit("table_rows", 17)
    assert call_limited(["x.csv"], _rows_allowed) == 17


def _rows_allowed() -> int:
    return settings().table_rows


def test_many_readings_at_once_come_to_their_ends() -> None:
    with ThreadPoolExecutor(8) as threads:
        results = threads.map(lambda number: call_limited(["x.csv"], _doubled, number), range(16))
        assert list(results) == list(range(0, 32, 2))


def test_a_file_that_came_to_a_limit_is_not_tried_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = matlab(tmp_path / "killer.mat", byte_145=8)
    with pytest.raises(ReadingLimitError):
        cache.load_pair(own(killer))
    monkeypatch.setattr(cache, "call_limited", lambda *_args: pytest.fail("it was read again"))
    with pytest.raises(ReadingLimitError, match="crashed"):
        cache.load_pair(own(killer))
    monkeypatch.undo()
    matlab(killer)
    os.utime(killer, ns=(0, time.time_ns()))
    assert len(cache.load_pair(own(killer)).source) == 6
