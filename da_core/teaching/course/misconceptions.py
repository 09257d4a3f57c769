"""List common misconceptions, each with its refutation and something to try.

They stand in ``assets/course/misconceptions.yaml``, by name; the wrong answers of `check_questions` name them.
"""

from __future__ import annotations

import functools
from typing import Literal

from da_core.registry import pick
from da_core.teaching.course.bilingual import COURSE, Bilingual, Entry, read_file

FILE = COURSE / "misconceptions.yaml"


class TryIt(Entry):
    """Something to try: what to do and look at, on which screen, with which settings.

    ``preset`` is one of the playground's; ``settings`` are added to it as a link's query has them.
    """

    does: Bilingual
    screen: Literal["playground", "data", "network", "method", "results", "features", "stability", "lesson"]
    preset: str = ""
    settings: dict[str, str] = {}

    def query(self) -> dict[str, str]:
        """Write the query of the link."""
        if not self.preset:
            return dict(self.settings)
        from da_core.teaching.films.presets import PRESETS, varied  # the methods come with it

        own = {name: value for name, value in self.settings.items() if name in ("acts", "beside", "sweep")}
        rest = {name: value for name, value in self.settings.items() if name not in own}
        preset = PRESETS[self.preset]
        beside = {"acts": preset.acts, "beside": preset.method} if preset.acts else {}
        return varied(self.preset, rest).to_flat() | beside | own


class Misconception(Entry):
    """A misconception as a student would put it, why it is wrong, and something to try."""

    says: Bilingual
    refutation: Bilingual
    try_it: TryIt


@functools.cache
def misconceptions() -> dict[str, Misconception]:
    """Read all misconceptions by name. Raises `UserError` for a file that is not as it should be."""
    return read_file(FILE, dict[str, Misconception])


def misconception(name: str) -> Misconception:
    """Return the misconception of this name. Raises `UserError` if there is none."""
    return pick(misconceptions(), name, "misconception")
