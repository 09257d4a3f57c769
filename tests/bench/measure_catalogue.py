"""Measure every built-in pair for the Data screen: source only, the best of a few fitting methods, and the oracle.

    python -m tests.bench.measure_catalogue [--seeds 3] [--rows 2000] [NAME …]

Each pair has its default settings, but at most so many rows, and the network, head, preparation and training that the
screens choose for it (`da_core.networks.defaults`); pairs that have to be downloaded are measured where they
are on the machine. The means go to assets/data/figures.json; without names, to the whole of it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from statistics import mean

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for a busy core spin

from da_core.data.loading.cache import load_pair
from da_core.data.measured import FILE
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.events import Finished, Result
from da_core.experiment import DataSpec, Experiment, MethodSpec
from da_core.methods import methods
from da_core.networks import networks
from da_core.networks.defaults import usual_spec, with_data
from da_core.run import run

FITTING = {
    "appearance": ("coral", "class_regularised_ot", "deep_coral", "dann", "deep_jdot", "shot"),
    "covariate": ("kmm", "rulsif", "domain_classifier"),
    "label": ("bbse", "rlls", "em_prior"),
    "concept": ("fine_tuning",),
}
"""Methods made for each kind of shift, and of every family where the kind leaves a choice."""


def walked(data: DataSpec, method: str, seed: int) -> Experiment:
    """Build the experiment that the screens make: this pair, this method, and all else as it suits the pair."""
    chosen = with_data(Experiment(), data)
    return chosen.model_copy(update={"method": MethodSpec(name=method), "seed": seed, "device": "cpu"})


def finish(experiment: Experiment) -> Result:
    for event in run(experiment, embed=False):
        if isinstance(event, Finished):
            return event.result
    raise AssertionError("a run ends with Finished")


def measure(name: str, seeds: int, rows: int) -> dict[str, object]:
    """Mean accuracies of one pair."""
    params = {}
    field = sources()[name].Params.model_fields.get("count")
    if field is not None and field.default > rows:
        params["count"] = rows
    data = DataSpec(name=name, params=params)
    pair = load_pair(data)
    found: dict[str, list[Result]] = {}
    for method in FITTING[pair.provenance.shift]:
        try:
            found[method] = [finish(walked(data, method, seed)) for seed in range(seeds)]
        except UserError as error:
            print(f"{name}: {method} does not fit: {error}", file=sys.stderr)
    for method, results in found.items():
        print(f"{name}: {method}", *(result.adapted.target.accuracy for result in results), file=sys.stderr)
    oracle = [finish(walked(data, "oracle", seed)) for seed in range(seeds)]

    def reached(method: str) -> float:
        return mean(result.adapted.target.accuracy for result in found[method])

    best = max(found, key=reached)
    return {
        "source_only": round(mean(result.source_only.target.accuracy for result in found[best]), 3),
        "best": round(reached(best), 3),
        "oracle": round(mean(result.adapted.target.accuracy for result in oracle), 3),
        "method": best,
        "title": methods()[best].title,
        "network": networks()[usual_spec(data).network.name].title,
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
