"""Measure every built-in pair for the Data screen: source only, the best of a few fitting methods, and the oracle.

    python tests/bench/measure_catalogue.py [--seeds 3] [--rows 2000] [NAME …]

Each pair has its default settings, but at most so many rows; pairs that have to be downloaded are measured where they
are on the machine. The means go to assets/data/figures.json; without names, to the whole of it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parents[2]))

from da_core.data.loading.cache import load_pair
from da_core.data.measured import FILE
from da_core.data.pair import DomainPair
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.events import Finished, Result
from da_core.experiment import DataSpec, Experiment
from da_core.methods import methods
from da_core.run import run

FITTING = {
    "appearance": ("coral", "class_regularised_ot", "deep_coral", "dann", "deep_jdot", "shot"),
    "covariate": ("kmm", "rulsif", "domain_classifier"),
    "label": ("bbse", "rlls", "em_prior"),
    "concept": ("fine_tuning",),
}
"""Methods made for each kind of shift, and of every family where the kind leaves a choice."""


EXCEPTIONS = {
    "moons": {"network": "identity", "head": "svm"},  # transport of the points themselves, as its authors show it
    "covariate": {"network": "identity", "head": "logistic"},  # weights matter where the model cannot fit everywhere
}
"""Pairs whose shift shows better with another model."""


def setting(pair: DomainPair) -> dict[str, str]:
    """A network that takes the pair. Features keep their meaning: both domains are scaled by the source."""
    match pair.kind:
        case "features":
            return {"network": "mlp", "network.scaling": "by source", "training.epochs": "100"}
        case "texts":
            return {"network": "text_mlp"}
        case "sounds":
            return {"network": "speech_cnn"}
        case _:
            return {}


def finish(flat: dict[str, str]) -> Result:
    for event in run(Experiment.from_flat(flat), embed=False):
        if isinstance(event, Finished):
            return event.result
    raise AssertionError("a run ends with Finished")


def measure(name: str, seeds: int, rows: int) -> dict[str, object]:
    """Mean accuracies of one pair."""
    params = {}
    field = sources()[name].Params.model_fields.get("count")
    if field is not None and field.default > rows:
        params["count"] = rows
    pair = load_pair(DataSpec(name=name, params=params))
    flat = {
        "data": name,
        **{f"data.{key}": str(value) for key, value in params.items()},
        **EXCEPTIONS.get(name, setting(pair)),
    }
    found: dict[str, list[Result]] = {}
    for method in FITTING[pair.provenance.shift]:
        try:
            found[method] = [
                finish(flat | {"method": method, "seed": str(seed), "device": "cpu"}) for seed in range(seeds)
            ]
        except UserError as error:
            print(f"{name}: {method} does not fit: {error}", file=sys.stderr)
    for method, results in found.items():
        print(f"{name}: {method}", *(result.adapted.target.accuracy for result in results), file=sys.stderr)
    oracle = [finish(flat | {"method": "oracle", "seed": str(seed), "device": "cpu"}) for seed in range(seeds)]

    def reached(method: str) -> float:
        return mean(result.adapted.target.accuracy for result in found[method])

    best = max(found, key=reached)
    return {
        "source_only": round(mean(result.source_only.target.accuracy for result in found[best]), 3),
        "best": round(reached(best), 3),
        "oracle": round(mean(result.adapted.target.accuracy for result in oracle), 3),
        "method": best,
        "title": methods()[best].title,
        "network": Experiment.from_flat(flat).network.name,
        "seeds": seeds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2000)
    chosen = parser.parse_args()
    known = [name for name in sources() if name != "files"]
    measured = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    for name in chosen.names or known:
        try:
            measured[name] = measure(name, chosen.seeds, chosen.rows)
        except UserError as error:  # it is not downloaded, or not installed
            print(f"{name}: {error}", file=sys.stderr)
            continue
        print(name, measured[name], flush=True)
        FILE.parent.mkdir(exist_ok=True)
        kept = {name: measured[name] for name in known if name in measured}
        FILE.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
