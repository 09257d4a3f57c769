"""``study``: an experiment over several methods and seeds, compared pair by pair."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from da_core.cli.options import Commands, add_experiment_options, add_methods_option, experiment_of, names_of, runner
from da_core.cli.terminal_tables import print_reading, print_table, progress_bar
from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.whole_files import write_whole

if TYPE_CHECKING:
    from da_core.evaluation.seed_statistics import Comparison, Spread
    from da_core.events import Result
    from da_core.several_runs.study import Study
    from da_core.several_runs.trials import Trial

BySeed = dict[str, dict[int, float]]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("study", help="run an experiment with several methods and seeds")
    add_experiment_options(command)
    add_methods_option(command, "names of one or more methods")
    command.add_argument(
        "--seeds", type=int, default=5, metavar="N", help="number of seeds for each method (default: 5)"
    )
    command.add_argument("--out", type=Path, metavar="DIR", help="write study.json here")
    command.add_argument("--json", action="store_true", help="print study.json instead of a table")
    command.set_defaults(do=do_study)


def do_study(options: argparse.Namespace) -> None:
    """Run a study and print the outcome; with ``--out``, also write it."""
    from da_core.evaluation.seed_statistics import comparisons, own_baselines, spread

    study = study_of(options, {})
    before, after, run_once, reading = _conduct(study)
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
        "run_once": run_once,
    }
    text = json.dumps(summary, indent=2)
    if options.out is not None:
        write_whole(options.out / "study.json", text.encode())
    if options.json:
        print(text)
        return
    print_reading(reading)
    _print_tables(spreads, pairs)
    if run_once:
        print(f"Run once, because the result does not depend on the seed: {', '.join(run_once)}.")


def study_of(options: argparse.Namespace, given: Mapping[str, str]) -> Study:
    """Make the study that the options describe; ``given`` fills in the rest."""
    from da_core.several_runs.study import Study

    names = names_of(options.methods or []) or [given.get("method", Experiment().method.name)]
    options.method = names[0]
    return Study.of(experiment_of(options, given), names, options.seeds)


def _conduct(study: Study) -> tuple[BySeed, BySeed, list[str], dict[str, Any]]:
    """Return the target accuracies before and after by method and seed, and the methods that depend on no seed.

    The last is how the user's own files were read. Raises `UserError` where the target has no labels to score by.
    """
    before, after = ({study.called(spec): dict[int, float]() for spec in study.methods} for _ in range(2))
    run_once = []
    reading: dict[str, Any] = {}
    for trial, result in _results(study):
        reading = result.recipe.get("reading", {})
        if result.adapted.target is None or result.source_only.target is None:
            raise UserError("The target has no labels, so the seeds cannot be compared; add target labels.")
        before[trial.method] |= dict.fromkeys(trial.seeds, result.source_only.target.accuracy)
        after[trial.method] |= dict.fromkeys(trial.seeds, result.adapted.target.accuracy)
        if len(trial.seeds) > 1:
            run_once.append(trial.method)
    return before, after, run_once, reading


def _results(study: Study) -> Iterator[tuple[Trial, Result]]:
    """Yield each run of a study with its result, with a progress bar on stderr."""
    from da_core.events import Finished, Progress
    from da_core.several_runs.run_plan import do_runs

    steps = do_runs(study, (), runner())
    first = next(steps)  # what is wrong with the experiment is said before a bar appears
    with progress_bar("study", len(study.trials())) as (bar, task):
        fractions: dict[int, float] = {}
        for step in itertools.chain([first], steps):
            if isinstance(step.event, Progress):
                where = f"{step.task.method} seed {step.task.seed}"
                fractions[step.place] = step.event.fraction
                bar.update(task, completed=sum(fractions.values()), description=where)
            elif isinstance(step.event, Finished):
                fractions[step.place] = 1.0
                yield step.task, step.event.result


def _print_tables(spreads: dict[str, Spread], pairs: list[Comparison]) -> None:
    accuracies = [
        [
            name,
            f"{100 * spread.mean:.1f}",
            f"{100 * spread.deviation:.1f}",
            _between(spread.interval, ".1f"),
            " ".join(f"{100 * value:.1f}" for value in spread.values),
        ]
        for name, spread in spreads.items()
    ]
    print_table(("method", "target accuracy %", "± over seeds", "95%", "each seed"), accuracies, numbers_from=1)
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
        ("difference", "points", "95%, all together", "seeds in favour", "to settle it"), differences, numbers_from=1
    )


def _between(interval: tuple[float, float] | None, how: str) -> str:
    return "" if interval is None else " … ".join(f"{100 * end:{how}}" for end in interval)
