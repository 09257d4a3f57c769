"""Made-up outputs of models for tests of validators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.evaluation.validators.validator import Labels, ModelOutputs, Rows


def softmax_of(classes: NDArray[np.integer[Any]], count: int, sure: float = 4.0) -> Rows:
    """Make probabilities (n, count) of a model that says ``classes`` (n,) and is so ``sure`` of them."""
    P: Rows = np.exp(sure * np.eye(count)[classes])
    even: Rows = P / P.sum(axis=1, keepdims=True)
    return even


def outputs(
    *,
    Ps: Rows | None = None,
    Pt: Rows | None = None,
    ys: Labels | None = None,
    Fs: Rows | None = None,
    Ft: Rows | None = None,
    Xs: Rows | None = None,
    Xt: Rows | None = None,
    mixed: Rows | None = None,
) -> ModelOutputs:
    """Make a model's outputs of what a test cares for; the rest is there and says nothing. Inputs stand for features.

    ``mixed`` (n_t, c) is what it says of mixtures, whatever they are.
    """
    rng = np.random.default_rng(0)
    Pt = softmax_of(np.arange(12) % 2, 2) if Pt is None else Pt
    Ps = softmax_of(np.arange(12) % 2, Pt.shape[1]) if Ps is None else Ps
    ys = Ps.argmax(axis=1) if ys is None else ys
    Fs = rng.normal(size=(len(Ps), 2)) if Fs is None else Fs
    Ft = rng.normal(size=(len(Pt), 2)) if Ft is None else Ft
    answer = Pt if mixed is None else mixed
    return ModelOutputs(
        source_features=Fs,
        target_features=Ft,
        source_probabilities=Ps,
        target_probabilities=Pt,
        source_labels=ys,
        source_inputs=Fs if Xs is None else Xs,
        target_inputs=Ft if Xt is None else Xt,
        predict_mixed=lambda partner, share: answer,
    )
