"""The options that describe an experiment, shared by the commands that run one or many."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, get_args

from da_core.errors import UserError
from da_core.experiment import Device, Experiment
from da_core.networks.defaults import with_usual
from da_core.settings import settings

if TYPE_CHECKING:
    from da_core.several_runs.run_several import Runner

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What `argparse.ArgumentParser.add_subparsers` returns; argparse has no public name for it."""
COLUMN_OPTIONS = {"label": "label", "domain": "domain", "source_domain": "source_value"}
"""The settings of own files that have an option of their own, and its name."""
OPTIONS: dict[str, tuple[str | None, str]] = {
    "source": (
        "PLACE",
        "your own source, or both domains: a folder or zip with one folder of pictures or sounds per class, a "
        "table (CSV, Excel, Parquet) or arrays (npz, mat, svmlight)",
    ),
    "target": ("PLACE", "your own target, in the same form"),
    "label": ("COLUMN", "the column of your table that holds the class"),
    "domain": ("COLUMN", "the column of your table that holds the domain"),
    "source-value": ("VALUE", "the value of that column, or the outer folder, that is the source"),
    "third": ("PLACE", "your own third domain, scored and never trained on"),
    "network": (None, "name of a network (see list networks)"),
    "checkpoint": ("FILE", "a state dict to start from"),
    "prepare": ("STEPS", "steps that prepare rows of numbers, such as zscore_source,pca:20:both, or none"),
    "head": (None, "name of a head (see list heads)"),
    "seed": ("N", "0 by default"),
    "device": (None, " | ".join(get_args(Device))),
    "target-split": (
        "SHARE",
        "share of each domain held out for scoring, or “all” to train and score on everything",
    ),
    "source-per-class": ("N", "training samples per source class; each seed draws a new set"),
}
"""The options that take one value each, with its name in the help."""
_AS_NAMED = ("data", "method", "network", "prepare", "head", "seed", "device", "source_per_class")
"""The options that are called as the settings that they change."""


def add_experiment_options(command: argparse.ArgumentParser, *, several_pairs: bool = False) -> None:
    """Add the options that describe an experiment, except for the method; ``--data`` takes one pair or several."""
    command.add_argument(
        "--experiment", type=Path, metavar="JSON", help="an experiment.json, which other options change"
    )
    if several_pairs:
        command.add_argument("--data", nargs="+", metavar="DATA", help="names of data sets (see list data)")
    else:
        command.add_argument("--data", help="name of a data set (see list data)")
    for name, (metavar, about) in OPTIONS.items():
        command.add_argument(f"--{name}", metavar=metavar, help=about)
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="method.weight=0.5, training.epochs=10 …"
    )
    command.add_argument("--oracle", action="store_true", help="also train on the target's labels, for the ceiling")


def add_methods_option(command: argparse.ArgumentParser, help: str, *, required: bool = False) -> None:
    """Add ``--methods``, in the form that every command takes: names with spaces or commas between them."""
    command.add_argument(
        "--methods", nargs="+", action="extend", required=required, metavar="METHOD", help=help
    )  # ``--method`` is short for it


def names_of(given: Sequence[str]) -> list[str]:
    """List each of the names once, in their order."""
    return list(dict.fromkeys(name.strip() for text in given for name in text.split(",") if name.strip()))


def experiment_of(options: argparse.Namespace, given: Mapping[str, str] = MappingProxyType({})) -> Experiment:
    """Build the experiment that the options describe; ``given`` fills in the rest, by dotted names.

    Of the user's own files what their columns were taken to be is written into it. Raises `UserError` for what does
    not exist, is out of bounds, or would have to be guessed.
    """
    flat = dict(given)
    if options.experiment is not None:
        try:
            flat = Experiment.from_json(options.experiment.read_bytes()).to_flat()
        except OSError as error:
            raise UserError(
                "{path} cannot be read ({detail}).", path=options.experiment, detail=error.strerror
            ) from None
    for text in options.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError("--set takes NAME=VALUE, and “{text}” has no “=”.", text=text)
        flat[name] = value
    if options.source or options.target:
        if options.data not in (None, "files"):
            raise UserError("Give either --data or --source and --target, not both.")
        options.data = "files"
    named = {
        **{name: getattr(options, name) for name in _AS_NAMED},
        "data.source": options.source and str(Path(options.source).absolute()),
        "data.target": options.target and str(Path(options.target).absolute()),
        **{f"data.{name}": getattr(options, option) for name, option in COLUMN_OPTIONS.items()},
        "network.checkpoint": options.checkpoint,
        "target_split": "0" if options.target_split == "all" else options.target_split,
        "oracle": "true" if options.oracle else None,
    }
    flat |= {name: value for name, value in named.items() if value is not None}
    if options.third:  # the target of a pair with the same source
        if not options.source:
            raise UserError("--third needs --source and --target; add them.")
        third = {"third.source": options.source, "third.target": options.third}
        flat |= {"third": "files"} | {name: str(Path(place).absolute()) for name, place in third.items()}
    experiment = Experiment.from_flat(flat)
    if options.source:
        from da_core.data.loading.cache import inspect_files

        experiment = experiment.model_copy(update={"data": inspect_files(experiment.data).settle(experiment.data)})
    from da_core.methods import methods
    from da_core.methods.wanted_network import WANTS_BATCH_NORM, lacks_batch_norm, with_all_usual

    experiment = (with_all_usual if options.experiment is None else with_usual)(experiment, flat)
    if lacks_batch_norm(experiment.network, experiment.method):
        title = methods()[experiment.method.name].title
        print(WANTS_BATCH_NORM.format(method=title), file=sys.stderr)
    return experiment


def runner() -> Runner:
    """Choose the place of a command's runs: the workers of the cluster that the settings name, or this process."""
    if settings().cluster:
        from da_core.jobs.processes.cluster import Cluster

        return Cluster(settings().cluster).runner()
    from da_core.several_runs.run_several import local_runner

    return local_runner()
