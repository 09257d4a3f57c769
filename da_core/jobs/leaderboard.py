"""Rank the methods whose runs are kept on a domain pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from da_core.jobs.database.run_database import KeptRun


@dataclass(frozen=True)
class Standing:
    """A method's place on a domain pair, with the runs of its best configuration: one per seed, in their order."""

    method: str
    runs: tuple[KeptRun, ...]
    mean: float
    """Mean accuracy on the target over ``runs``."""
    configurations: int
    """How many were tried: the more there are, the more of the best one's lead is luck."""


def leaderboard(runs: Sequence[KeptRun]) -> list[Standing]:
    """Rank the methods that ran on one domain pair, the best first, each with the configuration of the best mean.

    Runs that were cut short or have no target labels to be scored on do not take part; of equal experiments the
    newest does.
    """
    configurations: dict[str, dict[int, KeptRun]] = {}
    for run in sorted(runs, key=lambda run: run.finished_at):
        if run.complete and run.after is not None:
            same = run.experiment.model_copy(update={"seed": 0, "device": "auto", "oracle": False})
            configurations.setdefault(same.key, {})[run.experiment.seed] = run
    of_methods: dict[str, list[tuple[KeptRun, ...]]] = {}
    for seeds in configurations.values():
        tried = tuple(seeds[seed] for seed in sorted(seeds))
        of_methods.setdefault(tried[0].experiment.method.name, []).append(tried)
    standings = [
        Standing(method, max(tried, key=_mean_after), max(map(_mean_after, tried)), len(tried))
        for method, tried in of_methods.items()
    ]
    return sorted(standings, key=lambda standing: standing.mean, reverse=True)


def _mean_after(runs: Sequence[KeptRun]) -> float:
    return fmean(run.after for run in runs if run.after is not None)
