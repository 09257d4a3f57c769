"""Describe an experiment as one frozen value that converts to JSON, links and command-line options, and back."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from da_core.errors import UserError, shorten
from da_core.params import Params, Spec, explained, hyper

Device = Literal["auto", "cpu", "cuda"]

HELD_OUT = 0.3
"""Share of each domain that a run keeps for scoring when its experiment does not say."""

LEAST_STEPS = 21
"""Steps that an epoch has at least: as many as one pass over 1,400 samples in batches of 64, so that 14 epochs are
about 300 steps. A network that has taken a tenth of them has learned next to nothing."""
LEAST_BATCH = 16
"""Samples to which a batch is lowered at most on little data; the statistics of fewer are noise."""


def plan_epoch(count: int, batch_size: int, least_steps: int) -> tuple[int, int]:
    """Plan an epoch over ``count`` samples: how many steps, and how many samples in each.

    Where one pass makes fewer than ``least_steps`` steps, the epoch has that many, in batches of an eighth of the
    samples (no more than ``batch_size``, no fewer than `LEAST_BATCH`). Samples left over wait for another epoch.
    """
    steps = max(1, count // batch_size)
    if steps >= least_steps:
        return steps, batch_size
    size = min(batch_size, max(LEAST_BATCH, count // 8))
    return max(least_steps, count // size), size


class DataSpec(Spec):
    """The domain pair. ``source`` and ``target`` are places of the user's own files and belong to ``files`` only."""

    what = "data set"
    name: str = "street"
    source: str | None = None
    target: str | None = None

    @property
    def places(self) -> list[str]:
        """The places of the user's own files."""
        return [place for place in (self.source, self.target) if place is not None]


class NetworkSpec(Spec):
    """The feature extractor, and a checkpoint (a state dict) to start from."""

    what = "network"
    name: str = "small_cnn"
    checkpoint: str | None = None


class HeadSpec(Spec):
    """The classifier on top of the features, and its settings.

    Without settings a file holds its name alone, spelt as in earlier versions: the `Experiment.key` stays the same.
    """

    what = "head"
    name: str = "linear"

    @model_serializer(mode="wrap", when_used="json")
    def _to_name(self, write: SerializerFunctionWrapHandler) -> Any:
        return write(self) if self.params else {"knn": "knn1"}.get(self.name, self.name)


def _steps(value: Any) -> Any:
    """Read “zscore_source,pca:20” as a list of steps, and “none” as one without any."""
    if not isinstance(value, str):
        return value
    return [step.strip() for step in value.split(",") if step.strip()] if value != "none" else []


Steps = Annotated[
    tuple[str, ...],
    BeforeValidator(_steps),
    PlainSerializer(lambda steps: ",".join(steps) or "none", return_type=str),
]
"""Steps by which rows of numbers are prepared, in their order, as `da_core.networks.preparation` reads them. In a link,
a file and on the command line they are written zscore_source,pca:20:both."""


class MethodSpec(Spec):
    """The method and its hyperparameters; those left out take the published defaults."""

    what = "method"
    name: str = "dann"


class TrainingSpec(Params):
    """Training settings; the same for source only, adapted and oracle, so that they can be compared."""

    epochs: int = hyper(14, ge=1, le=500, title="Epochs")
    """Passes over the source's training part. Small data sets are repeated within an epoch; see “Minimum steps per
    epoch”."""
    batch_size: int = hyper(64, ge=4, le=1024, title="Batch size")
    """Samples per domain in each step. Small data sets use an eighth of their samples, but at least 16."""
    least_steps: int = hyper(LEAST_STEPS, ge=1, le=1000, title="Minimum steps per epoch")
    """Small data sets are repeated in smaller batches until an epoch has this many steps: 14 epochs then take about 300
    steps at any size. 1 turns this off."""
    learning_rate: float = hyper(2e-3, gt=0, le=1, log=True, symbol="η", title="Learning rate")
    """Step size of the optimiser."""
    optimizer: Literal["adam", "sgd"] = hyper("adam", title="Optimiser")
    """Adam, or stochastic gradient descent with momentum 0.9."""
    schedule: Literal["constant", "annealed"] = hyper("annealed", title="Schedule")
    """Keep the learning rate constant, or anneal it as in the DANN paper: η/(1 + 10p)^0.75."""
    precision: Literal["float32", "bfloat16"] = hyper("float32", title="Numerical precision")
    """bfloat16 is faster on recent processors but slightly less precise."""


