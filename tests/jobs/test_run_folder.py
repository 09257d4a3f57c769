"""A run's folder comes back as it was written, is whole or not there, and shares its place with the user's files."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from da_core import whole_files
from da_core.errors import UserError
from da_core.events import Evidence
from da_core.experiment import Experiment
from da_core.run_folder import read_record, write_record

A_DAY = Experiment()
ANOTHER = Experiment(seed=1)


def assert_same_evidence(one: Evidence, other: Evidence) -> None:
    for name in {field.name for field in dataclasses.fields(one)} - {"state"}:
        then, now = getattr(one, name), getattr(other, name)
        if not isinstance(then, dict):
            then, now = {"": then}, {"": now}
        assert then.keys() == now.keys()
        for key in then:
            np.testing.assert_array_equal(now[key], then[key], strict=True)


@pytest.mark.parametrize("compress", [False, True])
def test_a_record_comes_back_exactly_as_it_was(tmp_path, result, evidence, history, compress):
    assert all(isinstance(held, np.ndarray) or held for held in vars(evidence).values()), "no field is left empty"
    write_record(tmp_path / "shipped", A_DAY, result, evidence, history, compress=compress)

    record = read_record(tmp_path / "shipped")

    assert record.run_id == "shipped"
    assert record.experiment == A_DAY
    assert record.result == result
    assert record.history == history
    assert torch.equal(record.state()["head.weight"], evidence.state["head.weight"])
    assert record.evidence.state is None
    assert_same_evidence(evidence, record.evidence)


def test_what_a_run_did_not_make_is_none_or_empty(tmp_path, result, evidence):
    bare = dataclasses.replace(
        evidence, weights=None, state=None, embeddings={}, source_probabilities={}, target_probabilities={}
    )
    write_record(tmp_path / "run", A_DAY, result, bare)

    record = read_record(tmp_path / "run")

    assert record.evidence.weights is None
    assert record.evidence.embeddings == {}
    assert record.evidence.target_probabilities == {}
    assert record.state() is None
    assert record.history == ()


def test_writing_again_replaces_and_a_write_that_fails_leaves_what_was_there(tmp_path, result, evidence, monkeypatch):
    folder = tmp_path / "run"
    write_record(folder, A_DAY, result, evidence)
    write_record(folder, ANOTHER, result, evidence)
    assert read_record(folder).experiment == ANOTHER

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_record(folder, A_DAY, result, evidence)

    assert read_record(folder).experiment == ANOTHER
    assert list(tmp_path.iterdir()) == [folder]
    assert {file.name for file in folder.iterdir()} == {
        "experiment.json",
        "result.json",
        "history.json",
        "evidence.npz",
        "model.pt",
    }


def test_the_users_files_in_the_folder_stay(tmp_path, result, evidence, monkeypatch):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    (tmp_path / "predictions.csv").write_text("mine")
    monkeypatch.chdir(tmp_path)

    for experiment in (A_DAY, ANOTHER):
        write_record(Path(), experiment, result, dataclasses.replace(evidence, state=None))
        assert (tmp_path / "notes" / "mine.txt").read_text() == "mine"
        record = read_record(Path())
        assert (record.run_id, record.experiment) == (tmp_path.name, experiment)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(whole_files.HALF_WRITTEN)]


def test_what_an_earlier_run_left_is_not_taken_for_this_ones(tmp_path, result, evidence):
    folder = tmp_path / "run"
    write_record(folder, A_DAY, result, evidence, predictions=b"a,b\n")
    assert (folder / "predictions.csv").read_bytes() == b"a,b\n"
    (folder / "features.npz").write_bytes(b"of an earlier version")

    write_record(folder, ANOTHER, result, dataclasses.replace(evidence, state=None))

    assert read_record(folder).state() is None
    assert not (folder / "predictions.csv").exists()
    assert not (folder / "features.npz").exists()


def test_a_checkpoint_of_the_users_own_is_not_a_run_that_was_there(tmp_path, result, evidence):
    (tmp_path / "model.pt").write_bytes(b"mine")
    write_record(tmp_path, A_DAY, result, dataclasses.replace(evidence, state=None))
    assert (tmp_path / "model.pt").read_bytes() == b"mine"


@pytest.mark.parametrize("moves", range(9))
def test_a_run_that_cannot_take_its_place_leaves_the_one_before(tmp_path, result, evidence, monkeypatch, moves):
    write_record(tmp_path / "run", A_DAY, result, evidence)
    before = contents(tmp_path / "run")
    replace, left = os.replace, iter(range(moves))

    def refuse_once(*places: Path) -> None:
        if next(left, None) is None and next(once, None):
            raise PermissionError(errno.EACCES, "Permission denied")
        replace(*places)

    once = iter([True])
    monkeypatch.setattr(os, "replace", refuse_once)
    with pytest.raises(PermissionError):
        write_record(tmp_path / "run", ANOTHER, result, dataclasses.replace(evidence, state=None))

    assert contents(tmp_path / "run") == before


@pytest.mark.parametrize("moves", range(9))
def test_a_process_that_is_killed_leaves_a_whole_run_or_none(tmp_path, result, evidence, monkeypatch, moves):
    write_record(tmp_path / "run", A_DAY, result, evidence)
    (tmp_path / "run" / "mine.txt").write_text("mine")
    replace, left = os.replace, iter(range(moves))

    def killed(*places: Path) -> None:
        if next(left, None) is None:
            os._exit(9)
        replace(*places)

    monkeypatch.setattr(os, "replace", killed)
    if (child := os.fork()) == 0:
        write_record(tmp_path / "run", ANOTHER, result, dataclasses.replace(evidence, state=None))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    monkeypatch.undo()

    assert (tmp_path / "run" / "mine.txt").read_text() == "mine"
    if moves == 0:
        assert read_record(tmp_path / "run").experiment == A_DAY
    else:
        with pytest.raises(UserError, match="is not a run folder"):
            read_record(tmp_path / "run")
    write_record(tmp_path / "run", ANOTHER, result, evidence)
    assert read_record(tmp_path / "run").experiment == ANOTHER


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}
