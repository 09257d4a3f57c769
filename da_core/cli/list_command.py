"""``list``: the data sets, methods, networks, heads or validators there are."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from da_core.cli.options import Commands
from da_core.cli.terminal_tables import print_table
from da_core.params import properties

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
    listed = rows(options.what)
    if options.json:
        print(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    columns = ("name", "family", "kind", "title")
    print_table(columns, [[row[column] for column in columns] for row in listed])


def rows(what: str) -> list[dict[str, Any]]:
    """Describe everything in a list. ``params`` gives each hyperparameter's default, bounds, symbol and help."""
    match what:
        case "data":
            from da_core.data.measured import figures
            from da_core.data.sources import sources

            measured = {name: dataclasses.asdict(of_source) for name, of_source in figures().items()}
            return [
                _row(source, name, source.area, "domain pair", shift=source.shift, figures=measured.get(name))
                for name, source in sources().items()
            ]
        case "methods":
            from da_core.methods import methods

            return [_row(method, name, method.family(), method.kind) for name, method in methods().items()]
        case "networks":
            from da_core.networks import networks

            return [_row(kind, name, "network", " or ".join(sorted(kind.takes))) for name, kind in networks().items()]
        case "heads":
            from da_core.networks.head_kinds import heads

            weights = {True: "takes weights", False: "takes no weights"}
            return [_row(head, name, "head", weights[head.takes_weights]) for name, head in heads().items()]
        case _:
            from da_core.evaluation.validators import validators

            needs = {"none": "needs no labels"}
            return [
                _row(kind, name, "validator", needs.get(kind.labels, f"needs {kind.labels} labels"))
                for name, kind in validators().items()
            ]


def _row(thing: Any, name: str, family: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "family": family,
        "kind": kind,
        "title": thing.title,
        "summary": thing.summary,
        "params": {
            field: {k: v for k, v in entry.items() if k == "default" or not (v is None or v is False or v == "")}
            for field, entry in properties(thing.Params).items()
        },
        **more,
    }
