"""SKADA-bench's four simulated shifts over every shallow method that is here, beside the published accuracies.

    python -m tests.bench.skada_bench [--methods coral kmm] [--seeds 5] [--splits 5]

The data are the benchmark's own (`make_shifted_datasets` with its arguments), and so are the five seeds, the five
random splits of both domains in 80 % to learn from and 20 % to score on, and the head, an SVC with its defaults (RBF).
Target labels are used for scoring alone and, in the row “trained on target”, for the ceiling.
Needs tests/requirements.txt.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.errors import UserError
from da_core.methods import methods
from da_core.methods.base import (
    ClassifierAdaptation,
    FeatureAlignment,
    FixedFeatures,
    Method,
    ModelAdaptation,
    Predictions,
    Reweighting,
)
from da_core.networks.heads import FittedHead, cross_fitted, fit_head

SHIFTS: dict[str, dict[str, Any]] = {
    "covariate": {"shift": "covariate_shift", "noise": 0.6},
    "label": {"shift": "target_shift", "noise": 0.8},
    "concept": {"shift": "conditional_shift", "noise": 0.8},
    "subspace": {"shift": "subspace", "noise": 0.4, "n_samples_source": 300, "n_samples_target": 300},
}
"""The arguments in which the four differ; the benchmark calls the third one concept drift."""
ALIKE = 0.03
SHALLOW = FeatureAlignment | Reweighting | ClassifierAdaptation
"""Kinds that work on fixed features."""

PUBLISHED: dict[str, tuple[float | None, ...]] = {
    "source_only": (0.881, 0.850, 0.662, 0.190),
    "trained on target": (0.915, 0.932, 0.817, 0.985),
    "kernel_density": (0.894, 0.869, 0.67, 0.20),
    "gaussian": (0.891, 0.863, 0.65, 0.21),
    "kliep": (0.888, 0.878, 0.66, 0.20),
    "kmm": (0.890, 0.875, 0.67, 0.19),
    "nearest_neighbours": (0.886, 0.858, 0.67, 0.15),
    "domain_classifier": (0.896, None, None, None),
    "target_shift": (0.880, 0.932, 0.659, 0.267),
    "coral": (0.742, 0.838, 0.815, 0.187),
    "linear_ot": (0.893, 0.810, 0.814, 0.190),
    "subspace_alignment": (0.742, 0.812, 0.801, 0.134),
    "optimal_transport": (0.868, 0.634, 0.815, 0.143),
    "sinkhorn": (0.893, 0.612, 0.815, 0.474),
    "class_regularised_ot": (0.913, 0.594, 0.815, 0.152),
    "tca": (0.40, 0.46, 0.50, 0.58),
    "jpca": (0.881, 0.853, 0.662, 0.190),
    "tsl": (0.881, 0.846, 0.664, 0.857),
    "mmd_ls": (0.881, 0.850, 0.814, 0.729),
    "ot_label_propagation": (0.904, 0.760, 0.814, 0.142),
    "jdot": (0.720, 0.574, 0.818, 0.132),
    "dasvm": (0.890, 0.857, 0.640, 0.123),
}
"""SKADA-bench, simulated data, supervised choice of hyperparameters; two digits where no third one is published.
The domain classifier's figure is that of the ratio the right way up; the published one (.86) has it upside down."""

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "coral, not centred": ("coral", {"center": False}),
    "subspace_alignment d=1": ("subspace_alignment", {"dimensions": 1, "standardise": False}),
    "sinkhorn ε=10": ("sinkhorn", {"epsilon": 10.0}),
    "class_reg._ot ε=10": ("class_regularised_ot", {"epsilon": 10.0}),
    "tsl d=1 μ=100": ("tsl", {"dimensions": 1, "mu": 100.0}),
    "mmd_ls λ=1000": ("mmd_ls", {"regularisation": 1000.0}),
    "mmd_ls σ=½, turned": ("mmd_ls", {"bandwidth": 0.5, "turned": True}),
    "ot_label_prop. cosine": ("ot_label_propagation", {"distance": "cosine", "epsilon": 4.0}),
    "jdot α=30": ("jdot", {"alpha": 30.0}),
}
"""Settings from the benchmark's grids under which a published figure that the defaults miss comes about."""
SKADAS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "skada's exact OT": ("optimal_transport", "OTMappingAdapter", {}),
    "skada's MMD-LS γ=.1": ("mmd_ls", "MMDLSConSMappingAdapter", {"gamma": 0.1}),
    "skada's MMD-LS γ=1": ("mmd_ls", "MMDLSConSMappingAdapter", {"gamma": 1.0}),
    "skada's MMD-LS γ=10": ("mmd_ls", "MMDLSConSMappingAdapter", {"gamma": 10.0}),
}
"""skada's own code beside ours, where a published figure does not come about with either."""

