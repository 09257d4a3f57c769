"""Measure methods on USPS ↔ MNIST, brought as a user brings them, beside what papers report: one page, one command.

    python -m tests.bench.usps_mnist --data FOLDER [--methods shot cdan] [--direction usps_mnist] [--seeds 3]
        [--store FOLDER] [--out assets/reference/results_digits.md]

FOLDER holds grey pictures as uint8: ``usps_16x16.npz`` (X_train, y_train, X_test, y_test), ``mnist_t10k.npz`` (X, y).
Each finished run is kept in the store, and what is there is not run again: an interrupted table goes on where it was.
With ``--out`` the table is written into that page after each run; the page's text above it stays.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for a busy core spin

from da_core.events import Finished, Result
from da_core.experiment import DataSpec, Experiment, MethodSpec, TrainingSpec
from da_core.methods import methods
from da_core.methods.wanted_network import with_method
from da_core.run import run
from da_core.several_runs.benchmark import KeptResults

FILES = {"usps": "usps_16x16.npz", "mnist": "mnist_t10k.npz"}
DIRECTIONS = {"usps_mnist": ("usps", "mnist"), "mnist_usps": ("mnist", "usps")}
SIDE = 16
"""Pixels: what USPS has; MNIST's 28 are brought to it."""
TRAINING = TrainingSpec(epochs=5)
"""About 500 steps of 64 source and 64 target pictures."""
METHODS = {
    "source_only": MethodSpec(name="source_only"),
    "dann": MethodSpec(name="dann"),
    "cdan": MethodSpec(name="cdan"),
    "mcd": MethodSpec(name="mcd"),
    "mdd": MethodSpec(name="mdd"),
    "deep_coral": MethodSpec(name="deep_coral"),
    "shot": MethodSpec(name="shot", params={"epochs": 5}),
    "tent": MethodSpec(name="tent"),
    "adabn": MethodSpec(name="adabn"),
    "deep_jdot": MethodSpec(name="deep_jdot"),
}
HEADER = [
    "| method | USPS → MNIST (each seed) | published | MNIST → USPS (each seed) | published |",
    "|---|---|---|---|---|",
]
PUBLISHED = {
    "source_only": ("88.0 (Liang 2020)", "49.5–94.2"),
    "shot": ("98.0 (Liang 2020)", "97.9 (Liang 2020)"),
    "mdd": ("84.1, mean of both ways (SKADA-bench)",) * 2,
    "deep_coral": ("93.5, mean of both ways (SKADA-bench)",) * 2,
}
"""What is reported of the two directions, with other networks, pictures and selection; SKADA-bench's by the oracle."""


def experiment(folder: Path, direction: str, method: str, seed: int) -> Experiment:
    """Make the experiment of one cell; only its files depend on the machine."""
    source, target = (str(folder / FILES[domain]) for domain in DIRECTIONS[direction])
    data = DataSpec(name="files", source=source, target=target, params={"size": SIDE})
    pinned = Experiment(data=data, training=TRAINING, seed=seed, device="cpu")
    return with_method(pinned, METHODS[method])


def finish(wanted: Experiment, kept: KeptResults) -> Result:
    """Read what came of a run, or do it now."""
    if (result := kept.find(wanted)) is not None:
        return result
    for event in run(wanted, embed=False):
        if isinstance(event, Finished):
            kept.save(wanted, event.result)
            return event.result
    raise AssertionError("a run ends with Finished")


def accuracy(result: Result) -> float:
    """Give the adapted model's target accuracy in %."""
    assert result.adapted.target is not None
    return 100 * result.adapted.target.accuracy


Measured = dict[tuple[str, str], list[float]]
"""Target accuracy of each seed, by direction and method."""


def table(measured: Measured) -> Iterator[str]:
    """Write the table, a row a method; a dash where nothing has been measured or published."""
    yield from HEADER
    for method in METHODS:
        row = [methods()[method].title]
        for direction, published in zip(DIRECTIONS, PUBLISHED.get(method, ("–", "–")), strict=True):
            found = measured.get((direction, method), [])
            each = " ".join(f"{value:.1f}" for value in found)
            row += [f"{sum(found) / len(found):.1f} ({each})" if found else "–", published]
        yield f"| {' | '.join(row)} |"


def write(page: Path, measured: Measured) -> None:
    """Put the table into a page; its text above stays."""
    above, _, _ = page.read_text(encoding="utf-8").partition(HEADER[0])
    page.write_text(above + "\n".join(table(measured)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--direction", nargs="+", choices=list(DIRECTIONS), default=list(DIRECTIONS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--store", type=Path, default=Path("digits_runs"))
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    measured: Measured = {}
    for direction in chosen.direction:
        for seed in range(chosen.seeds):  # seed by seed: a table that is cut short has whole comparisons
            for method in chosen.methods:
                result = finish(experiment(chosen.data.resolve(), direction, method, seed), KeptResults(chosen.store))
                if not measured:
                    print(f"preprocessing {result.recipe['preprocessing']}, split {result.recipe['split']}")
                measured.setdefault((direction, method), []).append(accuracy(result))
                print(f"{direction} {method:12} seed {seed}: {accuracy(result):.1f}", flush=True)
                if chosen.out is not None:
                    write(chosen.out, measured)
    print("\n".join(table(measured)))
