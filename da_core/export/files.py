"""Every export under one roof: what there is of a run, and the bytes of its file. Several files become one zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from da_core.errors import UserError
from da_core.events import Accuracies, Finished, Losses
from da_core.experiment import Experiment
from da_core.export.csv_tables import table_csv
from da_core.export.model_card import has_model, model_zip
from da_core.export.notebook import notebook
from da_core.export.predictions import predictions_csv
from da_core.export.script import script
from da_core.i18n import Language
from da_core.run_folder import Record, write_record
from da_core.whole_files import write_whole

Kind = Literal["report", "predictions", "table", "figures", "script", "notebook", "model", "tensorboard"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Files = dict[str, bytes]


@dataclass(frozen=True)
class Export:
    """One thing to take away: its file's name and media type, and what makes its bytes."""

    file: str
    mime: str
    make: Callable[[Record, Language], bytes]


def exports(record: Record) -> dict[Kind, Export]:
    """List what can be exported of this run."""
    run = record.run_id
    files: dict[Kind, Export] = {
        "report": Export(f"report-{run}.html", "text/html", _report),
        "table": Export(f"results-{run}.csv", "text/csv", lambda record, _language: table_csv(record.result)),
        "figures": Export(f"figures-{run}.zip", "application/zip", lambda *of: _zipped(_figures(*of))),
        "script": Export("experiment.py", "text/x-python", lambda record, language: script(record, language).encode()),
        "notebook": Export("experiment.ipynb", "application/x-ipynb+json", lambda *of: notebook(*of).encode()),
        "tensorboard": Export(f"tensorboard-{run}.zip", "application/zip", lambda *of: _zipped(_events(*of))),
    }
    if record.result.recipe.get("unlabelled"):
        files["predictions"] = Export(
            f"predictions-{run}.csv",
            "text/csv",
            lambda record, _language: predictions_csv(record.experiment, record.result, record.evidence),
        )
    if has_model(record.experiment):
        files["model"] = Export(f"model-{run}.zip", "application/zip", model_zip)
    return files


def write(record: Record, kind: Kind, place: Path, language: Language) -> None:
    """Write one export as the file ``place``, or its files into the folder ``place``.

    Raises `UserError` where this run has no such thing, or where a file cannot be written.
    """
    if kind not in exports(record):
        raise UserError("This run has no {kind}; leave it out.", kind=kind)
    match kind:
        case "figures" | "tensorboard":
            for name, content in (_figures if kind == "figures" else _events)(record, language).items():
                write_whole(place / name, content)
        case _:
            write_whole(place, exports(record)[kind].make(record, language))


def write_run(folder: Path, experiment: Experiment, finished: Finished, history: Iterable[Losses | Accuracies]) -> None:
    """Write a run as ``folder``, and where target labels are missing the predicted classes too.

    Raises `UserError` where the folder cannot be written.
    """
    result, evidence = finished.result, finished.evidence
    predictions = None if evidence.answers is None else predictions_csv(experiment, result, evidence)
    try:
        write_record(folder, experiment, result, evidence, history, compress=True, predictions=predictions)
    except OSError as error:
        raise UserError("{path} cannot be written ({detail}).", path=folder, detail=error.strerror) from None


def _report(record: Record, language: Language) -> bytes:
    from da_core.export.report import report_html  # Matplotlib comes with it

    return report_html(record, language).encode()


def _figures(record: Record, language: Language) -> Files:
    from da_core.export import figures

    files: Files = {}
    for name in figures.names(record):
        files[f"{name}.svg"] = figures.svg(record, name, language).encode()
        files[f"{name}.png"] = figures.png(record, name, language)
    return files


def _events(record: Record, _language: Language) -> Files:
    from da_core.export import tensorboard

    return {tensorboard.file_name(record): tensorboard.event_file(record)}


def _zipped(files: Files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()
