"""Read measured accuracies on each built-in pair: source only, the best of a few methods, and the oracle.

The numbers come from ``python -m tests.bench.measure_catalogue``, which writes the file that is read here.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass

from da_core.system.app_files import ASSETS

FILE = ASSETS / "data" / "figures.json"


@dataclass(frozen=True)
class Figures:
    """Mean accuracies on the target's held-out part over ``seeds`` seeds; ``method`` is the name of the best and
    ``title`` its title, ``network`` the title of the pair's usual network, with which all were measured.
    """

    source_only: float
    best: float
    oracle: float
    method: str
    title: str
    network: str
    seeds: int


@functools.cache
def figures() -> dict[str, Figures]:
    """Read the figures by the name of a source; a source that was not measured has none."""
    if not FILE.exists():
        return {}
    return {name: Figures(**values) for name, values in json.loads(FILE.read_text(encoding="utf-8")).items()}
