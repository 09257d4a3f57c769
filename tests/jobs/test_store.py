"""What is kept comes back as it was; what cannot be kept or read costs nothing else."""

from __future__ import annotations

import errno
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.jobs import store as store_module
from da_core.jobs.store import EXAMPLE, Store, new_run_id
from da_core.run_folder import write_record
from da_core.training.prepared import filled_in

A_DAY = Experiment()
ANOTHER = Experiment(seed=1)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def saved(runs, result, evidence):
    """Save a run of an experiment that is ``age`` seconds old, with another result if given; return its id."""

    def save(store: Store, experiment: Experiment = A_DAY, age: float = 0.0, **changes: object) -> str:
        run_id = new_run_id(experiment)
        changes.setdefault("recipe", {"filled_in": filled_in(experiment)})
        assert store.save(run_id, experiment, result.model_copy(update=changes), evidence) is None
        stamp = (runs / run_id).stat().st_mtime - age
        os.utime(runs / run_id, (stamp, stamp))
        return run_id

    return save


def test_find_gives_the_newest_complete_run_of_just_this_experiment(runs, saved):
    store = Store(runs)
    saved(store, ANOTHER)
    old = saved(store, age=60)
    new = saved(store, age=30)
    saved(store, recipe={"stopped_early": True, "filled_in": filled_in(A_DAY)})

    assert store.find(A_DAY) == new
    assert Store(runs).find(A_DAY) == new != old
    assert store.find(Experiment(seed=2)) is None


def test_a_run_of_other_defaults_opens_and_is_not_found(runs, saved):
    store, now = Store(runs), filled_in(A_DAY)
    of_today = saved(store, age=60)
    other = saved(store, age=30, recipe={"filled_in": now | {"method": now["method"] | {"weight": 0.1}}})
    earlier = saved(store, age=20, recipe={"filled_in": now | {"numbers": now["numbers"] - 1}})
    silent = saved(store, age=10, recipe={"seed": 0})
    assert Store(runs).find(A_DAY) == of_today
    assert all(store.load(run_id).experiment == A_DAY for run_id in (other, earlier, silent))


def test_the_oldest_go_first_but_not_one_that_is_being_read(runs, saved):
    store = Store(runs, kept=2)
    being_read = store.load(saved(store, age=50))
    looked_at_before = saved(store, age=40)
    store.load(looked_at_before)
    third, fourth = saved(store, age=30), saved(store, age=20)

    assert {folder.name for folder in runs.iterdir()} == {being_read.run_id, third, fourth}
    assert being_read.evidence.source_features["after"].shape == (6, 4)
    assert store.load(looked_at_before) is None

    first = being_read.run_id
    del being_read
    fifth = saved(store)
    assert {folder.name for folder in runs.iterdir()} == {fourth, fifth}
    assert store.load(first) is None


def test_what_an_ended_process_left_half_written_goes_after_a_while(runs, saved):
    for name, age in ((".writing-old", 7200), (".writing-now", 0)):
        (runs / name).mkdir(parents=True)
        stamp = (runs / name).stat().st_mtime - age
        os.utime(runs / name, (stamp, stamp))

    saved(Store(runs))

    assert not (runs / ".writing-old").exists()
    assert (runs / ".writing-now").exists()


@pytest.mark.parametrize("name", ["../outside", "..", "", ".", "0" * 16, "outside\n", "/etc", "0" * 16 + "-" + "g" * 8])
def test_a_name_that_is_no_run_id_is_never_a_path(runs, name, result, evidence):
    write_record(runs.parent / "outside", A_DAY, result, evidence)
    runs.mkdir()
    store = Store(runs)

    assert store.load(name) is None
    with pytest.raises(UserError, match="not the name of a run"):
        store.save(name, A_DAY, result, evidence)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("evidence.npz", _cut),
        ("evidence.npz", Path.unlink),
        ("result.json", _cut),
        ("result.json", lambda path: path.write_text("{}")),
        ("experiment.json", lambda path: path.write_bytes(b"\xff\xfe")),
        ("history.json", lambda path: path.write_text('{"events": 3}')),
    ],
)
def test_a_damaged_run_is_treated_as_absent_and_logged(runs, saved, caplog, file, damage):
    store = Store(runs)
    run_id = saved(store)
    damage(runs / run_id / file)

    assert store.load(run_id) is None
    assert store.find(A_DAY) is None
    assert run_id in caplog.text


def test_arrays_that_rotted_or_hold_pickles_get_one_sentence(runs, saved):
    store = Store(runs)
    rotted, pickled = saved(store), saved(store)
    file = runs / rotted / "evidence.npz"
    data = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        start = archive.getinfo("source_features/after.npy").header_offset
    data[start + 200] ^= 0xFF
    file.write_bytes(data)
    with np.load(runs / pickled / "evidence.npz") as archive:
        arrays = dict(archive) | {"source_label": np.array([{}], dtype=object)}
    np.savez(runs / pickled / "evidence.npz", **arrays)
    torch.save({"a": Path("x")}, runs / pickled / "model.pt")

    for run_id in (rotted, pickled):
        with pytest.raises(UserError, match=f"{run_id} cannot be read"):
            _ = store.load(run_id).evidence
    with pytest.raises(UserError, match=f"{pickled} cannot be read"):
        store.load(pickled).state()


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "The server's disk is full"), (errno.EROFS, "The server could not save")]
)
def test_a_run_that_the_disk_will_not_have_stays_in_memory(runs, result, evidence, monkeypatch, number, said):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(store_module, "write_record", refuse)
    store = Store(runs)
    run_id = new_run_id(A_DAY)

    notice = store.save(run_id, A_DAY, result, evidence)

    assert notice.message.startswith(said)
    assert store.load(run_id).result == result
    assert store.load(run_id).state() is evidence.state
    assert store.find(A_DAY) == run_id


def test_memory_is_bounded_and_the_newest_is_always_there(runs, result, evidence):
    runs.write_text("no disk")
    store = Store(runs, memory_bytes=1)
    first, second = new_run_id(A_DAY), new_run_id(ANOTHER)

    store.save(first, A_DAY, result, evidence)
    store.save(second, ANOTHER, result, evidence)

    assert store.load(first) is None
    assert store.load(second) is not None


def test_a_run_that_is_shipped_is_read_by_its_id_and_stands_in_no_list(tmp_path, runs, result, evidence) -> None:
    write_record(tmp_path / "shipped", A_DAY, result, evidence)
    one = Store(runs, shipped={EXAMPLE: tmp_path / "shipped"})
    record = one.load(EXAMPLE)
    assert record is not None
    assert (record.run_id, record.experiment) == (EXAMPLE, A_DAY)
    assert one.find(A_DAY) is None, "who trains the same trains"
    assert one.database.run_ids() == []
    assert Store(runs).load(EXAMPLE) is None
