"""The computed picture of each lesson: what a method does to a toy problem, made once by a command.

    python -m da_core.teaching.lesson_figure            # of every method
    python -m da_core.teaching.lesson_figure coral tca  # of some

writes ``assets/lessons/pictures/<method>.json``, a few kilobytes each, so that a lesson opens at once.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from da_core.errors import UserError
from da_core.params import Scalar
from da_core.teaching import toy_problems
from da_core.teaching.toy_problems import Labels, Points, ToyProblem

if TYPE_CHECKING:
    import torch

    from da_core.methods.base import DeepAlignment, FeatureAlignment, Method, ModelAdaptation, Reweighting
    from da_core.networks.extractor import Network

COMMAND = "python -m da_core.teaching.lesson_figure"
FOLDER = Path(__file__).parents[2] / "assets" / "lessons" / "pictures"
SHOWN = 80
"""Samples a domain that are drawn."""
SIDE = 60
"""Cells of the decision regions along one side."""
EPOCHS, BATCH, LEARNING_RATE = 150, 60, 5e-3
"""How networks are trained on a toy: 600 steps, one to three seconds."""

Classify = Callable[[Points], Labels]


class Panel(BaseModel):
    """One half of the picture. Places are thousandths of the panel's width and height, x and y in turn."""

    model_config = ConfigDict(frozen=True)

    source: list[int]
    target: list[int]
    regions: list[int] = []
    """What the classifier says of each cell, row by row from below: a class, how many cells, the next class …

    Empty where the panel is a projection, for which there is no such map.
    """
    dimensions: int = 2
    accuracy: float
    """Share of the domain's samples that the classifier gets right."""
    domain: Literal["source", "target"] = "target"
    """Whose samples are counted."""


class Picture(BaseModel):
    """Before and after, on the same samples."""

    model_config = ConfigDict(frozen=True)

    toy: str
    view: str
    """How to read it: “moved” points, “weighted” points, “trained” again, “adapted” model, “floor” or “ceiling”."""
    settings: dict[str, Scalar]
    """Hyperparameters other than the published ones."""
    source_label: list[int]
    target_label: list[int]
    before: Panel
    after: Panel
    weights: list[float] = []
    proportions: list[list[float]] = []
    """Class proportions of source, weighted source and target, where the shift is one of proportions."""
    few: list[int] = []
    """Which of the drawn target samples the method knew the labels of."""


def read(method: str) -> Picture:
    """The picture of a method's lesson. Raises `OSError` if it has not been made."""
    return _read(FOLDER / f"{method}.json")


@functools.lru_cache(maxsize=128)
def _read(file: Path) -> Picture:
    return Picture.model_validate_json(file.read_bytes())


