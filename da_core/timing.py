"""Measure how far a run is, and estimate how long it will still take."""

from __future__ import annotations

import time

from da_core.events import Progress, Stage, StageStarted


class Pace:
    """The clock of a run. ``plan``: its stages in order, each with its rough cost in any unit."""

    def __init__(self, plan: dict[Stage, float]) -> None:
        self._plan, self._total = plan, sum(plan.values())
        self._started: dict[Stage, float] = {}

    def start(self, stage: Stage) -> StageStarted:
        """Start the clock of a stage."""
        self._started[stage] = time.monotonic()
        return StageStarted(stage, tuple(self._plan))

    def credit(self, seconds: float) -> None:
        """Count the time that an earlier attempt took for the stage that was started last."""
        self._started = {stage: start - seconds for stage, start in self._started.items()}

    def seconds_of_stage(self) -> float:
        """Measure how long the stage that was started last has taken so far."""
        return time.monotonic() - list(self._started.values())[-1]

    def skip(self, stage: Stage) -> None:
        """Count a stage as free: it turns out to take next to no time."""
        self._plan[stage] = 0.0
        self._total = sum(self._plan.values())

    def progress(self, fraction: float) -> Progress:
        """Estimate the progress of the run when ``fraction`` of the stage that was started last is done."""
        names, (*_, stage) = list(self._plan), self._started
        before = sum(self._plan[name] for name in names[: names.index(stage)])
        done = (before + fraction * self._plan[stage]) / self._total
        # loading takes long the first time and no time after, so it says nothing of what is to come
        loading = self._plan["load"] / self._total
        now = time.monotonic()
        spent, learned = now - self._started.get("source_only", now), done - loading
        return Progress(done, spent / learned * (1 - done) if learned > 0.01 else None)

    def seconds(self) -> dict[str, float]:
        """Measure the seconds that each stage took; the last one until now."""
        ends = [*list(self._started.values())[1:], time.monotonic()]
        return {stage: round(end - start, 3) for (stage, start), end in zip(self._started.items(), ends, strict=True)}
