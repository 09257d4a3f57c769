"""A run as the command line's ``--out`` leaves it: written, and read back for an export."""

from __future__ import annotations

import dataclasses
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from da_core.errors import UserError
from da_core.events import Accuracies, Evidence, Finished, Losses, Result
from da_core.experiment import Experiment
from da_core.export.csv_tables import predictions_csv
from da_core.run_folder import Record, RunHistory, read_model, read_record

_KEYED = {field.name for field in dataclasses.fields(Evidence) if str(field.type).startswith("dict[")} - {"state"}


def write_folder(
    folder: Path, experiment: Experiment, finished: Finished, history: Iterable[Losses | Accuracies]
) -> None:
    """``experiment.json``, ``result.json``, ``history.json``, ``features.npz`` and, if trained, ``model.pt``.

    Where target labels are missing, ``predictions.csv`` as well: the adapted model's class of every target sample.
    Raises `UserError` where the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "experiment.json").write_text(experiment.model_dump_json(indent=2), encoding="utf-8")
        (folder / "result.json").write_text(finished.result.model_dump_json(indent=2), encoding="utf-8")
        course = RunHistory(finished_at=datetime.now(UTC), events=tuple(history))
        (folder / "history.json").write_text(course.model_dump_json(), encoding="utf-8")
        np.savez_compressed(folder / "features.npz", **features(finished.evidence))
        if finished.evidence.answers is not None:
            answers = predictions_csv(experiment, finished.result, finished.evidence)
            (folder / "predictions.csv").write_bytes(answers)
        if finished.evidence.state is not None:
            from da_core.training import checkpoints

            checkpoints.save(finished.evidence.state, folder / "model.pt")
    except OSError as error:
        raise UserError("{path} cannot be written ({detail}).", path=folder, detail=error.strerror) from None


def read_folder(folder: Path) -> Record:
    """A run that ``--out`` or the app's store wrote. Raises `UserError` if it cannot be read."""
    if (folder / "evidence.npz").exists():
        return read_record(folder)
    try:
        experiment = Experiment.from_json((folder / "experiment.json").read_bytes())
        result = Result.model_validate_json((folder / "result.json").read_bytes())
        course = RunHistory.model_validate_json((folder / "history.json").read_bytes())
        with np.load(folder / "features.npz", allow_pickle=False) as archive:
            evidence = _evidence(dict(archive))
    except (OSError, ValueError, KeyError, TypeError, ValidationError, zipfile.BadZipFile) as error:
        raise UserError("{path} is not the folder of a run; give one that “run --out” wrote.", path=folder) from error
    return Record(
        run_id=folder.resolve().name,
        experiment=experiment,
        result=result,
        history=course.events,
        finished_at=course.finished_at,
        size=0,
        read_evidence=lambda: evidence,
        state=lambda: read_model(folder),
    )


def features(evidence: Evidence) -> dict[str, Any]:
    """The held-out samples' features and predictions before and after, with labels and rows, as flat arrays."""
    flat: dict[str, Any] = {}
    for field in dataclasses.fields(evidence):
        value = getattr(evidence, field.name)
        if field.name in ("state", "embeddings") or value is None:
            continue
        flat |= (
            {f"{field.name}_{key}": array for key, array in value.items()}
            if isinstance(value, dict)
            else {field.name: value}
        )
    return flat


def _evidence(flat: dict[str, Any]) -> Evidence:
    """The inverse of `features`."""
    values: dict[str, Any] = {name: {} for name in _KEYED}
    for name, array in flat.items():
        group = next((group for group in _KEYED if name.startswith(f"{group}_")), None)
        if group is None:
            values[name] = array
        else:
            values[group][name.removeprefix(f"{group}_")] = array
    return Evidence(**values)
