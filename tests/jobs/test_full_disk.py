"""A disk that is really full: a small file system in memory, where one may be mounted."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from da_core.data.readers.uploads import keep_folder, keep_upload
from da_core.errors import UserError
from da_core.events import Evidence, Result
from da_core.experiment import Experiment
from da_core.i18n import Language
from da_core.jobs.database.run_database import UnreachableError
from da_core.jobs.store import Store, new_run_id
from da_core.settings import settings

ANN = "ann"


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder on a disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("no file system may be mounted here")
    except FileNotFoundError:
        pytest.skip("this system has no mount")
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Write until no byte is left; return the file."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def rename_often(store: Store, run: str) -> None:
    """Change the list until it needs more room."""
    for number in range(1000):
        store.database.rename(run, ANN, f"{number}" * 20)


def test_a_full_disk_is_told_and_works_again_when_room_is_made(disk: Path, result: Result, evidence: Evidence) -> None:
    store = Store(disk / "runs")
    before = new_run_id(Experiment())
    assert store.save(before, Experiment(), result, evidence, (), [ANN]) is None
    ballast = fill(disk)

    during, second = new_run_id(Experiment(seed=1)), Experiment(seed=1)
    notice = store.save(during, second, result, evidence, (), [ANN])
    assert notice is not None
    assert notice.message.startswith("The server's disk is full, so this run is kept only for a while")
    assert store.load(during) is not None
    assert [run.run_id for run in store.database.listed(ANN)] == [before], "what is there can be read"
    with pytest.raises(UnreachableError):
        rename_often(store, before)
    for bring in (lambda: keep_upload("a.csv", bytes(10**5)), lambda: keep_folder("a", [("b.csv", _stream())])):
        with pytest.raises(UserError) as full:
            bring()
        assert full.value.message.startswith("The server's disk is full; tell whoever runs it")
    assert Language("zh").translate(full.value.message) != full.value.message
    assert sorted(path.name for path in disk.iterdir() if path.name == "uploads" and any(path.iterdir())) == []

    ballast.unlink()
    third = new_run_id(Experiment(seed=2))
    assert store.save(third, Experiment(seed=2), result, evidence, (), [ANN]) is None
    assert [run.run_id for run in store.database.listed(ANN)] == [third, before]
    assert keep_upload("a.csv", bytes(10**5)).startswith("upload:")


def _stream() -> io.BytesIO:
    return io.BytesIO(bytes(10**5))
