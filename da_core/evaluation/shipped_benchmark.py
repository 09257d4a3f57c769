"""The benchmark of some built-in pairs that comes with the app, so that a first visit has a table to look at."""

from __future__ import annotations

import functools
import json

from da_core.system.app_files import ASSETS

FILE = ASSETS / "data" / "benchmark.json"


def command() -> str:
    """Say what remakes the file: the ``benchmark.json`` that it writes into the folder."""
    studies = json.loads(FILE.read_text(encoding="utf-8"))["studies"]
    first = next(iter(studies.values()))
    methods = " ".join(spec["name"] for spec in first["methods"])
    return (
        f"python -m da_core benchmark --data {' '.join(studies)} --methods {methods} --seeds {first['seeds']} --out DIR"
    )


@functools.cache
def shipped_scores() -> dict[str, dict[str, list[float]]]:
    """Read target accuracies by pair and method, as their names, one a seed."""
    scores: dict[str, dict[str, list[float]]] = {}
    for cell in json.loads(FILE.read_text(encoding="utf-8"))["accuracy"]["cells"]:
        scores.setdefault(cell["pair"], {})[cell["method"]] = cell["values"]
    return scores
