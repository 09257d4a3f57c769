"""An experiment as a Jupyter notebook: the data, the run, its curves, what moved, and the method's own code."""

from __future__ import annotations

import json
import re
from typing import Any

from da_core.export.script import code, measured, model_names, specs
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
    "samples": "samples",
    "classes": "classes",
}
"""What the code of the cells prints and draws, where it says ``<name>``, in the reader's language."""


def notebook(record: Record, language: Language) -> str:
    """Write the notebook as ``.ipynb``, not yet run; it needs this repository and Jupyter."""
    say = language.translate
    experiment = (
        f"from da_core.experiment import {', '.join(sorted(specs(record.experiment)))}\n"
        f"from da_core.i18n import Language\n\n{code(record.experiment)}\n"
        f"MEASURED = {measured(record)!r}\n"
        f"LANGUAGE = Language({language.code!r})\n"
        f"NAMES = {model_names(language)!r}"
    )

    code_of = dict(re.findall(r"# %% (\w+)\n(.*?)(?=# %%|\Z)", _CELLS.read_text(encoding="utf-8"), re.DOTALL))

    def code_cell(cell: str) -> dict[str, Any]:
        python = code_of[cell]
        for name, text in TEXTS.items():
            python = python.replace(f"<{name}>", say(text))
        return _code(python)

    start = say("Open this notebook in the repository's folder, or put that folder on Python's path.")
    all_events = say("Source only first, then the method; every event of the run comes by here.")
    cells = [
        _text(f"# {say('One experiment, step by step')}\n\n{start}"),
        _code(experiment),
        _text(f"## {say('Data')}"),
        code_cell("data"),
        _text(f"## {say('Train')}\n\n{all_events}"),
        code_cell("run"),
        code_cell("table"),
        code_cell("curves"),
        _text(f"## {say('What to look out for')}"),
        code_cell("findings"),
        _text(f"## {say('What moved in feature space')}"),
        code_cell("moved"),
        _text(f"## {say('How far apart the domains are')}"),
        code_cell("apart"),
        _text(f"## {say('The code of this method')}"),
        code_cell("method"),
    ]
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _text(markdown: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": markdown}


def _code(python: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": python.strip("\n")}
