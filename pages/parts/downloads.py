"""What can be taken home from a finished run: its table, its two JSON files and its model."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable

import streamlit as st
from pydantic import BaseModel

from da_core.errors import UserError
from da_core.evaluation.answers import answers_csv
from da_core.events import DomainScores, Result
from da_core.jobs.store import Record
from da_core.spreadsheet import harmless, to_csv
from pages.parts.words import _

log = logging.getLogger(__name__)

_COLUMNS = ("model", "domain", "class", "accuracy", "precision", "recall", "f1", "samples")


def table_csv(result: Result) -> bytes:
    """Every score of every model as CSV that Excel reads: fractions, one row a model, domain and class.

    The row of all classes together has an empty class.
    """
    models: dict[str, DomainScores | None] = {
        "source only": result.source_only,
        "adapted": result.adapted,
        "oracle": result.oracle,
    }
    rows: list[list[object]] = []
    for model, of_domains in models.items():
        if of_domains is None:
            continue
        for domain, scores in (("target", of_domains.target), ("source", of_domains.source)):
            if scores is None:
                continue
            support = sum(one.support for one in scores.per_class)
            macro = (scores.accuracy, scores.precision, scores.recall, scores.f1)
            rows.append([model, domain, "", *(f"{value:.6f}" for value in macro), support])
            for one in scores.per_class:
                of_class = (f"{value:.6f}" for value in (one.precision, one.recall, one.f1))
                rows.append([model, domain, harmless(one.name), "", *of_class, one.support])
    return to_csv(_COLUMNS, rows)


def predictions_csv(record: Record) -> bytes:
    """The adapted model's class of every target sample, with the sample's name while its files are there."""
    from da_core.data.cache import load_pair

    answers, names = record.evidence.answers, None
    assert answers is not None
    try:
        names = load_pair(record.experiment.data).target.captions
    except (UserError, OSError):
        log.info("the predictions of run %s have no names", record.run_id, exc_info=True)
    if names is not None and len(names) != len(answers):  # the files have changed since the run
        names = None
    return answers_csv(answers, record.result.classes, names)


def model_bytes(record: Record) -> bytes:
    """The adapted network's state dict as ``torch.save`` writes it."""
    import torch

    file = io.BytesIO()
    torch.save(record.state(), file)
    return file.getvalue()


def buttons(record: Record) -> None:
    """One button a file; each file is made only when it is asked for."""
    name, json = record.run_id, "application/json"
    files: list[tuple[str, Callable[[], bytes], str, str]] = [
        (_("Table (CSV)"), lambda: table_csv(record.result), f"results-{name}.csv", "text/csv"),
        (_("Results (JSON)"), lambda: _json(record.result), "result.json", json),
        (_("Experiment (JSON)"), lambda: _json(record.experiment), "experiment.json", json),
    ]
    if record.result.recipe.get("unlabelled"):
        target = (_("Predictions (CSV)"), lambda: predictions_csv(record), f"predictions-{name}.csv", "text/csv")
        files.insert(0, target)
    if has_model(record):
        model = f"model-{name}.pt"
        files.append((_("Model (PyTorch)"), lambda: model_bytes(record), model, "application/octet-stream"))
    with st.container(horizontal=True):
        for label, make, file, mime in files:
            st.download_button(label, make, file, mime, on_click="ignore", key=f"download-{file}")


def has_model(record: Record) -> bool:
    """Whether a network was trained: features that are used as they are leave none behind."""
    return record.experiment.network.name != "identity"


def _json(model: BaseModel) -> bytes:
    return model.model_dump_json(indent=2).encode()
