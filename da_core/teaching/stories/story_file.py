"""Stories: experiments of one click, each of which makes one point.

They stand in ``assets/course/stories.yaml``, by name; the guess and the question of a story have its name, too, in
``story_guesses.yaml`` and ``story_checks.yaml``. The results of the experiments are in `story_numbers`.
"""

from __future__ import annotations

import functools
import hashlib
from typing import Annotated, Literal

from pydantic import Field, model_validator

from da_core.experiment import Experiment
from da_core.registry import pick
from da_core.teaching.course.bilingual import COURSE, Bilingual, Entry, Words, read_file
from da_core.teaching.course.misconceptions import TryIt

FILE = COURSE / "stories.yaml"
FEWEST_SEEDS = 3
MOST_RUNS = 5
"""As many as one visitor may have in the queue."""

Measure = Literal["accuracy", "source", "critic", "fresh", "effective", "kept", "same_neighbour"]
"""What is read off a run, in per cent; see `da_core.teaching.stories.story_numbers.read_off`."""


class StoryRun(Entry):
    """One of the experiments compared: what it is called, and the settings in which it differs from the others.

    ``acts`` is what a hand does meanwhile (`da_core.teaching.films.direction`); ``x`` is its place on a curve.
    """

    label: Bilingual
    settings: dict[str, str] = {}
    acts: str = ""
    x: float | None = None


class Claim(Entry):
    """In every seed ``more`` exceeds ``than`` by at least ``by`` points; a negative ``by`` is what it may lack.

    Both are a run's name, a run and a measure (``dann.source``), or a number.
    """

    more: str | float
    than: str | float
    by: float = 0


class Story(Entry):
    """A situation, experiments on it with ``settings`` in common, and the claims that their numbers bear out.

    ``outcome`` is what a guess is held against: the name of a value, or of what was to be picked; empty for a curve.
    ``happened`` tells it in a sentence that may name values, as ``{dann}``.
    """

    asks: Bilingual
    """What it is called until the reader has made a guess."""
    title: Bilingual
    """Its point."""
    situation: Bilingual
    settings: dict[str, str]
    runs: Annotated[dict[str, StoryRun], Field(min_length=1, max_length=MOST_RUNS)]
    measures: Annotated[tuple[Measure, ...], Field(min_length=1)] = ("accuracy",)
    seeds: int = Field(FEWEST_SEEDS, ge=FEWEST_SEEDS)
    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]
    outcome: str = ""
    happened: Bilingual
    why: Bilingual
    try_it: TryIt
    lesson: Words

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Story:
        named = [side for claim in self.claims for side in (claim.more, claim.than) if isinstance(side, str)]
        for name in named:
            run, _dot, measure = name.partition(".")
            if run not in self.runs or (measure or self.measures[0]) not in self.measures:
                raise ValueError(f"there is no value “{name}”")
        return self

    @property
    def filmed(self) -> bool:
        """Tell whether something is done while a network trains, so that the runs are filmed."""
        return any(run.acts for run in self.runs.values())

    @property
    def mapped(self) -> bool:
        """Tell whether maps of a run's features are compared."""
        return "same_neighbour" in self.measures

    @property
    def key(self) -> str:
        """Hash the experiments and measures into a short name."""
        runs = [(name, self.experiment(name, 0).key, run.acts) for name, run in self.runs.items()]
        return hashlib.sha256(repr((runs, self.measures, self.seeds)).encode()).hexdigest()[:16]

    def experiment(self, run: str, seed: int) -> Experiment:
        """Make the experiment of a run with a seed."""
        return Experiment.from_flat({**self.settings, **self.runs[run].settings, "seed": str(seed)})


@functools.cache
def stories() -> dict[str, Story]:
    """Read all stories by name, in their order. Raises `UserError` for a file that is not as it should be."""
    return read_file(FILE, dict[str, Story])


def story(name: str) -> Story:
    """Return the story of this name. Raises `UserError` if there is none."""
    return pick(stories(), name, "story")