WHY = """\
Why some figures differ by more than .03
- The published figures choose hyperparameters, centring and even the head for each shift apart, with labelled target
  samples (the benchmark's “supervised” scorer): each is the best of a grid. Ours are the defaults, chosen with no look
  at these data, and the head is the SVC. The rows with a setting in their name show where a figure comes from:
- CORAL: its grid has the source centred or not. Not centred, a label shift costs nothing (.84) and a concept shift is
  not mended (.66); centred it is the other way round. One default cannot have both; ours centres, because a network's
  features differ in their means most of all. Linear OT's grid has the same choice (“bias”), and so does its figure.
- Sinkhorn, class-regularised OT: their grids begin at ε = 1, in plain or other units. With so much entropy every source
  sample goes to the target's mean and the head decides by what little is left: good on the covariate shift and on the
  subspace shift, where the target is the source turned by 180° and hardly anything is better than something.
- Exact OT has nothing to choose. Our plan is POT's (a test holds them together), and skada's own, with this SVC on
  these splits, scores as ours does; the published .868 and .634 do not come about with it.
- Subspace alignment: on the label shift one direction (d = 1) does better than both, which only target labels tell.
- TCA: skada solves a problem that is not symmetric with a solver for symmetric ones, and scores below chance.
- Label shift: transport, linear maps and whole-domain projections match means and masses, class proportions included.
- Subspace: no weighting of the source can mend a turn; weights only decide how wrong the classifier is.
- Class-balance methods assume a label shift and read any other one as changed proportions. TarS's published figure on
  the concept shift is just source only's.
- TSL: with both directions nothing can be dropped, and its figures are source only's. One direction (d = 1), with the
  densities' difference weighing most, finds the one that both domains share on the subspace shift; skada's Fisher term
  asks for classes that lie together, so that its own weight hardly matters. On the other shifts that costs .05 to .07,
  so no one setting has all four figures.
- Location-scale MMD: on the covariate and label shifts the published figures are source only's, which a map that hardly
  moves has (λ = 1000). Ours moves classes to make up for proportions, and so does skada's own (its rows, with the
  widths of the benchmark's grid). On the subspace shift a wide kernel's descent ends with the classes exchanged, and a
  narrow one's finds the turn by 180° in some draws: the published .73 is a mean of both. With a start that is turned
  already, and half the width, ours finds it in all.
- OT label propagation: cosine distances with much entropy give the published figures on the covariate and label shifts,
  the exact plan for squared distances those on the other two.
- DASVM follows the source's wrong labels on the subspace shift, somewhat less with small steps. The default,
  ρ = .005, is skada's step of 3 samples among 640.
- JDOT follows them, too: with α = 1, the paper's and our default, labels weigh more than in skada, which does
  not divide distances by the largest one. α = 30 has all four figures.
- The domain classifier's figure is that of the ratio the right way up; skada's (.86, .84, .73, .23) has it upside down.

What was reached with which setting: covariate, label, concept, subspace; five seeds of five splits
- TSL, published .881 .846 .664 .857: by default .881 .851 .661 .189; with d = 1, μ = 100 .815 .799 .597 .857. The first
  three by default, the last one with d = 1, all four with no one setting.
- JDOT, published .720 .574 .818 .132: by default .757 .593 .812 .052; with α = 30 .723 .601 .816 .128, all four. α = 10
  has .735 on the covariate shift and .087 on the subspace shift.
- DASVM, published .890 .857 .640 .123: by default .890 .863 .648 .126, all four; with ρ = .02 .889 .862 .643 .089.
"""


@dataclass(frozen=True)
class Split:
    """What a method sees, and what it is scored on."""

    Xs: NDArray[np.float64]
    ys: NDArray[np.int64]
    Xt: NDArray[np.float64]
    yt: NDArray[np.int64]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.int64]


def splits(shift: str, seed: int, count: int) -> Iterator[Split]:
    """The benchmark's random splits of one of its data sets."""
    from skada.datasets import make_shifted_datasets
    from skada.model_selection import StratifiedDomainShuffleSplit

    given = {"n_samples_source": 100, "n_samples_target": 100, "center_cov_shift": (-0.4, 3)} | SHIFTS[shift]
    X, y, domain = make_shifted_datasets(label="binary", random_state=seed, **given)
    source = domain > 0
    cut = StratifiedDomainShuffleSplit(n_splits=5, test_size=0.2, random_state=0)
    for train, test in list(cut.split(X, y, domain))[:count]:
        s, t, scored = train[source[train]], train[~source[train]], test[~source[test]]
        yield Split(X[s], y[s], X[t], y[t], X[scored], y[scored])


