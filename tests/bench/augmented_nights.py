"""Whether nights made by the model help on real ones: accuracy on night pictures that training never saw.

    python -m tests.bench.augmented_nights DAY NIGHT [--network mlp] [--seeds 3] [--epochs 80] [--size 32]

DAY and NIGHT are folders of class folders; all of DAY is learned from and all of NIGHT scored. Compared are the network
trained by day, and the same after as many more epochs on day pictures alone, on darkened ones, and on modelled nights.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for a busy core spin

from da_core.events import Finished, Result
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec
from da_core.params import Scalar
from da_core.run import run

NIGHTS = ("easy", "standard", "hard", "street lights", "rain")
TRIED: dict[str, dict[str, Scalar]] = {
    "day, as long": {"share": 0.0},
    "day and darkened": {"night": "darkened"},
    **{f"day and night: {name}": {"night": name} for name in NIGHTS},
}


def finish(experiment: Experiment) -> Result:
    for event in run(experiment, embed=False):
        if isinstance(event, Finished):
            return event.result
    raise AssertionError("a run ends with Finished")


def line(name: str, accuracies: list[float]) -> str:
    each = " ".join(f"{100 * value:.1f}" for value in accuracies)
    return f"| {name} | {100 * sum(accuracies) / len(accuracies):.1f} ({each}) |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("day")
    parser.add_argument("night")
    parser.add_argument("--network", default="mlp")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--size", type=int, default=32)
    chosen = parser.parse_args()
    data = DataSpec(name="files", source=chosen.day, target=chosen.night, params={"size": chosen.size})
    print(f"| {chosen.network} trained on | real nights, mean (each seed) |\n|---|---|")
    for name, params in TRIED.items():
        method = MethodSpec(name="night_augmentation", params={"epochs": chosen.epochs} | params)
        fixed = Experiment(data=data, network=NetworkSpec(name=chosen.network), method=method, target_split=0)
        results = [finish(fixed.model_copy(update={"seed": seed})) for seed in range(chosen.seeds)]
        if name == "day, as long":
            print(line("day", [result.source_only.target.accuracy for result in results]), flush=True)
        print(line(name, [result.adapted.target.accuracy for result in results]), flush=True)
