"""``study``: an experiment, or several in a row, over several methods and seeds, compared pair by pair."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from da_core.cli.options import add_experiment_options, add_methods_option, experiment_of, names_of, runner
from da_core.cli.terminal_tables import print_reading, print_table
from da_core.errors import UserError
from da_core.experiment import Experiment
from da_core.whole_files import write_whole

if TYPE_CHECKING:
    from da_core.cli.options import Commands
    from da_core.evaluation.seed_statistics import Comparison, Spread
    from da_core.events import Result
    from da_core.several_runs.study import Study
    from da_core.several_runs.trials import Trial


@dataclass(frozen=True)
class Outcome:
    """Hold a study's outcome: target accuracies over the seeds by method, source only's among them, and comparisons.

    ``run_once`` are the methods whose score depends on no seed; ``reading`` says how the user's own files were read.
    """

    study: Study
    spreads: dict[str, Spread]
    seeds: dict[str, list[int]]
    pairs: list[Comparison]
    run_once: list[str]
    reading: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        """Return it as ``study.json`` has it."""
        return {
            "study": self.study.model_dump(),
            "target_accuracy": {
                name: dataclasses.asdict(values) | {"seeds": self.seeds[name]} for name, values in self.spreads.items()
            },
            "comparisons": [dataclasses.asdict(pair) for pair in self.pairs],
            "run_once": self.run_once,
        }


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("study", help="run an experiment with several methods and seeds")
    add_experiment_options(command)
    add_methods_option(command, "names of one or more methods")
    command.add_argument(
        "--seeds", type=int, default=5, metavar="N", help="number of seeds for each method (default: 5)"
    )
    command.add_argument(
        "--experiments",
        type=Path,
        metavar="FILE",
        help="a file of experiments, one study each and one table for all: a JSON list or JSON lines, with settings "
        'by name, such as {"data": "moons", "data.angle": 30}, or as in experiment.json',
    )
    command.add_argument("--out", type=Path, metavar="DIR", help="write study.json here")
    command.add_argument("--json", action="store_true", help="print study.json instead of a table")
    command.set_defaults(do=do_study)


def do_study(options: argparse.Namespace) -> None:
    """Run one or more studies and print the outcome; with ``--out``, also write it."""
    if options.experiments is None:
        outcome = conduct_study(study_of(options, {}))
        _write(options, outcome.summary())
        if not options.json:
            _print_study(outcome)
        return
    given = read_experiments(options.experiments)
    studies = [study_of(copy.copy(options), one) for one in given]  # what is wrong with any is said before all
    outcomes = [conduct_study(study) for study in studies]
    _write(options, {"studies": [outcome.summary() for outcome in outcomes]})
    if not options.json:
        _print_all(outcomes)


def study_of(options: argparse.Namespace, given: Mapping[str, str]) -> Study:
    """Make the study that the options describe; ``given`` fills in the rest."""
    from da_core.several_runs.study import Study

    names = names_of(options.methods or []) or [given.get("method", Experiment().method.name)]
    options.method = names[0]
    return Study.of(experiment_of(options, given), names, options.seeds)


def read_experiments(place: Path) -> list[dict[str, str]]:
    """Read a file of experiments, each as settings by dotted name. Raises `UserError` where it is not one."""
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        detail = getattr(error, "strerror", None) or "it is not text"
        raise UserError("{path} cannot be read ({detail}).", path=place, detail=detail) from None
    try:
        listed = json.loads(text)
    except ValueError:
        try:
            listed = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise UserError(
                "{path} is neither a JSON list nor JSON lines ({detail}).", path=place, detail=error
            ) from None
    listed = listed if isinstance(listed, list) else [listed]
    if not listed or not all(isinstance(one, dict) for one in listed):
        raise UserError(
            "Each entry of {path} must be an experiment, such as {example}.", path=place, example='{"data": "moons"}'
        )
    return [_flat(one) for one in listed]


def _flat(entry: dict[str, Any]) -> dict[str, str]:
    if any(isinstance(value, dict) for value in entry.values()):
        return Experiment.checked(entry).to_flat()
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in entry.items()}


def conduct_study(study: Study) -> Outcome:
    """Conduct all runs of a study. Raises `UserError` where the target has no labels to score by."""
    from da_core.evaluation.seed_statistics import comparisons, own_baselines, spread

    names = [study.called(spec) for spec in study.methods]
    before, after = ({name: dict[int, float]() for name in names} for _ in range(2))
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
    baselines, own = own_baselines(before, lambda of: f"source_only of {', '.join(of)}" if of else "source_only")
    scores = baselines | after
    return Outcome(
        study,
        {name: spread(list(of_seeds.values()), within=(0.0, 1.0)) for name, of_seeds in scores.items()},
        {name: list(of_seeds) for name, of_seeds in scores.items()},
        comparisons(scores, own) + comparisons(after),
        run_once,
        reading,
    )


def _write(options: argparse.Namespace, summary: dict[str, Any]) -> None:
    text = json.dumps(summary, indent=2)
    if options.out is not None:
        write_whole(options.out / "study.json", text.encode())
    if options.json:
        print(text)


def _results(study: Study) -> Iterator[tuple[Trial, Result]]:
    """Yield each run of a study with its result, with a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    from da_core.events import Finished, Progress
    from da_core.several_runs.run_plan import do_runs

    steps = do_runs(study, (), runner())
    first = next(steps)  # what is wrong with the experiment is said before a bar appears
    with Bar(console=Console(stderr=True)) as bar:
        task = bar.add_task("study", total=float(len(study.trials())))
        fractions: dict[int, float] = {}
        for step in itertools.chain([first], steps):
            if isinstance(step.event, Progress):
                where = f"{step.task.method} seed {step.task.seed}"
                fractions[step.place] = step.event.fraction
                bar.update(task, completed=sum(fractions.values()), description=where)
            elif isinstance(step.event, Finished):
                fractions[step.place] = 1.0
                yield step.task, step.event.result


