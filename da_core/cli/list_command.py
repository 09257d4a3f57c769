"""``list``: the data sets, methods, networks, heads or validators there are."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from da_core.cli.terminal_tables import print_table
from da_core.params import describe

if TYPE_CHECKING:
    from da_core.cli.options import Commands

LISTS = {
    "data set": "data",
    "method": "methods",
    "network": "networks",
    "head": "heads",
    "validator": "validators",
}
"""What ``list`` takes for each kind of thing that an experiment names."""


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("list", help="list data sets, methods, networks, heads or validators")
    command.add_argument("what", choices=LISTS.values())
    command.add_argument("--json", action="store_true", help="print JSON with all hyperparameters")
    command.set_defaults(do=print_list)


def print_list(options: argparse.Namespace) -> None:
    """Print one of the lists, as a table or as JSON."""
    rows = {
        "data": data_rows,
        "methods": method_rows,
        "networks": network_rows,
        "heads": head_rows,
        "validators": validator_rows,
    }[options.what]()
    if options.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    print_table(
        ("name", "family", "kind", "title"), [[row[key] for key in ("name", "family", "kind", "title")] for row in rows]
    )


def data_rows() -> list[dict[str, Any]]:
    """Describe every source of data, with its shift and its measured figures."""
    from da_core.data.measured import figures
    from da_core.data.sources import sources

    measured = figures()
    return [
        row(source, name, source.area, "domain pair")
        | {"shift": source.shift, "figures": dataclasses.asdict(measured[name]) if name in measured else None}
        for name, source in sources().items()
    ]


def method_rows() -> list[dict[str, Any]]:
    """Describe every method."""
    from da_core.methods import methods

    return [row(method, name, method.family(), method.kind) for name, method in methods().items()]


def network_rows() -> list[dict[str, Any]]:
    """Describe every network, with the kinds of samples that it takes."""
    from da_core.networks import networks

    return [row(network, name, "network", " or ".join(sorted(network.takes))) for name, network in networks().items()]


def head_rows() -> list[dict[str, Any]]:
    """Describe every head, with whether it can weight samples."""
    from da_core.networks.head_kinds import heads

    return [
        row(head, name, "head", "takes weights" if head.takes_weights else "takes no weights")
        for name, head in heads().items()
    ]


def validator_rows() -> list[dict[str, Any]]:
    """Describe every validator, with how many of the target's labels it needs."""
    from da_core.evaluation.validators import validators

    return [
        row(kind, name, "validator", f"needs {'no' if kind.labels == 'none' else kind.labels} labels")
        for name, kind in validators().items()
    ]


def row(thing: Any, name: str, family: str, kind: str) -> dict[str, Any]:
    """Describe a class for a list. ``params`` gives each hyperparameter's default, bounds, symbol and help."""
    return {
        "name": name,
        "family": family,
        "kind": kind,
        "title": thing.title,
        "summary": thing.summary,
        "params": {hyper.name: hyper.schema() for hyper in describe(thing.Params)},
    }