class UsualSpec(Params):
    """The default network, method and training settings for a domain pair."""

    network: NetworkSpec = NetworkSpec()
    prepare: Steps | None = None
    head: HeadSpec = HeadSpec()
    method: MethodSpec = MethodSpec()
    training: TrainingSpec = TrainingSpec()


class Experiment(Params):
    """Everything that determines a run's numbers. Two equal experiments are the same run."""

    replaces: ClassVar[dict[str, str]] = {
        "head=knn1": "head=knn",
        "network.scaling=by domain": "prepare=zscore_domain",
        "network.scaling=by source": "prepare=zscore_source",
    }
    """Names in links and files of earlier versions, and their new names, as in `to_flat`. A renamed class adds a line
    “method=old”: “method=new”, a renamed setting a line “method.old”: “method.new”."""

    data: DataSpec = DataSpec()
    network: NetworkSpec = NetworkSpec()
    prepare: Steps | None = None
    """Steps that prepare rows of numbers. None chooses them by the network: no steps, or the source's z-score for a
    network that trains."""
    head: HeadSpec = HeadSpec()
    method: MethodSpec = MethodSpec()
    training: TrainingSpec = TrainingSpec()
    seed: int = Field(0, ge=0, le=2**31 - 1)
    device: Device = "auto"
    target_split: float | None = Field(None, ge=0, lt=1)
    """Share of each domain held out for scoring; 0 trains and scores on everything. None chooses 0.3, or 0 for a
    network that has nothing to train."""
    source_per_class: int | None = Field(None, ge=1)
    """Training samples per source class; each seed draws a new set. None takes all."""
    oracle: bool = False
    third: DataSpec | None = None
    """A pair whose target is scored too, as a domain that no training has seen."""

    @model_validator(mode="before")
    @classmethod
    def _replace(cls, tree: Any) -> Any:
        """Rename what earlier versions wrote, by `replaces`."""
        if isinstance(tree, dict):
            tree = _copy(tree, levels=3)
            if isinstance(tree.get("head"), str):
                tree["head"] = {"name": tree["head"]}
            for former, new in cls.replaces.items():
                _replace_setting(tree, former.split("="), new.split("="))
        return tree

    @property
    def key(self) -> str:
        """Return a short name that is the same for the same experiment, on every machine.

        A setting of later versions is left out while it has its default, so that the runs of before are still found.
        """
        later: dict[str, Any] = {}
        if self.training.least_steps == LEAST_STEPS:
            later["training"] = {"least_steps"}
        for name in ("prepare", "source_per_class"):
            if getattr(self, name) is None:
                later[name] = True
        return hashlib.sha256(self.model_dump_json(exclude=later).encode()).hexdigest()[:16]

    @property
    def places(self) -> list[str]:
        """List every place of the user's own files that a run reads."""
        pairs = [self.data] if self.third is None else [self.data, self.third]
        named = [place for pair in pairs for place in pair.places]
        return named if self.network.checkpoint is None else [*named, self.network.checkpoint]

    def held_out(self, learns: bool) -> float:
        """Choose the share of each domain that is held out for scoring; ``learns``: whether the network is trained.

        Features that are used as they are leave only a head to fit, so they are fitted and scored on everything: each
        half of the domain that a head was fitted on by another head, fitted on the other half.
        """
        if self.target_split is not None:
            return self.target_split
        return HELD_OUT if learns else 0.0

    def to_flat(self) -> dict[str, str]:
        """List what differs from the defaults, by dotted names: the link's query and the command line's ``--set``."""
        flat: dict[str, str] = {}
        _flatten(self.model_dump(), Experiment().model_dump(), "", flat)
        return flat

    def with_settings(self, settings: dict[str, str]) -> Experiment:
        """Change settings, named as in `to_flat`; another method has none of the old one's. Raises `UserError`."""
        kept = {name: value for name, value in self.to_flat().items() if name.partition(".")[0] not in settings}
        return Experiment.from_flat(kept | settings)

    @classmethod
    def from_flat(cls, flat: dict[str, str]) -> Experiment:
        """Read what `to_flat` wrote. Values are read as JSON where they are JSON (numbers, booleans), else as text.

        Raises `UserError` for a name that does not exist or a value out of its bounds.
        """
        full = {name: _full_name(name) for name in flat}
        values = set(full.values())  # what has a value of its own holds no settings: one would push out the other
        tree: dict[str, Any] = {}
        for name, text in flat.items():
            *groups, leaf = full[name].split(".")
            if any(full[name].startswith(f"{value}.") for value in values):
                raise UserError("{of} has no setting called “{name}”; remove it.", of="experiment", name=shorten(name))
            node = tree
            for group in groups:
                node = node.setdefault(group, {})
            node[leaf] = _read(text)
        return cls.checked(tree)

    @classmethod
    def checked(cls, tree: Any) -> Experiment:
        """Validate a nested mapping, with `UserError` in place of pydantic's report."""
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise explained(error, "experiment", cls) from None

    @classmethod
    def from_json(cls, text: str | bytes) -> Experiment:
        """Read ``experiment.json``. Raises `UserError` if it is not one."""
        try:
            tree = json.loads(text)
        except _UNREADABLE as error:
            raise UserError("This is not an experiment file: it is not JSON ({detail}).", detail=error) from None
        match tree:  # one of a version whose MLP scaled by domain unless its settings said otherwise
            case {"device": _, "network": {"name": "mlp", "params": dict() as params}} if "prepare" not in tree:
                params.setdefault("scaling", "by domain")
        return cls.checked(tree)


