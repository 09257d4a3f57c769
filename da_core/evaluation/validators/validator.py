"""Define the interface of a validator, and the parts of a model that it may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from da_core.params import Scalar
from da_core.registry import Registered, name_of

Labels = NDArray[np.int64]
Rows = NDArray[np.floating[Any]]


PredictMixed = Callable[[Labels, float], Rows]
"""Predicts class probabilities (n_t, c) of share · x_i + (1 − share) · x_partner(i), mixed as inputs, from the rows
``partner`` (n_t,) of the target and the share."""


@dataclass(frozen=True, eq=False)
class ModelOutputs:
    """Outputs of one model on samples that it was not trained on; there are no target labels here.

    Features (n, d) are the model's, after any map; probabilities are (n, c); ``source_labels`` (n_s,) class indices.
    ``source_inputs`` and ``target_inputs`` (n, e) are the samples themselves as rows of numbers, whatever the model.
    """

    source_features: Rows
    target_features: Rows
    source_probabilities: Rows
    target_probabilities: Rows
    source_labels: Labels
    source_inputs: Rows
    target_inputs: Rows
    predict_mixed: PredictMixed

    @property
    def source_right(self) -> NDArray[np.bool_]:
        """Tell which source samples (n_s,) the model has right."""
        right: NDArray[np.bool_] = self.source_probabilities.argmax(axis=1) == self.source_labels
        return right


class Validator(Registered, abstract=True):
    """Says how good a model is; higher is better for every one. ``seed`` drives whatever is random in it.

    ``formula`` is what it computes, ``fails`` in one sentence where it picks the wrong model.
    """

    paper: ClassVar[str]
    formula: ClassVar[str]
    fails: ClassVar[str]
    link: ClassVar[str] = ""
    """Where the paper is; empty where none is known surely."""
    labels: ClassVar[Literal["none", "few", "all"]] = "none"
    """How many of the target's labels it needs."""
    is_share: ClassVar[bool] = False
    """Whether its score is a share of samples, or estimates one, and is written in per cent."""
    cost: ClassVar[str] = ""
    """What choosing by it costs in honesty; one that costs anything is locked until it is asked for."""

    def __init__(self, *, seed: int = 0, **hyperparameters: Scalar) -> None:
        super().__init__(**hyperparameters)
        self.seed = seed

    @classmethod
    def name(cls) -> str:
        """Return the name that files and the command line know it by: its module's."""
        return name_of(cls)


class UnlabelledValidator(Validator, abstract=True):
    """Sees what a method may see."""

    def score(self, outputs: ModelOutputs) -> float:
        """Score a model; higher is better. Raises `UserError` where it cannot be applied."""
        raise NotImplementedError


class LabelledValidator(Validator, abstract=True):
    """Sees target samples with their labels, and nothing else."""

    is_share = True

    def score(self, probabilities: Rows, labels: Labels) -> float:
        """Compute the share of labelled target samples whose class the probabilities (n, c) have right."""
        return float((probabilities.argmax(axis=1) == labels).mean())