def predictions(split: Split, folds: int = 5) -> Predictions:
    """By the source-only head: on source samples out of folds, on the target by the whole of it."""
    Ps = cross_fitted("svm", split.Xs, split.ys, np.random.default_rng(0).permutation(len(split.ys)) % folds)
    return Predictions(split.ys, Ps, fit_head("svm", split.Xs, split.ys).predict_proba(split.Xt))


def accuracy(method: Method | None, split: Split) -> float:
    """On the held-out target samples; of source only where there is no method."""
    if isinstance(method, ClassifierAdaptation):
        return adapted(method, split)
    y, weights = split.ys, None
    X: NDArray[np.floating] = split.Xs
    X_test: NDArray[np.floating] = split.X_test
    if isinstance(method, FeatureAlignment):
        method.fit(split.Xs, split.Xt, split.ys)
        X, X_test = method.map_source(split.Xs), method.map_target(split.X_test)
    elif isinstance(method, Reweighting):
        weights = method.weights(split.Xs, split.Xt, split.ys, predictions(split))
    try:
        right = fit_head("svm", X, y, weights).predict(X_test) == split.y_test
    except UserError:  # one class has all the weight, so that class is the answer
        right = split.y_test == np.bincount(y, weights).argmax()
    return float(np.mean(right))


def adapted(method: ClassifierAdaptation, split: Split) -> float:
    """Accuracy of the classifier that a method makes for the target, with the same head."""

    def fit(X: NDArray[Any], y: NDArray[np.int64], weights: NDArray[Any] | None = None) -> FittedHead:
        return fit_head("svm", X, y, weights, class_count=2)

    none = np.empty((0, split.Xt.shape[1])), np.empty(0, np.int64)
    classifier = method.adapt_classifier(FixedFeatures(split.Xs, split.ys, split.Xt, *none, 2, fit))
    return float((classifier.predict(split.X_test) == split.y_test).mean())


def skadas(adapter: str, settings: dict[str, Any], split: Split) -> float:
    """Accuracy of one of skada's own adapters with the same head."""
    import skada
    from sklearn.svm import SVC

    count_s, count_t = len(split.Xs), len(split.Xt)
    pipeline = skada.make_da_pipeline(getattr(skada, adapter)(**settings), SVC())
    y = np.concatenate([split.ys, np.full(count_t, -1)])  # the target's labels are masked
    pipeline.fit(np.concatenate([split.Xs, split.Xt]), y, sample_domain=np.repeat([1, -2], [count_s, count_t]))
    predicted = pipeline.predict(split.X_test, sample_domain=np.full(len(split.X_test), -2))
    return float((predicted == split.y_test).mean())


def scored(name: str, split: Split) -> float:
    """The accuracy of one row of the table on one split."""
    match name:
        case "source_only":
            return accuracy(None, split)
        case "trained on target":
            return float((fit_head("svm", split.Xt, split.yt).predict(split.X_test) == split.y_test).mean())
        case _ if name in SKADAS:
            return skadas(*SKADAS[name][1:], split)
        case _:
            method, chosen = VARIANTS.get(name, (name, {}))
            return accuracy(methods()[method](**chosen), split)


def main() -> None:
    shallow = [name for name, m in methods().items() if issubclass(m, SHALLOW) and not issubclass(m, ModelAdaptation)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=shallow, default=shallow)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--splits", type=int, default=5)
    given = parser.parse_args()
    print(f"{'':22}" + "".join(f"{shift + ': ours, theirs, diff.':>30}" for shift in SHIFTS) + f"{'seconds':>10}")
    why = [name for name, (method, _) in VARIANTS.items() if method in given.methods]
    why += [name for name, (method, _, _) in SKADAS.items() if method in given.methods]
    for name in ["source_only", "trained on target", *given.methods, *why]:
        started, line = time.perf_counter(), f"{name:22}"
        for shift, published in zip(SHIFTS, PUBLISHED.get(name, (None,) * 4), strict=True):
            parts = (split for seed in range(given.seeds) for split in splits(shift, seed, given.splits))
            ours = float(np.mean([scored(name, split) for split in parts]))
            line += f"{ours:18.3f}"
            if published is None:
                line += f"{'–':>12}"
            else:
                line += f"{published:5.2f}{ours - published:+6.3f}" + ("*" if abs(ours - published) > ALIKE else " ")
        print(f"{line}{time.perf_counter() - started:10.1f}", flush=True)
    print("\n* differs by more than .03\n")
    print(WHY)


if __name__ == "__main__":
    main()