_UNREADABLE = (ValueError, RecursionError)
"""What `json.loads` raises: also for a number of more digits than Python reads, and for brackets without end."""

_GROUPS: dict[str, type[Params]] = {
    "data": DataSpec,
    "network": NetworkSpec,
    "head": HeadSpec,
    "method": MethodSpec,
    "third": DataSpec,
}


def _full_name(name: str) -> str:
    """Write out ``method`` as ``method.name``, ``method.weight`` as ``method.params.weight``; others stay."""
    group, _, leaf = name.partition(".")
    if group in _GROUPS:
        if not leaf:
            return f"{group}.name"
        if leaf not in _GROUPS[group].model_fields:
            return f"{group}.params.{leaf}"
    return name


def _copy(tree: Any, levels: int) -> Any:
    """Copy the dictionaries of a tree, but none below some levels: a stranger's tree may be deep."""
    return {name: _copy(node, levels - 1) for name, node in tree.items()} if levels and type(tree) is dict else tree


def _replace_setting(tree: dict[str, Any], former: list[str], new: list[str]) -> None:
    """Move a former setting, with one value or with any, to its new name and value, unless that is set as well."""
    *groups, leaf = _full_name(former[0]).split(".")
    node: Any = tree
    for group in groups:
        node = node.get(group) if isinstance(node, dict) else None
    if not isinstance(node, dict) or leaf not in node or former[1:] not in ([], [node[leaf]]):
        return
    value = node.pop(leaf)
    *groups, leaf = _full_name(new[0]).split(".")
    for group in groups:
        tree = tree.setdefault(group, {})
    tree.setdefault(leaf, new[1] if new[1:] else value)


def _flatten(value: Any, default: Any, name: str, into: dict[str, str]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            inner = name if key == "params" or (key == "name" and name) else f"{name}.{key}".lstrip(".")
            _flatten(item, default.get(key) if isinstance(default, dict) else None, inner, into)
    elif value != default:
        # a text that would be read as something else, such as “null” or “1”, is quoted
        into[name] = value if _read(value) == value and isinstance(value, str) else json.dumps(value)


def _read(text: Any) -> Any:
    try:
        value = json.loads(text)
    except (*_UNREADABLE, TypeError):
        return text
    return value if isinstance(value, bool | int | float | str) or value is None else text
