"""A finished run on disk: one folder, written whole or not at all, by the store and by ``run --out`` alike.

``experiment.json``, ``result.json``, ``history.json``, ``evidence.npz`` and, where a network was trained, ``model.pt``.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, field_validator

from da_core.errors import UserError
from da_core.events import Accuracies, Evidence, Losses, Result
from da_core.experiment import Experiment
from da_core.whole_files import HALF_WRITTEN

_KEYED = frozenset(name for name, hint in get_type_hints(Evidence).items() if get_origin(hint) is dict)
"""The fields of `Evidence` that hold several arrays by key; the state dict, which may be None, is not among them."""
_RESULT, _OWNERS = "result.json", "owners.json"
FILES = (
    _RESULT,
    "experiment.json",
    "history.json",
    "evidence.npz",
    "features.npz",
    "model.pt",
    "predictions.csv",
    _OWNERS,
)
"""What belongs to a run. ``features.npz`` is from before ``run --out`` wrote ``evidence.npz``."""


@dataclass(frozen=True, eq=False)
class Record:
    """A finished run. The arrays are read when they are first asked for, the model each time.

    ``history`` is in the order of events; ``size`` is that of the arrays in memory, in bytes.
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
        """Tell if the run went to its end instead of being cut short by “keep what it has learned so far”."""
        return not self.result.recipe.get("stopped_early", False)

    @cached_property
    def evidence(self) -> Evidence:
        """The arrays behind the result, without the network's state: ask `state` for that.

        Raises `UserError` where the file has gone or is damaged.
        """
        return self.read_evidence()


