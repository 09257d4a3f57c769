"""List the pairs that the playground begins with, one for each kind of shift, and each method's network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from da_core.data.pair import ShiftKind
from da_core.experiment import DataSpec, Experiment, HeadSpec, MethodSpec, NetworkSpec, TrainingSpec
from da_core.methods import methods
from da_core.methods.wanted_network import with_wanted_norm
from da_core.params import Scalar
from da_core.registry import pick
from da_core.teaching.films.filming import trains_network

LEARNS = NetworkSpec(name="mlp", params={"hidden": 32})
AS_GIVEN = NetworkSpec(name="identity")
TRAINING = TrainingSpec(epochs=30, least_steps=1, learning_rate=2.3e-2)
"""90 steps on 300 points: more of them at a smaller rate come to the same places, later."""


@dataclass(frozen=True)
class Preset:
    """A pair and the method that it is shown with. ``title`` and ``summary`` are messages.

    With ``acts`` its film is shown beside that of the plain run; see `da_core.teaching.films.direction`.
    """

    title: str
    summary: str
    shift: ShiftKind
    data: dict[str, Scalar]
    method: str
    params: dict[str, Scalar] = field(default_factory=dict)
    head: str = "linear"
    acts: str = ""

    def experiment(self) -> Experiment:
        """Make the experiment that the preset stands for."""
        base = Experiment(
            data=DataSpec(name="drawn", params=self.data),
            training=TRAINING,
            head=HeadSpec(name=self.head),
            device="cpu",
        )
        return suited(base, self.method, self.params)


PRESETS: dict[str, Preset] = {
    "turned": Preset(
        title="Turned",
        summary="The target is the source, turned. A critic tells the domains apart, and the features learn to "
        "fool it.",
        shift="appearance",
        data={"shape": "blobs", "noise": 0.12, "turn": 50.0},
        method="dann",
    ),
    "moved": Preset(
        title="Moved and stretched",
        summary="Another light moves and stretches all of the target. A plan carries each source point to where it "
        "belongs.",
        shift="appearance",
        data={"turn": 0.0, "shape": "blobs", "noise": 0.1, "right": 2.0, "up": -1.5, "stretch": 1.5},
        method="class_regularised_ot",
    ),
    "covariate": Preset(
        title="Covariate shift",
        summary="Other places are common in the target; what a point means stays. Source points that look like the "
        "target count more.",
        shift="covariate",
        data={"turn": 0.0, "shape": "xor", "selection": 2.0},
        method="kmm",
    ),
    "label": Preset(
        title="Label shift",
        summary="Class A is rare in the target; what it looks like stays. All points of a class are weighted alike.",
        shift="label",
        data={"turn": 0.0, "shape": "blobs", "noise": 0.26, "target_ratio": 0.2, "source_ratio": 2.0},
        method="bbse",
    ),
    "concept": Preset(
        title="Concept shift",
        summary="The points stay, and some mean another class. Only labels of the target help: a few of each class.",
        shift="concept",
        data={"turn": 0.0, "shape": "blobs", "noise": 0.12, "concept": 60.0},
        method="fine_tuning",
        params={"learning_rate": 0.01},
    ),
    "subspace": Preset(
        title="Subspace shift",
        summary="The classes alternate along one axis in the source and along another in the target.",
        shift="appearance",
        data={"shape": "line", "noise": 0.2, "turn": 65.0},
        method="gfk",
        params={"dimensions": 1, "standardise": False},
        head="knn",
    ),
    "missing": Preset(
        title="A class is missing",
        summary=(
            "The target has no class A. A method that matches whole domains fills the gap with points of other classes."
        ),
        shift="label",
        data={"turn": 0.0, "shape": "blobs", "noise": 0.12, "target_ratio": 0.0, "right": 1.5},
        method="coral",
    ),
    "gradual": Preset(
        title="Gradual shift",
        summary="The target turns slowly while the network learns, beside the same turn at once: who is right on each "
        "small step can follow, and arrives.",
        shift="appearance",
        data={"shape": "blobs", "noise": 0.1, "turn": 70.0},
        method="mcc",
        acts="slide@0+68",
    ),
}
FIRST = "turned"

_SMALL: dict[str, int] = {"hidden": 32, "moves": 2, "critic_steps": 2}
"""A critic that suits 32 features: one of the published size that moves five times a step comes to the same place in
several times the time."""
_QUICK: dict[str, dict[str, Scalar]] = {
    "dasvm": {"share": 0.02},
    "deep_jdot": {"iterations": 20},
    "feature_gan": {"steps": 100},
    "mcd": {"generator_steps": 2},
    "mmd_ls": {"exact_up_to": 150},
}
"""What a slow method can do without on a few hundred points in the plane."""


def suited(experiment: Experiment, name: str, params: dict[str, Scalar] | None = None) -> Experiment:
    """Put an experiment on points on a method, with the network that suits it."""
    method = methods()[name]
    fields = method.Params.model_fields
    sized = {name: most for name, most in _SMALL.items() if name in fields and fields[name].default > most}
    chosen = MethodSpec(name=name, params={**sized, **_QUICK.get(name, {}), **(params or {})})
    network = with_wanted_norm(LEARNS, chosen) if trains_network(method) else AS_GIVEN
    head = experiment.head
    if method.kind == "classifier adaptation":
        head = HeadSpec(name="svm")  # its border bends: there is no network that could bend the features
    elif method.kind == "reweighting" and head.name == "knn":
        head = HeadSpec()  # neighbours cannot weigh samples
    return experiment.model_copy(update={"head": head, "method": chosen, "network": network})


def varied(preset: str, settings: Mapping[str, str]) -> Experiment:
    """Make a preset's experiment with some settings changed, as a link's query has them.

    Raises `UserError` for what there is not.
    """
    experiment = pick(PRESETS, preset, "preset").experiment()
    if "method" in settings:
        experiment = suited(experiment, settings["method"])
    return Experiment.from_flat(experiment.to_flat() | dict(settings))
