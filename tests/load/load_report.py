"""What a measurement found: how long each kind of request took, what failed, what the server took, and the goals."""

from __future__ import annotations

import json
import math
import os
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.load.browser_tab import Seen

_PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Goal:
    """A number that may be at most ``limit``."""

    name: str
    value: float
    limit: float

    @property
    def met(self) -> bool:
        """Whether it is."""
        return self.value <= self.limit


@dataclass
class Requests:
    """Seconds of requests by their kind, and errors. Safe to use from many threads."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, seconds: float, error: object | None = None) -> None:
        """Take down one request."""
        with self._lock:
            if error is None:
                self.seconds[kind].append(seconds)
            else:
                self.errors[f"{kind}: {error}"] += 1

    def percentile(self, kind: str, share: float) -> float:
        """Return the seconds that so many percent of a kind stayed below; infinity where there was none."""
        return float(np.percentile(self.seconds[kind], share)) if self.seconds.get(kind) else float("inf")

    @property
    def failures(self) -> int:
        """How many failed."""
        return sum(self.errors.values())

    def figures(self) -> dict[str, dict[str, float]]:
        """Write count and percentiles of each kind."""
        return {
            kind: {"count": len(taken)} | {f"p{p}": round(self.percentile(kind, p), 4) for p in _PERCENTILES}
            for kind, taken in sorted(self.seconds.items())
        }


@dataclass
class Report:
    """The outcome of one command."""

    command: str
    requests: Requests = field(default_factory=Requests)
    server: Mapping[str, float] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    readings: list[tuple[float, ...]] = field(default_factory=list)
    """What a line was fitted through, for who wants to see it."""
    load_before: tuple[float, ...] = field(default_factory=os.getloadavg)

    def tell(self, folder: Path | None = None) -> int:
        """Print a table, write JSON into ``folder``, and return 1 where a goal is missed."""
        table = Table("what", "count", *(f"p{share}" for share in _PERCENTILES), title=self.command)
        for kind, of in self.requests.figures().items():
            table.add_row(kind, str(of["count"]), *(f"{of[f'p{share}']:.3f} s" for share in _PERCENTILES))
        table.add_section()
        for name, value in {**self.server, **self.figures, "failures": self.requests.failures}.items():
            table.add_row(name, str(value))
        table.add_section()
        for goal in self.goals:
            table.add_row(goal.name, f"{goal.value:.3g}", f"≤ {goal.limit:g}", "met" if goal.met else "MISSED")
        console = Console(width=110)
        console.print(table)
        for error, count in self.requests.errors.most_common(5):
            console.print(f"{count} × {error[:200]}", markup=False)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{self.command}.json").write_text(json.dumps(self.as_json(), indent=1), encoding="utf-8")
        return 0 if all(goal.met for goal in self.goals) else 1

    def as_json(self) -> dict[str, Any]:
        """Write all of it as JSON."""
        return {
            "command": self.command,
            "machine": {"cores": os.cpu_count(), "load_before": self.load_before, "load_after": os.getloadavg()},
            "requests": self.requests.figures(),
            "failures": dict(self.requests.errors),
            "server": dict(self.server),
            "figures": self.figures,
            "readings": self.readings,
            "goals": [{"name": g.name, "value": g.value, "limit": g.limit, "met": g.met} for g in self.goals],
        }


@dataclass(frozen=True)
class Slope:
    """The slope of a line through points, and its standard error."""

    value: float
    error: float

    @classmethod
    def fit(cls, points: Sequence[tuple[float, float]]) -> Slope:
        """Fit a line by least squares; of fewer than three points nobody can say anything."""
        if len(points) < 3:
            return cls(math.inf, 0.0)
        x, y = np.array(points, dtype=float).T
        (value, _height), covariance = np.polyfit(x, y, 1, cov="unscaled")
        spread = np.sum((y - np.polyval([value, _height], x)) ** 2) / (len(points) - 2)
        return cls(float(value), float(np.sqrt(spread * covariance[0, 0])))

    @classmethod
    def of_series(cls, readings: Sequence[tuple[float, float]], stretches: int = 30, *, least: bool = False) -> Slope:
        """Fit a line through the means of so many stretches of a series, or through the ``least`` value of each.

        Readings that follow each other resemble each other; taken one by one, each would count as news.
        """
        parts = [part.T for part in np.array_split(np.array(readings, dtype=float), stretches) if len(part)]
        return cls.fit([(x.mean(), y.min() if least else y.mean()) for x, y in parts])


def timed(requests: Requests, kind: str, act: Callable[[], Seen]) -> Seen | None:
    """Do one request and take it down; None where it fails."""
    try:
        seen = act()
    except Exception as error:  # a failure is what a measurement is there to count
        requests.add(kind, 0.0, error)
        return None
    requests.add(kind, seen.seconds)
    return seen
