"""The film of each lesson: which points a method is shown on, and with which settings.

Each kind of method has a pair of its own; `EXCEPTIONS` names the methods whose idea shows better on another, or with
other hyperparameters than the published ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from da_core.experiment import DataSpec, Experiment
from da_core.methods import methods
from da_core.params import Scalar
from da_core.teaching.films.filming import normalised
from da_core.teaching.films.presets import PRESETS, TRAINING, suited

_BLOBS: dict[str, Scalar] = {"shape": "blobs", "noise": 0.12}
SCENES: dict[str, dict[str, Scalar]] = {
    **{name: preset.data for name, preset in PRESETS.items()},
    "turned less": {**_BLOBS, "turn": 40.0},
    "below": {**_BLOBS, "turn": 0.0, "up": -2.5},
    "moons": {"turn": 20.0, "noise": 0.1},
}
"""Settings of the pair “drawn”, by the names used here."""


@dataclass(frozen=True)
class Choice:
    """Which scene, and the hyperparameters that differ from the defaults."""

    scene: str
    params: dict[str, Scalar] = field(default_factory=dict)


BY_KIND = {
    "feature alignment": Choice("moved"),
    "deep alignment": Choice("turned"),
    "reweighting": Choice("covariate"),
    "model adaptation": Choice("turned"),
    "classifier adaptation": Choice("below"),
    "control": Choice("turned"),
}
EXCEPTIONS: dict[str, Choice] = {
    # a projection in the plane: with two components JDA drops nothing
    "jda": Choice("below", {"dimensions": 1}),
    "tca": Choice("below"),
    "tsl": Choice("below", {"dimensions": 1}),
    "jpca": Choice("below", {"dimensions": 1}),
    "afn": Choice("turned less"),
    "mcd": Choice("turned less", {"weight": 0.3}),  # two linear heads on few features hardly disagree at the default
    "mdd": Choice("turned less"),
    "cdan": Choice("turned less"),
    "mutual_information": Choice("turned less"),
    "shot": Choice("turned less"),
    "homm": Choice("turned", {"weight": 10.0}),  # with few features it takes more to show
    # who trusts in their own predictions must be right on most to begin with
    "fixmatch": Choice("moons"),
    "mean_teacher": Choice("moons"),
    "pseudo_labels": Choice("moons"),
    # only labels help where the same points mean another class
    "fine_tuning": Choice("concept", {"learning_rate": 0.01}),
    # they are for domains whose class proportions differ
    "bbse": Choice("label"),
    "em_prior": Choice("label"),
    "energy_distance": Choice("label"),
    "rlls": Choice("label"),
    "target_shift": Choice("label"),
}


def choose(method: str) -> Choice:
    """Choose what a method is shown on."""
    return EXCEPTIONS.get(method, BY_KIND[methods()[method].kind])


def lesson_experiment(method: str) -> Experiment:
    """Make the experiment of a lesson's film. Raises `UserError` for settings that the method does not have."""
    choice = choose(method)
    base = Experiment(data=DataSpec(name="drawn", params=SCENES[choice.scene]), training=TRAINING, device="cpu")
    return normalised(suited(base, method, choice.params))
