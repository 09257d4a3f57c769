"""Download buttons of a finished run; each file is made only when its button is pressed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st
from pydantic import BaseModel

from da_core.jobs.store import EXAMPLE, Record
from pages.session import keys
from pages.session.words import _, language


def draw(record: Record) -> None:
    """Draw one button a file: to read, to compute with, to go on from."""
    from da_core.export.files import exports

    spoken, known = language(), exports(record)
    if record.run_id == EXAMPLE:  # it comes without its network
        known.pop("model", None)
    labels = {
        "report": _("Report (HTML)"),
        "predictions": _("Predictions (CSV)"),
        "table": _("Table (CSV)"),
        "figures": _("Figures (SVG, PNG)"),
        "script": _("Script (Python)"),
        "notebook": _("Notebook (Jupyter)"),
        "model": _("Model (PyTorch)"),
        "tensorboard": _("Curves (TensorBoard)"),
    }
    with st.container(horizontal=True):
        for kind, label in labels.items():
            if kind in known:
                export = known[kind]
                download(label, partial(export.make, record, spoken), export.file, export.mime)
        download(_("Results (JSON)"), lambda: _json(record.result), "result.json", "application/json")
        download(_("Experiment (JSON)"), lambda: _json(record.experiment), "experiment.json", "application/json")


def download(label: str, make: Callable[[], bytes] | bytes, file: str, mime: str) -> None:
    """Draw a button that downloads a file and does not draw the screen again."""
    st.download_button(label, make, file, mime, on_click="ignore", key=keys.download(file))


def _json(model: BaseModel) -> bytes:
    return model.model_dump_json(indent=2).encode()
