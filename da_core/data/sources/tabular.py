"""Split small tables of scikit-learn by one of their own columns: a selection bias, made on purpose.

Which domain a row goes to is drawn from that column alone, so P(y | x) is the same in both: covariate shift, as in
Huang et al., “Correcting sample selection bias by unlabeled data”, NIPS 2006, section 4.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.data.pair import Domain, DomainPair
from da_core.data.source import DataSource
from da_core.experiment import NetworkSpec, TrainingSpec, UsualSpec
from da_core.params import hyper

Rows = NDArray[np.float32]
Labels = NDArray[np.int64]

FEWEST = 8
"""Rows of each class that either domain has at least, however sharply the column splits them."""


class Sharpness(params.Params):
    """The sharpness of the split; a table adds the column that splits."""

    sharpness: float = hyper(8.0, ge=0, le=40, step=1, symbol="k", title="Split sharpness")
    """Larger values split the rows more sharply: 0 assigns them at random, 40 almost cuts at the median."""
    column: str


def column_setting(default: str) -> Any:
    """Declare the hyperparameter that says which column splits the rows."""
    return hyper(
        default,
        title="Split by",
        help="Rows with low values tend to be in the source, rows with high values in the target.",
    )


class Table(DataSource, abstract=True):
    """A table of measurements; rows with a low value of ``params.column`` tend to be source, with a high one target."""

    area = "features"
    shift = "covariate"
    kind = "features"
    usual = UsualSpec(network=NetworkSpec(name="mlp"), training=TrainingSpec(epochs=100))
    params: Sharpness
    classes: tuple[str, ...]
    columns: tuple[str, ...]

    def load(self, seed: int) -> DomainPair:
        rng = np.random.default_rng([seed, 0x7AB1E])
        X, y = self.rows(rng)
        in_target = split_by_column(X[:, self.columns.index(self.params.column)], y, self.params.sharpness, rng)
        source, target = Domain("low", X[~in_target], y[~in_target]), Domain("high", X[in_target], y[in_target])
        return self.pair(source, target, self.classes, columns=self.columns)

    def rows(self, rng: np.random.Generator) -> tuple[Rows, Labels]:
        """Return all rows (n, d) in the units of the table, and their classes (n,)."""
        raise NotImplementedError


class Wine(Table):
    """178 wines of one region of Italy from three cultivars, by chemical analysis."""

    name = "wine"
    title = "Wines"
    summary = "The grape of 178 wines from a chemical analysis; the target's wines contain more of one substance."
    classes = ("grape 1", "grape 2", "grape 3")
    columns = (
        "alcohol",
        "malic acid",
        "ash",
        "alkalinity",
        "magnesium",
        "phenols",
        "flavanoids",
        "other phenols",
        "proanthocyanins",
        "colour intensity",
        "hue",
        "protein",
        "proline",
    )
    origin = (
        "“Wine” by Aeberhard and Forina, UCI Machine Learning Repository, 1992, from scikit-learn; split by this "
        "project's code."
    )
    licence = "CC BY 4.0."

    class Params(Sharpness):
        column: Literal["malic acid", "alcohol", "magnesium", "phenols", "hue"] = column_setting("malic acid")

    params: Params

    def rows(self, rng: np.random.Generator) -> tuple[Rows, Labels]:
        from sklearn.datasets import load_wine

        X, y = load_wine(return_X_y=True)
        return X.astype(np.float32), y.astype(np.int64)


class BreastCancer(Table):
    """569 tumours, by ten measures of their cells' nuclei: the mean of each, of thirty numbers in the original."""

    name = "cancer"
    title = "Breast tumours"
    summary = "Malignant or benign, from the cell nuclei under a microscope; in the target one measure is larger."
    classes = ("malignant", "benign")
    columns = (
        "radius",
        "texture",
        "perimeter",
        "area",
        "smoothness",
        "compactness",
        "concavity",
        "concave points",
        "symmetry",
        "fractal dimension",
    )
    origin = (
        "“Breast Cancer Wisconsin (Diagnostic)” by Wolberg, Mangasarian, Street and Street, UCI Machine Learning "
        "Repository, 1995, from scikit-learn: the ten means; split by this project's code."
    )
    licence = "CC BY 4.0."

    class Params(Sharpness):
        column: Literal["concavity", "radius", "texture", "smoothness", "symmetry"] = column_setting("concavity")

    params: Params

    def rows(self, rng: np.random.Generator) -> tuple[Rows, Labels]:
        from sklearn.datasets import load_breast_cancer

        X, y = load_breast_cancer(return_X_y=True)
        return X[:, : len(self.columns)].astype(np.float32), y.astype(np.int64)


class Diabetes(Table):
    """442 patients; the class is whether the disease got on faster within a year than in half of them."""

    name = "diabetes"
    title = "Diabetes patients"
    summary = "Whether a patient's diabetes progresses fast; in the target one measure is higher."
    classes = ("slow", "fast")
    columns = (
        "age",
        "sex",
        "body mass index",
        "blood pressure",
        "cholesterol",
        "LDL",
        "HDL",
        "cholesterol / HDL",
        "log triglycerides",
        "blood sugar",
    )
    origin = (
        "442 patients of Efron, Hastie, Johnstone and Tibshirani, “Least Angle Regression”, Annals of Statistics, "
        "2004, from scikit-learn. The class is progression above or below the median; split by this project's code."
    )
    licence = "Published by the authors with their paper; no licence is stated."

    class Params(Sharpness):
        column: Literal["cholesterol / HDL", "age", "body mass index", "blood pressure", "blood sugar"] = (
            column_setting("cholesterol / HDL")
        )

    params: Params

    def rows(self, rng: np.random.Generator) -> tuple[Rows, Labels]:
        from sklearn.datasets import load_diabetes

        X, progression = load_diabetes(return_X_y=True, scaled=False)
        return X.astype(np.float32), (progression > np.median(progression)).astype(np.int64)


def split_by_column(column: Rows, y: Labels, sharpness: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw which rows (n,) are target, with probability 1 / (1 + exp(−k (r − ½))), r the row's rank as a share.

    A class of which one side has too few rows gives it those nearest to it. Equal values are ranked at random.
    """
    shuffled = rng.permutation(len(column))
    rank = np.empty(len(column))
    rank[shuffled[column[shuffled].argsort(kind="stable")]] = (np.arange(len(column)) + 0.5) / len(column)
    in_target = rng.random(len(column)) < 1 / (1 + np.exp(-sharpness * (rank - 0.5)))
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        rows = rows[rank[rows].argsort()]
        fewest = min(FEWEST, len(rows) // 2)
        for side, nearest in ((False, rows), (True, rows[::-1])):
            lacking = fewest - int((in_target[rows] == side).sum())
            if lacking > 0:
                in_target[nearest[in_target[nearest] != side][:lacking]] = side
    return in_target