def _print_study(outcome: Outcome) -> None:
    print_reading(outcome.reading)
    accuracies = [
        [
            name,
            f"{100 * spread.mean:.1f}",
            f"{100 * spread.deviation:.1f}",
            _between(spread.interval, ".1f"),
            _each(spread.values),
        ]
        for name, spread in outcome.spreads.items()
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
        for pair in outcome.pairs
    ]
    print_table(
        ("difference", "points", "95%, all together", "seeds in favour", "to settle it"), differences, numbers_from=1
    )
    _say_run_once(outcome.run_once)


def _print_all(outcomes: Sequence[Outcome]) -> None:
    """Print one table of all studies: a row per study, a column per method, and the mean where every row has one."""
    columns = list(dict.fromkeys(name for outcome in outcomes for name in outcome.spreads))
    rows = []
    names = labels([outcome.study.experiment for outcome in outcomes])
    for label, outcome in zip(names, outcomes, strict=True):
        known = outcome.spreads
        rows.append(
            [label]
            + [f"{100 * known[c].mean:.1f} ± {100 * known[c].deviation:.1f}" if c in known else "" for c in columns]
        )
    if len(rows) > 1:
        of_all = [[outcome.spreads[c].mean for outcome in outcomes if c in outcome.spreads] for c in columns]
        rows.append(["mean"] + [f"{100 * sum(m) / len(m):.1f}" if len(m) == len(outcomes) else "" for m in of_all])
    print_table(("target accuracy %", *columns), rows, numbers_from=1)
    for label, outcome in zip(names, outcomes, strict=True):
        _say_run_once(outcome.run_once, f"{label} · ")


def labels(experiments: Sequence[Experiment]) -> list[str]:
    """Name experiments by their differences, except for the method: “moons data.angle=30”."""
    flats = [{name: value for name, value in e.to_flat().items() if not name.startswith("method")} for e in experiments]
    named = [f"{place}: {experiment.data.name}" for place, experiment in enumerate(experiments, start=1)]
    differing = [
        name
        for name in dict.fromkeys(itertools.chain(*flats))
        if name != "data" and len({f.get(name) for f in flats}) > 1
    ]
    return [
        " ".join([name, *(f"{setting}={flat[setting]}" for setting in differing if setting in flat)])
        for name, flat in zip(named, flats, strict=True)
    ]


def _say_run_once(names: Sequence[str], where: str = "") -> None:
    if names:
        print(f"{where}Run once, because the result does not depend on the seed: {', '.join(names)}.")


def _between(interval: tuple[float, float] | None, how: str) -> str:
    return "" if interval is None else " … ".join(f"{100 * end:{how}}" for end in interval)


def _each(values: Iterable[float]) -> str:
    return " ".join(f"{100 * value:.1f}" for value in values)
