"""The films of the course, ``assets/course/films.yaml``: a preset of the playground, changed by settings of a link."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from da_core.registry import pick
from da_core.teaching.course.bilingual import COURSE, Entry, Words, read_file

if TYPE_CHECKING:
    from da_core.experiment import Experiment
    from da_core.teaching.course.guess import Points

FILE = COURSE / "films.yaml"
_POINTS = 120
"""Points of a domain behind a boundary that is sketched."""


class CourseFilm(Entry):
    """A film; ``acts`` are what a hand does meanwhile, ``beside`` is a method whose film stands beside it."""

    preset: Words
    settings: dict[str, str] = {}
    acts: str = ""
    beside: str = ""

    def experiment(self) -> Experiment:
        """Make the experiment that is filmed."""
        from da_core.teaching.films.filming import normalised  # the methods come with it
        from da_core.teaching.films.presets import varied

        return normalised(varied(self.preset, self.settings))

    def points(self, *, target: bool) -> Points:
        """Load some points of a domain of the film's pair."""
        from da_core.data.loading.cache import load_pair

        pair = load_pair(self.experiment().data)
        domain = pair.target if target else pair.source
        rows = zip(domain.X[:_POINTS], domain.y[:_POINTS], strict=True)
        return tuple((round(float(x[0]), 3), round(float(x[1]), 3), int(label)) for x, label in rows)

    def experiments(self) -> list[Experiment]:
        """Make the experiments that stand side by side."""
        from da_core.teaching.films.filming import normalised
        from da_core.teaching.films.presets import suited

        first = self.experiment()
        return [first, normalised(suited(first, self.beside))] if self.beside else [first]


@functools.cache
def course_films() -> dict[str, CourseFilm]:
    """Read all films by name. Raises `UserError` for a file that is not as it should be."""
    return read_file(FILE, dict[str, CourseFilm])


def course_film(name: str) -> CourseFilm:
    """Return the film of this name. Raises `UserError` if there is none."""
    return pick(course_films(), name, "film of the course")
