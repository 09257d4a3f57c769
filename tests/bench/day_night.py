"""Target accuracy of every method with its defaults, mean over seeds: the tables below assets/reference.

    python -m tests.bench.day_night [--methods dann coral] [--seeds 3] [--data mnist_m | --source DIR --target DIR]
        [--out assets/reference/results_street.md] [--findings]

By default on the street scenes; with ``--data`` on another built-in pair, with ``--source`` and ``--target`` on
pictures of your own. Methods that want batch norm get it, as in the form. The source-only network of a seed, with batch
norm or without, is trained once and serves all methods that share it.
With ``--out`` the rows are written into that page as they are measured; rows of other methods stay. With ``--findings``
each row is followed by what the first seed's run found in its own numbers.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for a busy core spin

from da_core.errors import UserError
from da_core.events import Finished, Result
from da_core.experiment import DataSpec, Experiment, MethodSpec
from da_core.methods import methods
from da_core.methods.wanted_network import with_method
from da_core.run import run

HEADER = ["| method | target accuracy (each seed) |", "|---|---|"]


def finish(experiment: Experiment) -> Result:
    """Run to the end."""
    for event in run(experiment, embed=False):
        if isinstance(event, Finished):
            return event.result
    raise AssertionError("a run ends with Finished")


def measure(name: str, data: DataSpec, seeds: int) -> tuple[str, list[str]]:
    """Measure a method: one row of the table, and the findings of the first seed's run."""
    title, experiment = methods()[name].title, with_method(Experiment(data=data), MethodSpec(name=name))
    try:
        results = [finish(experiment.model_copy(update={"seed": seed})) for seed in range(seeds)]
    except UserError as error:
        return f"| {title} | – ({error}) |", []
    accuracies = [100 * result.adapted.target.accuracy for result in results]
    row = f"| {title} | {sum(accuracies) / seeds:.1f} ({' '.join(f'{value:.1f}' for value in accuracies)}) |"
    found = [f"{one.title} {one.evidence.format(**one.values)}" for one in results[0].findings]
    return row, found


def update(page: Path, measured: dict[str, str]) -> None:
    """Put rows, by the method's title, into a page in the registry's order; its text above the table stays."""
    text = page.read_text(encoding="utf-8") if page.exists() else f"# {page.stem}\n\n" + "\n".join(HEADER) + "\n"
    above, _, below = text.partition("\n".join(HEADER))
    rows = {line.split("|")[1].strip(): line for line in below.strip().splitlines()} | measured
    ordered = [rows[method.title] for method in methods().values() if method.title in rows]
    page.write_text(above + "\n".join([*HEADER, *ordered]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=list(methods()), default=list(methods()))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", default="street")
    parser.add_argument("--source")
    parser.add_argument("--target")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--findings", action="store_true")
    chosen = parser.parse_args()
    data = DataSpec(name="files" if chosen.source else chosen.data, source=chosen.source, target=chosen.target)
    print("\n".join(HEADER))
    for name in chosen.methods:
        line, found = measure(name, data, chosen.seeds)
        print("\n".join([line, *(f"  - {one}" for one in found if chosen.findings)]), flush=True)
        if chosen.out is not None:
            update(chosen.out, {methods()[name].title: line})
