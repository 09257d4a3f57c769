"""Compare kept runs: list the settings that differ, and rank the methods on a domain pair."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Generic, Protocol, TypeVar

from da_core.data.sources import sources
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.networks import networks
from da_core.networks.head_kinds import heads
from da_core.params import Scalar
from da_core.registry import Registered

log = logging.getLogger(__name__)


class ListedRun(Protocol):
    """A run as the list of runs has it, such as a `da_core.jobs.database.run_database.KeptRun`."""

    @property
    def experiment(self) -> Experiment:
        """The experiment of the run."""

    @property
    def finished_at(self) -> datetime:
        """When it ended."""

    @property
    def complete(self) -> bool:
        """True unless it was cut short."""

    @property
    def after(self) -> float | None:
        """Accuracy on the target after adapting."""


RunT = TypeVar("RunT", bound=ListedRun)


@dataclass(frozen=True)
class Standing(Generic[RunT]):
    """A method's place on a domain pair, with the runs of its best configuration: one per seed, in their order."""

    method: str
    runs: tuple[RunT, ...]
    mean: float
    """Mean accuracy on the target over ``runs``."""
    configurations: int
    """How many were tried: the more there are, the more of the best one's lead is luck."""


def settings_of(experiment: Experiment) -> dict[str, Scalar | None]:
    """List every setting of an experiment by its dotted name, with defaults for those left out.

    A setting that only another version of this program knew is given as it is.
    """
    dumped = experiment.model_dump()
    kinds: dict[str, Registered | type[Registered] | None] = {
        "data": sources().get(experiment.data.name),
        "network": networks().get(experiment.network.name),
        "method": methods().get(experiment.method.name),
        "head": heads().get(experiment.head.name),
    }
    if experiment.third is not None:
        kinds["third"] = sources().get(experiment.third.name)
    for group, kind in kinds.items():
        if kind is None:
            log.info("there is no %s “%s” any more", group, dumped[group]["name"])
        defaults = {} if kind is None else kind.Params().model_dump()
        dumped[group] |= defaults | dumped[group].pop("params")
    flat: dict[str, Scalar | None] = {}
    for group, value in dumped.items():
        if not isinstance(value, dict):
            flat[group] = value
            continue
        for name, setting in value.items():
            flat[group if name == "name" else f"{group}.{name}"] = setting
    return flat


def differences(experiments: Sequence[Experiment]) -> dict[str, list[Scalar | None]]:
    """List the settings that are not the same in all, in the experiment's order; None where one has no such setting."""
    flat = [settings_of(experiment) for experiment in experiments]
    groups = [name.partition(".")[0] for name in flat[0]] if flat else []
    names = dict.fromkeys(name for settings in flat for name in settings)
    ordered = sorted(names, key=lambda name: groups.index(name.partition(".")[0]))
    every = {name: [settings.get(name) for settings in flat] for name in ordered}
    return {name: values for name, values in every.items() if any(value != values[0] for value in values)}


def leaderboard(runs: Sequence[RunT]) -> list[Standing[RunT]]:
    """Rank the methods that ran on one domain pair, the best first, each with the configuration of the best mean.

    Runs that were cut short or have no target labels to be scored on do not take part; of equal experiments the
    newest does.
    """
    configurations: dict[str, dict[int, RunT]] = {}
    for run in sorted(runs, key=lambda run: run.finished_at):
        if run.complete and run.after is not None:
            same = run.experiment.model_copy(update={"seed": 0, "device": "auto", "oracle": False})
            configurations.setdefault(same.key, {})[run.experiment.seed] = run
    of_methods: dict[str, list[tuple[RunT, ...]]] = {}
    for seeds in configurations.values():
        tried = tuple(seeds[seed] for seed in sorted(seeds))
        of_methods.setdefault(tried[0].experiment.method.name, []).append(tried)
    standings = [
        Standing(method, max(tried, key=mean_after), max(map(mean_after, tried)), len(tried))
        for method, tried in of_methods.items()
    ]
    return sorted(standings, key=lambda standing: standing.mean, reverse=True)


def mean_after(runs: Sequence[ListedRun]) -> float:
    """Average the accuracy on the target after adapting over the runs that have one."""
    return fmean(run.after for run in runs if run.after is not None)
