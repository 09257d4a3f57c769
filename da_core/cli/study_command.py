"""``study``: an experiment over several methods and seeds, compared pair by pair."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from da_core.cli.options import add_experiment_options, experiment_of
from da_core.cli.terminal_tables import print_reading, print_table
from da_core.errors import UserError
from da_core.experiment import Experiment

if TYPE_CHECKING:
    from da_core.cli.options import Commands
    from da_core.evaluation.seed_statistics import Comparison, Spread
    from da_core.events import Result
    from da_core.study import Study, Trial


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("study", help="do an experiment over several methods and seeds")
    add_experiment_options(command)
    command.add_argument("--method", action="append", dest="methods", help="a method by name; give several to compare")
    command.add_argument("--seeds", type=int, default=5, metavar="N", help="seeds for each method, 5 by default")
    command.add_argument("--out", type=Path, metavar="DIR", help="write study.json here")
    command.add_argument("--json", action="store_true", help="print study.json instead of a table")
    command.set_defaults(do=do_study)


def do_study(options: argparse.Namespace) -> None:
    """Do the study and print target accuracies and paired differences; with ``--out``, write them as well."""
    from da_core.evaluation.seed_statistics import comparisons, own_baselines, spread
    from da_core.study import Study

    names = options.methods or [Experiment().method.name]
    options.method = names[0]
    study = Study.of(experiment_of(options), names, options.seeds)
    before, after = ({name: dict[int, float]() for name in names} for _ in range(2))
    reading: dict[str, Any] = {}
    for trial, result in _results(study):
        reading = result.recipe.get("reading", {})
        if result.adapted.target is None or result.source_only.target is None:
            raise UserError("The target has no labels, so there is nothing to compare seeds by; give it labels.")
        before[trial.method][trial.seed] = result.source_only.target.accuracy
        after[trial.method][trial.seed] = result.adapted.target.accuracy
    baselines, own = own_baselines(before, lambda of: f"source_only of {', '.join(of)}" if of else "source_only")
    scores = baselines | after
    spreads = {name: spread(list(of_seeds.values()), within=(0.0, 1.0)) for name, of_seeds in scores.items()}
    pairs = comparisons(scores, own) + comparisons(after)
    summary = {
        "study": study.model_dump(),
        "target_accuracy": {
            name: dataclasses.asdict(values) | {"seeds": list(scores[name])} for name, values in spreads.items()
        },
        "comparisons": [dataclasses.asdict(pair) for pair in pairs],
    }
    text = json.dumps(summary, indent=2)
    if options.out is not None:
        try:
            options.out.mkdir(parents=True, exist_ok=True)
            (options.out / "study.json").write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError("{path} cannot be written ({detail}).", path=options.out, detail=error.strerror) from None
    if options.json:
        print(text)
    else:
        print_reading(reading)
        _print_study(spreads, pairs)


def _results(study: Study) -> Iterator[tuple[Trial, Result]]:
    """Each run of a study with its result, with a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    from da_core.events import Finished, Progress
    from da_core.study import conduct

    steps = conduct(study)
    first = next(steps)  # what is wrong with the experiment is said before a bar appears
    with Bar(console=Console(stderr=True)) as bar:
        task = bar.add_task("study", total=float(first.count))
        for step in itertools.chain([first], steps):
            if isinstance(step.event, Progress):
                where = f"{step.trial.method} seed {step.trial.seed}"
                bar.update(task, completed=step.place - 1 + step.event.fraction, description=where)
            elif isinstance(step.event, Finished):
                yield step.trial, step.event.result


def _print_study(spreads: dict[str, Spread], pairs: list[Comparison]) -> None:
    accuracies = [
        [
            name,
            f"{100 * spread.mean:.1f}",
            f"{100 * spread.deviation:.1f}",
            _between(spread.interval, ".1f"),
            _each(spread.values),
        ]
        for name, spread in spreads.items()
    ]
    print_table(("method", "target accuracy %", "± over seeds", "95 %", "each seed"), accuracies, numbers_from=1)
    differences = [
        [
            f"{pair.first} − {pair.second}",
            f"{100 * pair.mean:+.1f}",
            _between(pair.interval, "+.1f"),
            f"{pair.better} of {pair.count}",
            "" if pair.needed is None else f"about {pair.needed}",
        ]
        for pair in pairs
    ]
    print_table(
        ("difference", "points", "95 %, all together", "seeds in favour", "to settle it"), differences, numbers_from=1
    )


def _between(interval: tuple[float, float] | None, how: str) -> str:
    return "" if interval is None else " … ".join(f"{100 * end:{how}}" for end in interval)


def _each(values: Iterable[float]) -> str:
    return " ".join(f"{100 * value:.1f}" for value in values)
