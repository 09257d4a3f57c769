"""An experiment as a Jupyter notebook: the data, the run, its curves, what moved, and the method's own code."""

from __future__ import annotations

import json
import re
from typing import Any

from da_core.export.script import code, specs, target_accuracies
from da_core.i18n import Language
from da_core.run_folder import Record
from da_core.templates import render


def notebook(record: Record, language: Language) -> str:
    """Write the notebook as ``.ipynb``, not yet run; it needs this repository and Jupyter."""
    experiment = (
        f"from da_core.experiment import {', '.join(sorted(specs(record.experiment)))}\n"
        f"from da_core.i18n import Language\n\n{code(record.experiment)}\n"
        f"MEASURED = {target_accuracies(record)!r}\n"
        f"LANGUAGE = Language({language.code!r})"
    )
    written = render("notebook_cells.py.jinja", language)
    cells: list[dict[str, Any]] = []
    for markdown, source in re.findall(r"# %%( \[markdown\])?\n(.*?)(?=# %%|\Z)", written, re.DOTALL):
        source = source.strip("\n").replace("<experiment>", experiment)
        cell: dict[str, Any] = {"id": f"cell-{len(cells)}", "metadata": {}, "source": source}
        of_code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append(cell | ({"cell_type": "markdown"} if markdown else of_code))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
