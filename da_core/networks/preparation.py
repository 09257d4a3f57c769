"""Step 2 · prepare rows of numbers (n, d) before a network or a head sees them, by an ordered list of steps.

A step is written as its name and, behind colons, its settings: ``zscore_source``, ``pca:20:both``. It is fitted on
training rows alone and applied to all: to those held out, and to a third domain's as to the target's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from da_core import params
from da_core.errors import UserError
from da_core.params import Scalar, describe, hyper
from da_core.registry import Registered, pick

Features = NDArray[Any]
Rows = NDArray[np.int64]
Map = Callable[[Features], Features]


class PreparationStep(Registered, abstract=True):
    """A kind of step; ``name`` is what a link and ``--prepare`` take."""

    name: ClassVar[str]

    def fit(self, Xs: Features, Xt: Features) -> tuple[Map, Map]:
        """Fit to training rows Xs (n_s, d) and Xt (n_t, d); return the maps of source rows and of target rows."""
        raise NotImplementedError

    @property
    def fitted_on(self) -> Literal["source", "both", "each"]:
        """Name the domain that it is fitted to; each: every domain gets a map of its own, which takes a shift away."""
        fitted_on: Literal["source", "both", "each"] = getattr(self.params, "fit", "source")
        return fitted_on


class ZScoreBySource(PreparationStep):
    """(x − mean) / deviation, with the source's for both domains; a constant column becomes 0."""

    name = "zscore_source"
    title = "Z-score by the source"
    summary = "Scales each column by the source's mean and deviation: a number keeps its meaning, as reweighting needs."

    def fit(self, Xs: Features, Xt: Features) -> tuple[Map, Map]:
        return z_score(Xs), z_score(Xs)


class ZScoreByDomain(PreparationStep):
    """(x − mean) / deviation of each domain: alone an alignment of first and second moments, column by column."""

    name = "zscore_domain"
    title = "Z-score by each domain"
    summary = (
        "Scales each column by its own domain's mean and deviation: removes a change of units, and a covariate shift "
        "with it."
    )

    def fit(self, Xs: Features, Xt: Features) -> tuple[Map, Map]:
        return z_score(Xs), z_score(Xt)

    @property
    def fitted_on(self) -> Literal["each"]:
        return "each"


class UnitRows(PreparationStep):
    """x / ‖x‖₂; a row of zeros stays."""

    name = "unit_rows"
    title = "Rows of unit length"
    summary = "Divides each row by its length, so that only its direction counts."

    def fit(self, Xs: Features, Xt: Features) -> tuple[Map, Map]:
        return (lambda X: _over(X, np.linalg.norm(X, axis=1, keepdims=True)),) * 2


class RowsOfSumOne(PreparationStep):
    """x / Σ|x|; a row of zeros stays. Counts become shares."""

    name = "sum_to_one"
    title = "Rows that sum to one"
    summary = "Divides each row by the sum of its absolute values: counts become shares."

    def fit(self, Xs: Features, Xt: Features) -> tuple[Map, Map]:
        return (lambda X: _over(X, np.abs(X).sum(axis=1, keepdims=True)),) * 2


class SquareRoot(PreparationStep):
    """√x: with rows that sum to one, distances become Hellinger's."""

    name = "square_root"
    title = "Square root"
    summary = "Takes the square root of each number, which evens out counts; none may be negative."

    def fit(self, Xs: Features, Xt: Features) -> tuple[Map, Map]:
        return (lambda X: np.sqrt(_not_negative(X, self.name)),) * 2


class TFIDF(PreparationStep):
    """Counts times ln((1 + n) / (1 + n_j)) + 1, where n_j of n training rows have column j: scikit-learn's idf."""

    name = "tfidf"
    title = "TF-IDF"
    summary = (
        "Multiplies counts by the rarity of their column; none may be negative. Rows of unit length usually follow."
    )

    class Params(params.Params):
        fit: Literal["source", "both"] = hyper("source", title="Fitted on")
        """Domain whose training rows are counted."""

    params: Params

    def fit(self, Xs: Features, Xt: Features) -> tuple[Map, Map]:
        from sklearn.feature_extraction.text import TfidfTransformer

        seen = Xs if self.params.fit == "source" else np.concatenate([Xs, Xt])
        rarity = TfidfTransformer(norm=None).fit(_not_negative(seen, self.name)).idf_
        return (lambda X: _not_negative(X, self.name) * rarity,) * 2


