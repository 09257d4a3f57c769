"""A finished run as a folder: experiment.json, result.json, history.json, evidence.npz and, if trained, model.pt."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from pickle import UnpicklingError  # what torch raises for a file that is not weights alone
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from da_core.errors import UserError
from da_core.events import Accuracies, Evidence, Losses, Result
from da_core.experiment import Experiment

_KEYED = (
    "source_features",
    "target_features",
    "source_predicted",
    "target_predicted",
    "embeddings",
    "source_probabilities",
    "target_probabilities",
    "snapshots",
    "snapshot_predicted",
    "snapshot_confidence",
)
EVERYONE = ""
"""The owner that stands for the one person at a machine that serves nobody else: every run is in their list."""
HALF_WRITTEN = ".writing-"
"""How the name of a folder begins that is still being written."""


@dataclass(frozen=True, eq=False)
class Record:
    """A finished run. The arrays are read when they are first asked for, the model each time.

    ``history`` is in the order of its coming; ``size`` is that of the arrays in memory, in bytes.
    """

    run_id: str
    experiment: Experiment
    result: Result
    history: tuple[Losses | Accuracies, ...]
    finished_at: datetime
    size: int
    read_evidence: Callable[[], Evidence]
    state: Callable[[], dict[str, Any] | None]
    """Read the adapted network's state dict onto the CPU (imports torch); None where no network was trained.

    Raises `UserError` where the file is damaged.
    """

    @property
    def complete(self) -> bool:
        """Whether the run went to its end, and was not cut short by “keep what it has learned so far”."""
        return not self.result.recipe.get("stopped_early", False)

    @cached_property
    def evidence(self) -> Evidence:
        """The arrays behind the result, without the network's state: ask `state` for that.

        Raises `UserError` where the file has gone or is damaged.
        """
        return self.read_evidence()


def record_in_memory(
    run_id: str,
    experiment: Experiment,
    result: Result,
    evidence: Evidence,
    history: Iterable[Losses | Accuracies],
) -> Record:
    """A record of a run that lies on no disk."""
    size = sum(array.nbytes for array in _arrays(evidence).values())
    now = datetime.now(UTC)
    return Record(run_id, experiment, result, tuple(history), now, size, lambda: evidence, lambda: evidence.state)


def write_record(
    folder: Path,
    experiment: Experiment,
    result: Result,
    evidence: Evidence,
    history: Iterable[Losses | Accuracies] = (),
    around: AbstractContextManager[None] | None = None,
    *,
    compress: bool = False,
) -> None:
    """Write a run as ``folder``, whole or not at all; what was there before is replaced. Raises `OSError`.

    ``around`` is entered for the moment in which the folder appears: a transaction that knows of it or is rolled back.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=HALF_WRITTEN, dir=folder.parent))
    try:
        (new / "experiment.json").write_text(experiment.model_dump_json(indent=2), encoding="utf-8")
        (new / "result.json").write_text(result.model_dump_json(indent=2), encoding="utf-8")
        course = RunHistory(finished_at=datetime.now(UTC), events=tuple(history))
        (new / "history.json").write_text(course.model_dump_json(), encoding="utf-8")
        save = np.savez_compressed if compress else np.savez
        save(new / "evidence.npz", allow_pickle=False, **_arrays(evidence))
        if evidence.state is not None:
            (new / "model.pt").write_bytes(model_bytes(evidence.state))
        new.chmod(0o755)  # mkdtemp's folders are the owner's alone
        with around or nullcontext():
            if folder.exists():
                os.replace(folder, new / "replaced")
            os.replace(new, folder)
        shutil.rmtree(folder / "replaced", ignore_errors=True)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def read_record(folder: Path) -> Record:
    """Read what `write_record` wrote; the folder's name is the run's id. Raises `UserError` if it cannot be read."""
    try:
        experiment = Experiment.from_json((folder / "experiment.json").read_bytes())
        result = Result.model_validate_json((folder / "result.json").read_bytes())
        course = RunHistory.model_validate_json((folder / "history.json").read_bytes())
        with zipfile.ZipFile(folder / "evidence.npz") as archive:  # a cut file has no directory at its end
            size = sum(entry.file_size for entry in archive.infolist())
    except (OSError, ValidationError, UserError, zipfile.BadZipFile) as error:
        raise _unreadable(folder) from error
    return Record(
        run_id=folder.name,
        experiment=experiment,
        result=result,
        history=course.events,
        finished_at=course.finished_at,
        size=size,
        read_evidence=lambda: _read_evidence(folder),
        state=lambda: read_model(folder),
    )


class RunHistory(BaseModel):
    """``history.json``: how the run went, and when it was over."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    finished_at: datetime
    events: tuple[Losses | Accuracies, ...]


def _arrays(evidence: Evidence) -> dict[str, NDArray[Any]]:
    """Evidence as flat names: ``source_index``, ``source_features/before``, ``embeddings/after/umap``…"""
    flat: dict[str, NDArray[Any]] = {}
    for field in fields(Evidence):
        value = getattr(evidence, field.name)
        if field.name == "state" or value is None:
            continue
        if isinstance(value, dict):
            flat |= {f"{field.name}/{key}": array for key, array in value.items()}
        else:
            flat[field.name] = value
    return flat


def _read_evidence(folder: Path) -> Evidence:
    values: dict[str, Any] = {name: {} for name in _KEYED}
    try:
        with np.load(folder / "evidence.npz", allow_pickle=False) as archive:
            for flat in archive.files:
                name, _, key = flat.partition("/")
                if key:
                    values[name][key] = archive[flat]
                else:
                    values[name] = archive[flat]
        return Evidence(**values)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise _unreadable(folder) from error


def read_model(folder: Path) -> dict[str, Any] | None:
    """``model.pt`` on the CPU; None where there is none. Raises `UserError` if it is damaged."""
    if not (folder / "model.pt").exists():
        return None
    import torch

    try:
        state: dict[str, Any] = torch.load(folder / "model.pt", map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        raise _unreadable(folder) from error
    return state


def model_bytes(state: dict[str, Any]) -> bytes:
    """A state dict as ``torch.save`` writes it."""
    # through memory, because torch turns a full disk into a RuntimeError that nobody recognises
    import torch

    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _unreadable(folder: Path) -> UserError:
    return UserError("The saved run {run} cannot be read; run it again.", run=folder.name)
