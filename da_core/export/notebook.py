"""An experiment as a Jupyter notebook: the data, the run, its curves, what moved, and the method's own code."""

from __future__ import annotations

import json
import re
from typing import Any

from da_core.export.script import code, specs, target_accuracies
from da_core.i18n import Language
from da_core.run_folder import Record
from da_core.system.app_files import ASSETS

_CELLS = ASSETS / "export" / "notebook_cells.txt"

TEXTS = {
    "app": "the app",
    "interval": "95% interval",
    "gain": "gain",
    "fixed": "samples fixed",
    "broken": "samples broken",
    "nothing": "No warning sign was found in this run's numbers.",
    "a_distance": "Proxy A-distance",
    "mmd": "MMD²",
    "coral": "CORAL distance",
    "classwise": "Class-wise distance",
    "epoch": "epoch",
    "loss": "loss",
    "accuracy": "accuracy on held-out samples",
    "before": "Before: source only",
    "after": "After: adapted",
    "source": "source",
    "target": "target",
    "samples": "Samples",
    "classes": "Number of classes",
    "title": "One experiment, step by step",
    "start": "Open this notebook in the repository's folder, or put that folder on Python's path.",
    "data": "Data",
    "train": "Train",
    "all_events": "Source only first, then the method; every event of the run passes here.",
    "warnings": "Warnings",
    "moved": "Feature space before and after",
    "apart": "Distance between the domains",
    "code": "The code of this method",
}
"""What the cells say, print and draw where their file has ``<name>``, as messages."""


def notebook(record: Record, language: Language) -> str:
    """Write the notebook as ``.ipynb``, not yet run; it needs this repository and Jupyter."""
    experiment = (
        f"from da_core.experiment import {', '.join(sorted(specs(record.experiment)))}\n"
        f"from da_core.i18n import Language\n\n{code(record.experiment)}\n"
        f"MEASURED = {target_accuracies(record)!r}\n"
        f"LANGUAGE = Language({language.code!r})"
    )
    written = _CELLS.read_text(encoding="utf-8")
    for name, text in TEXTS.items():
        written = written.replace(f"<{name}>", language.translate(text))
    cells: list[dict[str, Any]] = []
    for markdown, source in re.findall(r"# %%( \[markdown\])?\n(.*?)(?=# %%|\Z)", written, re.DOTALL):
        source = source.strip("\n").replace("<experiment>", experiment)
        cell: dict[str, Any] = {"id": f"cell-{len(cells)}", "metadata": {}, "source": source}
        of_code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append(cell | ({"cell_type": "markdown"} if markdown else of_code))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
