"""Tables split by a column: only who is in a domain changes, not what a row means."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from da_core.data.sources import sources
from da_core.data.sources.tabular import FEWEST, Table
from tests.support.pairs import load

TABLES = {name: source for name, source in sources().items() if issubclass(source, Table)}


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_in_one_domain_and_the_column_is_what_differs(name):
    table = TABLES[name]
    for column in table.Params.model_fields["column"].annotation.__args__:
        pair = load(table, {"column": column})
        at = table.columns.index(column)
        assert pair.columns == table.columns
        assert len(pair.source) + len(pair.target) == len(table().rows(np.random.default_rng(0))[1])
        assert np.median(pair.source.X[:, at]) < np.median(pair.target.X[:, at])
        for domain in (pair.source, pair.target):
            assert np.bincount(domain.y, minlength=len(pair.classes)).min() >= FEWEST


def test_without_sharpness_there_is_no_shift():
    pair = load(TABLES["hillside"], {"sharpness": 0})
    np.testing.assert_allclose(
        pair.source.X.mean(0),
        pair.target.X.mean(0),
        atol=0.1 * np.concatenate([pair.source.X, pair.target.X]).std(0).max(),
    )
    model = make_pipeline(StandardScaler(), SVC()).fit(pair.source.X, pair.source.y)
    own = make_pipeline(StandardScaler(), SVC()).fit(pair.target.X[::2], pair.target.y[::2])
    assert (
        model.score(pair.target.X[1::2], pair.target.y[1::2])
        > own.score(pair.target.X[1::2], pair.target.y[1::2]) - 0.04
    )


def test_the_density_ratio_is_known_from_the_rank():
    """Weighted by p_t/p_s = exp(k (r − ½)), the source has the target's means."""
    pair = load(TABLES["hillside"], {"count": 20_000, "sharpness": 6})
    elevation = np.concatenate([pair.source.X[:, 0], pair.target.X[:, 0]])
    rank = elevation.argsort().argsort() / len(elevation)
    ratio = np.exp(6 * (rank[: len(pair.source)] - 0.5))
    source, target = pair.source.X, pair.target.X
    spread = target.std(0)
    assert (np.abs(source.mean(0) - target.mean(0)) / spread).max() > 0.8
    np.testing.assert_array_less(np.abs(np.average(source, axis=0, weights=ratio) - target.mean(0)) / spread, 0.12)


def test_what_a_plot_grows_depends_on_its_numbers_alone():
    """The rule is one for low and high: a classifier of both is as good in the target as one of the target alone."""
    pair = load(TABLES["hillside"], {"count": 10_000})
    target = pair.target
    own = make_pipeline(StandardScaler(), SVC()).fit(target.X[::2], target.y[::2])
    both = make_pipeline(StandardScaler(), SVC()).fit(
        np.concatenate([pair.source.X, target.X[::2]]), np.concatenate([pair.source.y, target.y[::2]])
    )
    assert both.score(target.X[1::2], target.y[1::2]) > own.score(target.X[1::2], target.y[1::2]) - 0.015
