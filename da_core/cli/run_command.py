"""``run``: do one experiment, print its result, and write its folder."""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from da_core.cli.options import Commands, add_experiment_options, experiment_of
from da_core.cli.terminal_tables import print_reading, print_table, progress_bar
from da_core.experiment import DataSpec, Experiment

if TYPE_CHECKING:
    from da_core.events import Accuracies, Finished, Losses, Result


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("run", help="do an experiment")
    add_experiment_options(command)
    command.add_argument("--method", help="name of a method (see list methods)")
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="write experiment, result, features and model to this folder"
    )
    command.add_argument("--json", action="store_true", help="print result.json instead of a table")
    command.set_defaults(do=do_run)


def do_run(options: argparse.Namespace) -> None:
    """Run the experiment and print its result; with ``--out``, also write its folder."""
    experiment = experiment_of(options)
    download_missing(experiment.data)
    history: list[Losses | Accuracies] = []
    finished = _run_with_progress_bar(experiment, history)
    if options.out is not None:
        from da_core.export.files import write_run

        write_run(options.out, experiment, finished, history)
    if options.json:
        print(finished.result.model_dump_json(indent=2))
    else:
        print_result(finished.result)


def download_missing(data: DataSpec) -> None:
    """Download missing files of the data, with a progress bar on stderr."""
    from da_core.data.loading.cache import fetch

    shares = fetch(data)
    first = next(shares, None)
    if first is not None:
        with progress_bar("download") as (bar, task):
            for share in itertools.chain([first], shares):
                bar.update(task, completed=share)


def _run_with_progress_bar(experiment: Experiment, history: list[Losses | Accuracies]) -> Finished:
    """Run to the end, with a progress bar on stderr; losses and accuracies go into ``history``."""
    from da_core import events
    from da_core.run import run

    stream = run(experiment, embed=False, shown=None)
    first = next(stream)  # what is wrong with the experiment is said before a bar appears
    with progress_bar("load") as (bar, task):
        for event in itertools.chain([first], stream):
            if isinstance(event, events.StageStarted):
                bar.update(task, description=event.stage.replace("_", " "))
            elif isinstance(event, events.Progress):
                bar.update(task, completed=event.fraction)
            elif isinstance(event, events.Losses | events.Accuracies):
                history.append(event)
            elif isinstance(event, events.Notice):
                bar.console.print(event.message.format(**event.values))
            elif isinstance(event, events.Finished):
                return event
    raise AssertionError("a run ends with Finished")


def print_result(result: Result) -> None:
    """Print how own data were understood, scores, measures of shift, weights, validators, gains and findings."""
    print_reading(result.recipe.get("reading", {}))
    models = {
        "source only": result.source_only,
        "… with target batch norm": result.source_only_bn,
        "adapted": result.adapted,
        "oracle": result.oracle,
    }
    metrics = ("accuracy", "precision", "recall", "f1")
    rows = [
        [name, domain, *(f"{100 * getattr(getattr(scores, domain), metric):.1f}" for metric in metrics)]
        for name, scores in models.items()
        if scores is not None
        for domain in ("target", "source", "third")
        if getattr(scores, domain) is not None
    ]
    print_table(("model", "scored on", *(f"{metric}%" for metric in metrics)), rows, numbers_from=2)
    shift = [
        [when, f"{measure.proxy_a_distance:.3f}", f"{measure.mmd:.4f}"]
        for when, measure in (("before", result.shift.before), ("after", result.shift.after))
    ]
    print_table(("features", "proxy A-distance", "MMD²"), shift, numbers_from=1)
    if (mix := result.shift.neighbours) is not None:
        print(
            f"neighbours of the other domain: {mix.before:.0%} before, {mix.after:.0%} after, {mix.even:.0%} if evenly "
            "mixed"
        )
    if result.weights is not None:
        size, count = result.weights["effective_sample_size"], result.weights["samples"]
        share = 100 * result.weights["largest_share"]
        print(f"weights: effective sample size {size:.1f} of {count:.0f}, largest share {share:.1f}%")
    print_validators(result)
    for domain, gain in result.gain.items():
        low, high = (100 * end for end in gain.interval)
        print(
            f"{domain}: {100 * gain.accuracy:+.1f} points ({low:+.1f} to {high:+.1f}, 95%) on {gain.count} samples; "
            f"{gain.fixed} fixed, {gain.broken} broken"
        )
    for finding in result.findings:
        print(" ".join(text.format(**finding.values) for text in (finding.title, finding.evidence, finding.advice)))
        for change in finding.changes:
            print("  - " + change.reason.format(**change.values))


def print_validators(result: Result) -> None:
    """Print each validator's scores of the models before and after, and whether its pick is right."""
    from da_core.export.validator_rows import validator_rows, verdict_words
    from da_core.i18n import Language

    english = Language("en")
    rows = [
        [row.name, row.before, row.after, row.pick, verdict_words(result, row.name, english)]
        for row in validator_rows(result, english, unlocked=False)
    ]
    if rows:
        print_table(("validator", "before", "after", "would keep", "is it right?"), rows, numbers_from=1)
