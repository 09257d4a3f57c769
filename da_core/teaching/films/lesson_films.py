"""The film of each lesson: which points a method is shown on, and with which settings.

Each kind of method has a pair of its own; `EXCEPTIONS` names the methods whose idea shows better on another, or with
other hyperparameters than the published ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from da_core.experiment import DataSpec, Experiment, HeadSpec
from da_core.methods import methods
from da_core.params import Scalar
from da_core.teaching.films.filming import normalised
from da_core.teaching.films.presets import PRESETS, TRAINING, suited

_BLOBS: dict[str, Scalar] = {"shape": "blobs", "noise": 0.12}
SCENES: dict[str, dict[str, Scalar]] = {
    **{name: preset.data for name, preset in PRESETS.items()},
    "turned less": {**_BLOBS, "turn": 40.0},
    "below": {**_BLOBS, "turn": 0.0, "up": -2.5},
    "turned and shorter": {"shape": "line", "noise": 0.2, "turn": 55.0, "stretch": 0.6},
    "moons": {"turn": 30.0, "noise": 0.1},
    "moons turned far": {"turn": 40.0, "noise": 0.1},
}
"""Settings of the pair “drawn”, by the names used here."""


@dataclass(frozen=True)
class Choice:
    """A scene, the hyperparameters that differ from the defaults, and the head."""

    scene: str
    params: dict[str, Scalar] = field(default_factory=dict)
    head: str = "linear"


BY_KIND = {
    "feature alignment": Choice("moved"),
    "deep alignment": Choice("turned"),
    "reweighting": Choice("covariate"),
    "model adaptation": Choice("turned"),
    "classifier adaptation": Choice("below"),
    "control": Choice("turned"),
}
EXCEPTIONS: dict[str, Choice] = {
    # a projection in the plane: with two components nothing is dropped
    "jda": Choice("below", {"dimensions": 1}),
    "tca": Choice("below", {"dimensions": 1}),
    "gfk": Choice("subspace", {"dimensions": 1, "standardise": False}, head="knn"),
    # it shrinks a direction by the cosine of the angle between the subspaces: here the target is about as much shorter
    "subspace_alignment": Choice("turned and shorter", {"dimensions": 1, "standardise": False}, head="knn"),
    "tsl": Choice("below", {"dimensions": 1}),
    "jpca": Choice("below", {"dimensions": 1}),
    "afn": Choice("moons", {"weight": 3e-3}),  # the default is so small that no feature grows
    "mcd": Choice("turned less", {"weight": 0.3}),  # two linear heads on few features hardly disagree at the default
    "mdd": Choice("turned less"),
    "cdan": Choice("turned less"),
    "mutual_information": Choice("turned less"),
    "shot": Choice("turned less"),
    # with few features it takes more to show
    "homm": Choice("turned", {"weight": 10.0}),
    "deep_coral": Choice("turned", {"weight": 100.0}),
    # batch norm's statistics undo what moves and stretches all of the target alike, and no turn
    "adabn": Choice("moved"),
    "source_only_bn": Choice("moved"),
    "tent": Choice("moved"),
    # it aligns features that were trained without the target: a turn by 50° is more than they can follow
    "adda": Choice("below"),
    # who trusts in their own predictions must be right on most to begin with
    "fixmatch": Choice("turned less"),
    "mean_teacher": Choice("turned less", {"threshold": 0.8, "decay": 0.9, "learning_rate": 0.01, "epochs": 40}),
    "pseudo_labels": Choice("turned less"),
    # labels that spread from neighbour to neighbour need clusters that hold together
    "label_propagation": Choice("moons turned far"),
    "dasvm": Choice("moons"),
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
    base = Experiment(
        data=DataSpec(name="drawn", params=SCENES[choice.scene]),
        training=TRAINING,
        head=HeadSpec(name=choice.head),
        device="cpu",
    )
    return normalised(suited(base, method, choice.params))