def write(picture: Picture, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(picture.model_dump(exclude_defaults=True), separators=(",", ":"), ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def compute(method: type[Method]) -> Picture:
    """Let a method loose on its toy."""
    from da_core.methods.base import DeepAlignment, FeatureAlignment, ModelAdaptation, Reweighting

    choice = toy_problems.chosen(method.name(), method.kind)
    toy, ready = toy_problems.make(choice.toy), method(seed=0, **choice.params)
    match ready:
        case FeatureAlignment():
            found = _moved(ready, toy)
        case Reweighting():
            found = _weighted(ready, toy)
        case DeepAlignment():
            found = _trained(ready, toy)
        case ModelAdaptation():
            found = _adapted(ready, toy)
        case _:
            found = _yardstick(method.name(), toy)
    labels = {"source_label": toy.ys[:SHOWN].tolist(), "target_label": toy.yt[:SHOWN].tolist()}
    return Picture(toy=choice.toy, settings=choice.params, **labels, **found)


# On fixed points -----------------------------------------------------------------------------------------------------


def _moved(method: FeatureAlignment, toy: ToyProblem) -> dict[str, Any]:
    method.fit(toy.Xs, toy.Xt, toy.ys)
    Zs: Points = np.asarray(method.map_source(toy.Xs), dtype=np.float64)
    Zt: Points = np.asarray(method.map_target(toy.Xt), dtype=np.float64)
    stays = Zt.shape == toy.Xt.shape and (np.allclose(Zt, toy.Xt) or np.allclose(Zs, toy.Xs))
    shared = _box(toy.Xs, toy.Xt, Zs, Zt) if stays and toy.Xs.shape[1] == 2 else None
    return {
        "view": "moved",
        "before": _panel(toy.Xs, toy.Xt, toy.yt, _linear(toy.Xs, toy.ys), shared),
        "after": _panel(Zs, Zt, toy.yt, _linear(Zs, toy.ys), shared),
    }


def _weighted(method: Reweighting, toy: ToyProblem) -> dict[str, Any]:
    from da_core.methods.base import Predictions
    from da_core.networks.heads import cross_fitted, fit_head

    Ps = cross_fitted("linear", toy.Xs, toy.ys, folds=np.arange(len(toy.ys)) % 2)
    Pt = fit_head("linear", toy.Xs, toy.ys).predict_proba(toy.Xt)
    predictions = Predictions(toy.ys, Ps, Pt)
    weights: Points = np.asarray(method.weights(toy.Xs, toy.Xt, toy.ys, predictions), dtype=np.float64)
    box = _box(toy.Xs, toy.Xt)
    found: dict[str, Any] = {
        "view": "weighted",
        "before": _panel(toy.Xs, toy.Xt, toy.yt, _linear(toy.Xs, toy.ys), box),
        "after": _panel(toy.Xs, toy.Xt, toy.yt, _linear(toy.Xs, toy.ys, weights), box),
        "weights": [round(float(weight), 3) for weight in weights[:SHOWN]],
    }
    if toy_problems.chosen(method.name(), method.kind).toy == "proportions":
        counted = (np.bincount(toy.ys), np.bincount(toy.ys, weights), np.bincount(toy.yt))
        found["proportions"] = [[round(float(share), 3) for share in c / c.sum()] for c in counted]
    return found


def _linear(X: Points, y: Labels, weights: Points | None = None) -> Classify:
    from da_core.networks.heads import fit_head

    return fit_head("linear", X, y, weights).predict


# With a network ------------------------------------------------------------------------------------------------------


def _trained(method: DeepAlignment, toy: ToyProblem) -> dict[str, Any]:
    trained = _fitted(toy.Xs, toy.ys)
    before = _classifier(trained)
    after = _classifier(_fitted(toy.Xs, toy.ys, method, toy.Xt, trained))
    return {"view": "trained", **_both(toy, before, after)}


def _adapted(method: ModelAdaptation, toy: ToyProblem) -> dict[str, Any]:
    from da_core.methods.base import AdaptationData

    network = _fitted(toy.Xs, toy.ys, normalised=True)
    before = _panel(toy.Xs, toy.Xt, toy.yt, _classifier(network), _box(toy.Xs, toy.Xt))
    few = [row for label in np.unique(toy.yt) for row in np.flatnonzero(toy.yt == label)[: method.few_per_class()]]
    both = _inputs(toy.Xs), _labels(toy.ys), _inputs(toy.Xt)
    data = AdaptationData(*both, _inputs(toy.Xt[few]), _labels(toy.yt[few]))
    method.check(network, data)
    for _losses in method.adapt(network, data):
        pass
    after = _panel(toy.Xs, toy.Xt, toy.yt, _classifier(network), _box(toy.Xs, toy.Xt))
    return {"view": "adapted", "before": before, "after": after, "few": [int(row) for row in few if row < SHOWN]}


def _yardstick(name: str, toy: ToyProblem) -> dict[str, Any]:
    before = _classifier(_fitted(toy.Xs, toy.ys))
    if name == "oracle":
        return {"view": "ceiling", **_both(toy, before, _classifier(_fitted(toy.Xt, toy.yt)))}
    both = _both(toy, before, before)
    on_source = {"target": [], "accuracy": _right(before, toy.Xs, toy.ys), "domain": "source"}
    return {
        "view": "floor",
        "before": both["before"].model_copy(update=on_source),
        "after": both["after"].model_copy(update={"source": []}),
    }


def _both(toy: ToyProblem, before: Classify, after: Classify) -> dict[str, Panel]:
    box = _box(toy.Xs, toy.Xt)
    return {
        "before": _panel(toy.Xs, toy.Xt, toy.yt, before, box),
        "after": _panel(toy.Xs, toy.Xt, toy.yt, after, box),
    }


def _fitted(
    X: Points,
    y: Labels,
    method: DeepAlignment | None = None,
    target: Points | None = None,
    trained: Network | None = None,
    normalised: bool = False,
) -> Network:
    """A small network trained by the app's own loop; with a ``method``, on the target's points as well.

    A method with a target encoder of its own starts from ``trained``, the source's network.
    """
    import torch

    from da_core.experiment import TrainingSpec
    from da_core.training.loop import train
    from da_core.training.model import Labelled

    network = _network(int(y.max()) + 1, normalised)
    if method is None or not method.target_encoder:
        trained = None
    if trained is not None:
        network.load_state_dict(trained.state_dict())
    spec = TrainingSpec(epochs=EPOCHS, batch_size=BATCH, learning_rate=LEARNING_RATE)
    told = train(
        network,
        Labelled(_inputs(X), _labels(y)),
        phase="source_only" if method is None else "adapt",
        spec=spec,
        seed=0,
        method=method,
        target=None if target is None else _inputs(target),
        source_network=trained,
    )
    for _event in told:
        pass
    assert all(torch.isfinite(weight).all() for weight in network.parameters())
    return network


def _network(class_count: int, normalised: bool) -> Network:
    """Two hidden layers of 32; with batch normalisation for the methods that adapt its statistics."""
    import torch
    from torch import nn

    from da_core.networks.extractor import Network

    def layer(size: int) -> list[nn.Module]:
        return [nn.Linear(size, 32), *([nn.BatchNorm1d(32)] if normalised else []), nn.ReLU()]

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Network(nn.Sequential(*layer(2), *layer(32)), 32, class_count)


def _classifier(network: Network) -> Classify:
    """What a network says now: a copy, for a method may change it later."""
    import copy

    import torch

    frozen = copy.deepcopy(network).eval()

    def classify(X: Points) -> Labels:
        with torch.inference_mode():
            found: Labels = frozen(_inputs(X)).argmax(1).numpy()
        return found

    return classify


def _inputs(X: Points) -> torch.Tensor:
    import torch

    return torch.tensor(X, dtype=torch.float32)


def _labels(y: Labels) -> torch.Tensor:
    import torch

    return torch.tensor(y, dtype=torch.int64)


# Panels --------------------------------------------------------------------------------------------------------------


def _panel(Xs: Points, Xt: Points, yt: Labels, classify: Classify, box: NDArray[np.float64] | None = None) -> Panel:
    """``box`` is [[left, below], [right, above]]; without one the panel is filled."""
    Ps, Pt = _plane(Xs, Xt)
    if box is None:
        box = _box(Ps, Pt, square=False)
    regions: list[int] = []
    if Xs.shape[1] == 2:
        across, up = (np.linspace(low, high, 2 * SIDE + 1)[1::2] for low, high in box.T)
        cells = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        regions = _runs(classify(cells))
    return Panel(
        source=_placed(Ps, box),
        target=_placed(Pt, box),
        regions=regions,
        dimensions=Xs.shape[1],
        accuracy=_right(classify, Xt, yt),
    )


def _right(classify: Classify, X: Points, y: Labels) -> float:
    return round(float((classify(X) == y).mean()), 4)


def _runs(values: Labels) -> list[int]:
    """Equal neighbours as pairs of value and count."""
    starts = np.flatnonzero(np.diff(values, prepend=-1))
    return [int(x) for pair in zip(values[starts], np.diff(starts, append=len(values)), strict=True) for x in pair]


def _plane(Xs: Points, Xt: Points) -> tuple[Points, Points]:
    """Both domains in one plane: as they are, or on their first two principal components, or a line spread out."""
    both = np.concatenate([Xs, Xt])
    if both.shape[1] == 1:
        both = np.c_[both, np.std(both) * np.random.default_rng(0).uniform(-1, 1, len(both))]
    elif both.shape[1] > 2:
        centred = both - both.mean(axis=0)
        axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
        axes *= np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[:, None]  # else the sign is left to chance
        both = centred @ axes.T
    return both[: len(Xs)], both[len(Xs) :]


def _box(*clouds: Points, square: bool = True) -> NDArray[np.float64]:
    everything = np.concatenate(clouds)
    low, high = everything.min(axis=0), everything.max(axis=0)
    half = (high - low) / 2 * 1.08
    if square:
        half = np.full(2, half.max())
    return np.stack([(low + high) / 2 - half, (low + high) / 2 + half])


def _placed(P: Points, box: NDArray[np.float64]) -> list[int]:
    thousandths: NDArray[np.float64] = 1000 * (P[:SHOWN] - box[0]) / (box[1] - box[0])
    return [int(place) for place in thousandths.round().ravel()]


def main(names: list[str]) -> int:
    """Make the pictures of the methods named, or of all. Returns 1 if one could not be made."""
    from da_core.methods import methods
    from da_core.registry import pick

    failed = False
    for name in names or [name for name in methods() if name not in toy_problems.ON_PICTURES]:
        begun = time.perf_counter()
        try:
            picture = compute(pick(methods(), name, "method"))
        except UserError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
            continue
        write(picture, name)
        size = (FOLDER / f"{name}.json").stat().st_size / 1024
        print(
            f"{name:24} {picture.before.accuracy:6.1%} → {picture.after.accuracy:6.1%}   "
            f"{size:4.1f} KiB   {time.perf_counter() - begun:4.1f} s"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
