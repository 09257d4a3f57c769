"""``recommend``: which methods to try on a pair, before any run and without its target's labels."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shlex
from typing import TYPE_CHECKING, Any

from da_core.cli.options import Commands, add_experiment_options, experiment_of
from da_core.cli.run_command import download_missing
from da_core.cli.shift_command import verdict_line
from da_core.cli.terminal_tables import print_reading, print_table

if TYPE_CHECKING:
    from da_core.evaluation.recommendation import Recommendation
    from da_core.evaluation.shift.shift_report import DataReport


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("recommend", help="suggest methods for a pair, before any run")
    add_experiment_options(command)
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")
    command.set_defaults(do=print_recommendation, method=None)


def print_recommendation(options: argparse.Namespace) -> None:
    """Compare the samples of both domains, and print the methods that suit them and the command of a first run."""
    from da_core.data.loading.cache import load_pair
    from da_core.evaluation.recommendation import recommend, without_target_labels
    from da_core.evaluation.shift.shift_report import data_report

    experiment = experiment_of(options)
    download_missing(experiment.data)
    pair = load_pair(experiment.data)
    report = data_report(without_target_labels(pair), experiment.seed)
    found = recommend(report, pair, experiment.data, experiment.seed)
    if options.json:
        print(json.dumps(as_object(report, found), indent=2, ensure_ascii=False))
        return
    print_reading(pair.reading)
    _print(report, found)


def as_object(report: DataReport, found: Recommendation) -> dict[str, Any]:
    """Describe a recommendation in JSON values."""
    return {
        "verdict": report.verdict,
        "methods": [
            {"name": one.method, "reason": one.reason.message.format(**one.reason.values)} for one in found.suggestions
        ],
        "compared": [dataclasses.asdict(each) for each in found.comparison.candidates],
        "certainty": found.certainty,
        "unless": found.unless.message,
        "cautions": [caution.message.format(**caution.values) for caution in found.cautions],
        "experiment": found.experiment.model_dump(mode="json", exclude_defaults=True),
    }


def _print(report: DataReport, found: Recommendation) -> None:
    from da_core.methods import methods

    print(f"{verdict_line(report)}, by the samples alone")
    rows = [
        [str(place), methods()[one.method].title, one.method, one.reason.message.format(**one.reason.values)]
        for place, one in enumerate(found.suggestions, start=1)
    ]
    print_table(("", "method", "name", "why"), rows)
    print(f"evidence: {found.certainty}; what would change it: {found.unless.message}")
    if found.comparison.candidates:
        print("\nwithout target labels, against source only, in points:")
        print_table(
            ("method", "certainty", "circular", "weighted", "moved"),
            [
                [
                    each.method,
                    *(f"{100 * value:+.1f}" for value in (each.certainty, each.circular, each.weighted)),
                    f"{100 * each.moved:.0f}%",
                ]
                for each in found.comparison.candidates
            ],
        )
    for caution in found.cautions:
        print("- " + caution.message.format(**caution.values))
    first = found.experiment
    flat = first.to_flat()
    chosen = [f"--set={name}={value}" for name, value in flat.items() if name.startswith("data.")]
    if any(first.method.name == each.method for each in found.comparison.candidates):  # else “run” chooses what suits
        chosen += [f"--{name}={flat[name]}" for name in ("network", "prepare", "head") if name in flat]
    print("python -m da_core run " + shlex.join(["--data", first.data.name, *chosen, "--method", first.method.name]))
