"""What can be taken home from a finished run: its table, its two JSON files and its model."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import streamlit as st
from pydantic import BaseModel

from da_core.events import DomainScores, Result
from da_core.jobs.store import Record
from pages.parts.words import _

_COLUMNS = ("model", "domain", "class", "accuracy", "precision", "recall", "f1", "samples")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table_csv(result: Result) -> bytes:
    """Every score of every model as CSV that Excel reads: fractions, one row a model, domain and class.

    The row of all classes together has an empty class. A class name that a spreadsheet would take for a formula gets
    an apostrophe before it (OWASP, CSV injection).
    """
    models: dict[str, DomainScores | None] = {
        "source only": result.source_only,
        "adapted": result.adapted,
        "oracle": result.oracle,
    }
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_COLUMNS)
    for model, of_domains in models.items():
        if of_domains is None:
            continue
        for domain, scores in (("target", of_domains.target), ("source", of_domains.source)):
            support = sum(one.support for one in scores.per_class)
            macro = (scores.accuracy, scores.precision, scores.recall, scores.f1)
            rows.writerow([model, domain, "", *(f"{value:.6f}" for value in macro), support])
            for one in scores.per_class:
                of_class = (f"{value:.6f}" for value in (one.precision, one.recall, one.f1))
                rows.writerow([model, domain, harmless(one.name), "", *of_class, one.support])
    return text.getvalue().encode("utf-8-sig")


def harmless(cell: str) -> str:
    """``cell`` so that no spreadsheet computes it."""
    return "'" + cell if cell.startswith(_FORMULA) else cell


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
