"""Record a visitor's progress in the course: chapters read, checks answered, guesses made.

The database of runs counts it by kind, name and outcome, under the visitor's own name alone, and forgets it when asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["chapter", "check", "guess", "story", "bug", "quiz"]
Outcome = Literal["read", "right", "wrong", "made", "skipped"]


@dataclass(frozen=True)
class CourseProgress:
    """A visitor's counts by kind, name and outcome."""

    counts: Mapping[tuple[str, str, str], int] = field(default_factory=dict)

    def times(self, kind: Kind, name: str, outcome: Outcome) -> int:
        """Return how often something came out so."""
        return self.counts.get((kind, name, outcome), 0)

    def names(self, kind: Kind, outcome: Outcome) -> set[str]:
        """List what came out so at least once."""
        return {name for of, name, came in self.counts if (of, came) == (kind, outcome)}

    def total(self, kind: Kind, outcome: Outcome) -> int:
        """Count over all names."""
        return sum(times for (of, _name, came), times in self.counts.items() if (of, came) == (kind, outcome))