class RunHistory(BaseModel):
    """``history.json``: how the run went, and when it was over."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    finished_at: datetime
    events: tuple[Losses | Accuracies, ...]

    @field_validator("events")
    @classmethod
    def _rename_slope(cls, events: tuple[Losses | Accuracies, ...]) -> tuple[Losses | Accuracies, ...]:
        """Give the gradient penalty, which earlier runs called “slope”, its name."""
        for event in events:
            if isinstance(event, Losses) and "slope" in event.terms:
                event.terms["gradient penalty"] = event.terms.pop("slope")
        return events


def record_in_memory(
    run_id: str,
    experiment: Experiment,
    result: Result,
    evidence: Evidence,
    history: Iterable[Losses | Accuracies],
) -> Record:
    """Make a record of a run that is not on disk."""
    size = sum(array.nbytes for array in _flatten(evidence).values())
    now = datetime.now(UTC)
    return Record(run_id, experiment, result, tuple(history), now, size, lambda: evidence, lambda: evidence.state)


def write_record(
    folder: Path,
    experiment: Experiment,
    result: Result,
    evidence: Evidence,
    history: Iterable[Losses | Accuracies] = (),
    *,
    compress: bool = False,
    predictions: bytes | None = None,
    owners: Iterable[str] = (),
) -> None:
    """Write a run as ``folder``, whole or not at all. Raises `OSError`, and then leaves what was there before.

    A run that is there already is replaced; whatever else lies in the folder stays.
    ``predictions`` is what ``predictions.csv`` shall contain. ``owners``, as digests, are a second copy of whose run it
    is, in case that the list of runs is lost.
    """
    there = folder.exists()  # then a folder within it, since its parent may be another disk
    parent = folder if there else folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=HALF_WRITTEN, dir=parent))
    try:
        (new / "experiment.json").write_text(experiment.model_dump_json(indent=2), encoding="utf-8")
        (new / _RESULT).write_text(result.model_dump_json(indent=2), encoding="utf-8")
        course = RunHistory(finished_at=datetime.now(UTC), events=tuple(history))
        (new / "history.json").write_text(course.model_dump_json(), encoding="utf-8")
        save = np.savez_compressed if compress else np.savez
        save(new / "evidence.npz", allow_pickle=False, **_flatten(evidence))
        if evidence.state is not None:
            (new / "model.pt").write_bytes(model_bytes(evidence.state))
        if predictions is not None:
            (new / "predictions.csv").write_bytes(predictions)
        if owners := list(owners):
            (new / _OWNERS).write_text(json.dumps(owners), encoding="utf-8")
        new.chmod(0o755)  # mkdtemp's folders are the owner's alone
        if there:
            _exchange(new, folder)
        else:
            os.replace(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _exchange(new: Path, folder: Path) -> None:
    """Swap the run in ``new`` with that in ``folder``, or change nothing.

    The result goes first and comes last: where a process is killed in between, nobody takes a mixture for a run.
    """
    before = new / "before"
    before.mkdir()
    was_run = (folder / _RESULT).exists()  # otherwise a model.pt there may be the user's own
    with ExitStack() as undo:

        def move(source: Path, destination: Path) -> None:
            os.replace(source, destination)
            undo.callback(os.replace, destination, source)

        for name in FILES:
            if (folder / name).is_file() and (was_run or (new / name).exists()):
                move(folder / name, before / name)
        for name in reversed(FILES):
            if (new / name).exists():
                move(new / name, folder / name)
        undo.pop_all()


def read_record(folder: Path) -> Record:
    """Read what `write_record` wrote; the folder's name is the run's id. Raises `UserError` if it cannot be read."""
    try:
        experiment = Experiment.from_json((folder / "experiment.json").read_bytes())
        result = Result.model_validate_json((folder / _RESULT).read_bytes())
        history = RunHistory.model_validate_json((folder / "history.json").read_bytes())
        with zipfile.ZipFile(_arrays_file(folder)) as archive:  # a cut file has no directory at its end
            size = sum(entry.file_size for entry in archive.infolist())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError("{path} is not a run folder; give one that “run --out” wrote.", path=folder) from error
    except (OSError, ValidationError, UserError, zipfile.BadZipFile) as error:
        raise _unreadable(folder) from error
    return Record(
        run_id=folder.resolve().name,
        experiment=experiment,
        result=result,
        history=history.events,
        finished_at=history.finished_at,
        size=size,
        read_evidence=lambda: _read_evidence(folder),
        state=lambda: read_model(folder),
    )


def read_owners(folder: Path) -> list[str]:
    """Read whose run it was when it was written; empty where that is not known."""
    try:
        return TypeAdapter(list[str]).validate_json((folder / _OWNERS).read_bytes())
    except (OSError, ValidationError):
        return []


def _flatten(evidence: Evidence) -> dict[str, NDArray[Any]]:
    """Flatten evidence to names such as ``source_index``, ``source_features/before``, ``embeddings/after/umap``."""
    flat: dict[str, NDArray[Any]] = {}
    for field in fields(Evidence):
        value = getattr(evidence, field.name)
        if field.name == "state" or value is None:
            continue
        if field.name in _KEYED:
            flat |= {f"{field.name}/{key}": array for key, array in value.items()}
        else:
            flat[field.name] = value
    return flat


def _unflatten(flat: Mapping[str, NDArray[Any]]) -> Evidence:
    """Invert `_flatten`."""
    values: dict[str, Any] = {name: {} for name in _KEYED}
    for path, array in flat.items():
        name, _, key = path.partition("/")
        if key:
            values[name][key] = array
        else:
            values[name] = array
    return Evidence(**values)


def _arrays_file(folder: Path) -> Path:
    new, old = folder / "evidence.npz", folder / "features.npz"
    return old if old.exists() and not new.exists() else new


def _read_evidence(folder: Path) -> Evidence:
    file = _arrays_file(folder)
    try:
        with np.load(file, allow_pickle=False) as archive:
            flat = dict(archive)
        return _unflatten(_with_names_of_today(flat) if file.name == "features.npz" else flat)
    except Exception as error:  # of a flipped byte zipfile, zlib and NumPy each make something else
        raise _unreadable(folder) from error


def _with_names_of_today(flat: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Rename the arrays of ``features.npz``, which had ``source_features_before`` for ``source_features/before``."""

    def today(name: str) -> str:
        field = next((field for field in _KEYED if name.startswith(f"{field}_")), None)
        return name if field is None else f"{field}/{name.removeprefix(f'{field}_')}"

    return {today(name): array for name, array in flat.items()}


def read_model(folder: Path) -> dict[str, Any] | None:
    """Read ``model.pt`` onto the CPU; None where there is none. Raises `UserError` if it is damaged."""
    if not (folder / "model.pt").exists():
        return None
    import torch

    try:
        state: dict[str, Any] = torch.load(folder / "model.pt", map_location="cpu", weights_only=True)
    except Exception as error:  # of a flipped byte torch makes what its unpickler stumbles over
        raise _unreadable(folder) from error
    return state


def model_bytes(state: dict[str, Any]) -> bytes:
    """Serialise a state dict as ``torch.save`` does."""
    # through memory, because torch turns a full disk into a RuntimeError that nobody recognises
    import torch

    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _unreadable(folder: Path) -> UserError:
    return UserError("The saved run {run} cannot be read; run it again.", run=folder.resolve().name)