class PrincipalComponents(PreparationStep):
    """The directions of largest variance, of the source, of both domains together, or of each domain alone.

    Two domains that are each projected on their own directions have the same number of them: the larger one.
    """

    name = "pca"
    title = "PCA"
    summary = "The directions of largest variance: a number of components, or a share of the variance to keep."

    class Params(params.Params):
        size: float = hyper(20.0, gt=0, le=4096, step=1, title="Number of directions")
        """Number of directions; a number below 1 is the share of the variance that they hold."""
        fit: Literal["source", "both", "each"] = hyper("both", title="Fitted on")
        """Domain whose training rows give the directions; each: every domain has its own."""

    params: Params

    def fit(self, Xs: Features, Xt: Features) -> tuple[Map, Map]:
        fitted_on = {"source": (Xs,), "both": (np.concatenate([Xs, Xt]),), "each": (Xs, Xt)}[self.params.fit]
        models = [_directions(X, self.params.size) for X in fitted_on]
        count = max(model.n_components_ for model in models)
        if len({model.n_components_ for model in models}) > 1:
            models = [_directions(X, count) for X in fitted_on]
        return models[0].transform, models[-1].transform


@functools.cache
def kinds() -> dict[str, type[PreparationStep]]:
    """List every kind of step by name."""
    steps = (ZScoreBySource, ZScoreByDomain, UnitRows, RowsOfSumOne, SquareRoot, TFIDF, PrincipalComponents)
    return {kind.name: kind for kind in steps}


def read(step: str) -> PreparationStep:
    """Read one step with its settings, ``pca:20:both``. Raises `UserError` for a step or a setting that is unknown."""
    name, *values = step.strip().split(":")
    kind = pick(kinds(), name, "step of preparation")
    known = [hyper.name for hyper in describe(kind.Params)]
    if len(values) > len(known):
        raise UserError(
            "The step {step} has more settings than {name} takes ({known}); leave some out.",
            step=step,
            name=name,
            known=", ".join(known) or "–",
        )
    settings: dict[str, Scalar] = dict(zip(known, values, strict=False))
    return kind(**settings)


def write(step: PreparationStep) -> str:
    """Write a step as `read` reads it, less the settings at the end that are the defaults."""
    chosen = step.params.model_dump()
    values = [(chosen[hyper.name], hyper.default) for hyper in describe(step.Params)]
    while values and values[-1][0] == values[-1][1]:
        values.pop()
    return ":".join([step.name, *(f"{value:g}" if isinstance(value, float) else str(value) for value, _ in values)])


def prepare_rows(
    steps: Sequence[str], Xs: Features, Xt: Features, fit_s: Rows, fit_t: Rows
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Apply ``steps`` in their order to source rows Xs (n_s, d) and target rows Xt (n_t, d), fitted on some of them.

    ``fit_s`` and ``fit_t`` are the indices of the training rows. Raises `UserError` as `read` does, and where a step
    cannot be done with these numbers.
    """
    for step in steps:
        of_source, of_target = read(step).fit(Xs[fit_s], Xt[fit_t])
        Xs, Xt = of_source(Xs), of_target(Xt)
    return np.asarray(Xs, np.float32), np.asarray(Xt, np.float32)


def learns_from_target(steps: Sequence[str]) -> bool:
    """Tell whether any of the steps depends on the target's rows."""
    return any(read(step).fitted_on != "source" for step in steps)


def steps_apart(steps: Sequence[str]) -> list[str]:
    """List those of the steps that give each domain a map of its own: weights then find no shift to stand for."""
    return [step for step in steps if read(step).fitted_on == "each"]


def z_score(seen: Features) -> Map:
    """Return the map X ↦ (X − mean) / deviation of ``seen`` (n, d), column by column; a constant column becomes 0."""
    mean, deviation = seen.mean(0), seen.std(0)
    return lambda X: np.asarray((X - mean) / np.where(deviation > 0, deviation, 1), dtype=np.float32)


def _over(X: Features, sizes: Features) -> Features:
    return X / np.where(sizes > 0, sizes, 1)


def _not_negative(X: Features, name: str) -> Features:
    if (X < 0).any():
        raise UserError("The step {name} takes no negative numbers, but the data have some; leave it out.", name=name)
    return X


def _directions(X: Features, size: float) -> Any:
    from sklearn.decomposition import PCA

    most = min(X.shape)
    if size >= 1 and (size > most or size != int(size)):
        raise UserError(
            "{rows} rows of {columns} numbers do not have {size} directions; choose a whole number up to {most}, or "
            "a share below 1.",
            size=f"{size:g}",
            rows=X.shape[0],
            columns=X.shape[1],
            most=most,
        )
    return PCA(size if size < 1 else int(size), svd_solver="full").fit(X)
