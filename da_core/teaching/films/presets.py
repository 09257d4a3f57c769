"""What the playground offers to begin with: a pair for each kind of shift, and which network suits which method."""

from __future__ import annotations

from dataclasses import dataclass, field

from da_core.data.pair import ShiftKind
from da_core.experiment import DataSpec, Experiment, HeadSpec, MethodSpec, NetworkSpec, TrainingSpec
from da_core.methods import methods
from da_core.params import Scalar
from da_core.teaching.films.filming import trains_network

LEARNS = NetworkSpec(name="mlp", params={"hidden": 32})
AS_GIVEN = NetworkSpec(name="identity")
TRAINING = TrainingSpec(epochs=10, least_steps=20, learning_rate=5e-3)
"""200 steps, about a second."""


@dataclass(frozen=True)
class Preset:
    """A pair and the method that it is shown with. ``title`` and ``text`` are messages."""

    title: str
    text: str
    shift: ShiftKind
    data: dict[str, Scalar]
    method: str
    params: dict[str, Scalar] = field(default_factory=dict)
    head: str = "linear"

    def experiment(self) -> Experiment:
        """Make the experiment that the preset stands for."""
        base = Experiment(
            data=DataSpec(name="drawn", params=self.data),
            training=TRAINING,
            head=HeadSpec(name=self.head),
            device="cpu",
        )
        return with_method(base, self.method, self.params)


PRESETS: dict[str, Preset] = {
    "turned": Preset(
        "Turned",
        "The target is the source, turned. A critic tells the domains apart, and the features learn to fool it.",
        "appearance",
        {"turn": 35.0},
        "dann",
    ),
    "moved": Preset(
        "Moved and stretched",
        "Another light moves and stretches all of the target. A plan carries each source point to where it belongs.",
        "appearance",
        {"shape": "blobs", "noise": 0.1, "right": 2.0, "up": -1.5, "stretch": 1.5},
        "class_regularised_ot",
    ),
    "covariate": Preset(
        "Covariate shift",
        "Other places are common in the target; what a point means stays. Source points that look like the target "
        "count more.",
        "covariate",
        {"shape": "moons", "selection": 1.5, "noise": 0.3},
        "kmm",
    ),
    "label": Preset(
        "Label shift",
        "Class A is rare in the target; what it looks like stays. All points of a class are weighted alike.",
        "label",
        {"shape": "blobs", "noise": 0.3, "target_ratio": 0.2, "source_ratio": 2.0},
        "bbse",
    ),
    "concept": Preset(
        "Concept shift",
        "The points stay, and some mean another class. Only labels of the target help: a few of each class.",
        "concept",
        {"shape": "xor", "noise": 0.2, "concept": 40.0},
        "fine_tuning",
    ),
    "subspace": Preset(
        "Subspace shift",
        "The classes alternate along one axis in the source and along another in the target.",
        "appearance",
        {"shape": "line", "turn": 90.0},
        "subspace_alignment",
        {"dimensions": 1},
        "svm",
    ),
    "missing": Preset(
        "A class is missing",
        "The target has no class A. Who matches the whole domains puts points of other classes in its place.",
        "label",
        {"shape": "blobs", "noise": 0.12, "target_ratio": 0.0, "right": 1.0},
        "deep_coral",
    ),
}
FIRST = "turned"

_SMALL: dict[str, Scalar] = {"hidden": 32}
"""A critic of a size that suits 32 features: one of the published size takes thrice as long."""
_NORMALISED = {"adabn", "tent", "source_only_bn"}
"""Methods that need batch normalisation."""


def with_method(experiment: Experiment, name: str, params: dict[str, Scalar] | None = None) -> Experiment:
    """Put an experiment on points on a method, with the network that suits it."""
    method = methods()[name]
    sized = _SMALL if "hidden" in method.Params.model_fields else {}
    network = AS_GIVEN
    if trains_network(method):
        network = LEARNS
        if name in _NORMALISED:
            network = NetworkSpec(name="mlp", params={**LEARNS.params, "norm": "batch"})
    return experiment.model_copy(
        update={"method": MethodSpec(name=name, params={**sized, **(params or {})}), "network": network}
    )
