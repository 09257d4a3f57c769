"""``shift``: name the kind of shift in a pair's samples before anything is trained, and what to try first."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from da_core.cli.options import Commands, add_experiment_options, experiment_of
from da_core.cli.run_command import download_missing
from da_core.cli.terminal_tables import print_reading, print_table

if TYPE_CHECKING:
    from da_core.evaluation.shift.shift_report import DataReport


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("shift", help="find out which kind of shift a pair has, before training")
    add_experiment_options(command)
    command.add_argument("--json", action="store_true", help="print JSON instead of tables")
    command.set_defaults(do=print_shift, method=None)


def print_shift(options: argparse.Namespace) -> None:
    """Compare the samples of both domains and print the report that the Data screen shows."""
    from da_core.data.loading.cache import load_pair
    from da_core.evaluation.shift.shift_report import data_report

    experiment = experiment_of(options)
    download_missing(experiment.data)
    pair = load_pair(experiment.data)
    report = data_report(pair, experiment.seed)
    if options.json:
        print(json.dumps(as_object(report), indent=2, ensure_ascii=False))
    else:
        print_reading(pair.reading)
        _print_report(report)


def as_object(report: DataReport) -> dict[str, Any]:
    """Describe a report in JSON values; a column that changed without any spread has no ``effect``."""
    from da_core.evaluation.shift.shift_permutations import SHUFFLES

    return {
        "verdict": report.verdict,
        "family": report.family,
        "reasons": [reason.message.format(**reason.values) for reason in report.reasons],
        "proxy_a_distance": {"value": report.proxy_a_distance, "interval": report.interval},
        "distances": {
            name: {"value": value, "p_value": report.test.p_values[name]}
            for name, value in report.test.distances.items()
        },
        "p_value": report.test.p_value,
        "shuffles": SHUFFLES,
        "effective_share": report.effective_share,
        "classes": [
            {"name": name, "source": source, "target": target, "estimated_share": share}
            for name, source, target, share in zip(
                report.classes, *report.counts.tolist(), report.proportions.tolist(), strict=True
            )
        ],
        "drifts": [
            asdict(drift) | {"effect": drift.effect if abs(drift.effect) < float("inf") else None}
            for drift in report.drifts
        ],
    }


def verdict_line(report: DataReport) -> str:
    """Say in one line which shift the samples suggest."""
    others = {"none": "no shift detected", "few": "too few samples to tell which shift"}
    return others.get(report.verdict, f"{report.verdict} shift")


def _print_report(report: DataReport) -> None:
    from da_core.evaluation.shift.shift_permutations import LEAST_CHANCE, SHUFFLES
    from da_core.evaluation.shift.shift_verdict import DISTANCE_NAMES

    print(verdict_line(report))
    print(f"try first: {report.family or 'source only'}")
    for reason in report.reasons:
        print("- " + reason.message.format(**reason.values))
    low, high = report.interval
    rows = [["Proxy A-distance", f"{report.proxy_a_distance:.2f} ({low:.2f} … {high:.2f})", ""]]
    for name, value in report.test.distances.items():
        p_value = report.test.p_values[name]
        chance = f"at most {LEAST_CHANCE:.1%} ({SHUFFLES} shuffles)" if p_value <= LEAST_CHANCE else f"{p_value:.1%}"
        rows.append([DISTANCE_NAMES[name], f"{value:.3f}", chance])
    print_table(("measure", "measured", "probability without shift"), rows, numbers_from=1)
    print_table(
        ("changed most", "source", "target", "in standard deviations"),
        [[d.name, f"{d.source:.3g}", f"{d.target:.3g}", f"{d.effect:+.2f}"] for d in report.drifts],
        numbers_from=1,
    )
