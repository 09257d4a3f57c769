"""Film ratings: each choice of what changes has the kind of shift that it says."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from da_core.data.sources import sources
from da_core.data.sources.ratings import COLUMNS
from tests.support.pairs import load

CHOICES = {"who rates": "covariate", "how they rate": "appearance", "what they like": "concept"}


def drawn(**values):
    return load(sources()["ratings"], {"count": 3000} | values)


def gap(pair) -> float:
    """What a classifier of the source loses on half of the target against one of the other half."""
    X, y = pair.target.X, pair.target.y
    of_source, own = (
        make_pipeline(StandardScaler(), MLPClassifier((32, 32), max_iter=30, random_state=0)).fit(*data)
        for data in ((pair.source.X, pair.source.y), (X[::2], y[::2]))
    )
    return own.score(X[1::2], y[1::2]) - of_source.score(X[1::2], y[1::2])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*Maximum iterations")
@pytest.mark.parametrize(("shift", "kind"), CHOICES.items())
def test_the_change_costs_accuracy_and_goes_with_its_strength(shift, kind):
    pair = drawn(shift=shift)
    assert pair.provenance.shift == kind
    assert pair.columns == COLUMNS
    assert gap(pair) > 0.04
    assert gap(drawn(shift=shift, strength=0)) < 0.03


def test_only_other_users_come_where_who_rates_changes():
    pair = drawn(shift="who rates", count=10_000)
    source, target = (dict(zip(COLUMNS, domain.X.T, strict=True)) for domain in (pair.source, pair.target))
    assert target["age"].mean() < source["age"].mean() - 10
    assert target["stars for action"].mean() > source["stars for action"].mean() + 0.5
    for film in ("year of the film", "the film's mean stars", "drama in it"):
        assert target[film].mean() == pytest.approx(source[film].mean(), abs=0.05 * float(source[film].std()))


def test_rows_are_what_a_service_can_know():
    for domain in (drawn().source, drawn(shift="how they rate").target):
        known = dict(zip(COLUMNS, domain.X.T, strict=True))
        for column in COLUMNS:
            if column.startswith("stars") or "mean stars" in column:
                assert known[column].min() >= 1
                assert known[column].max() <= 5
        np.testing.assert_allclose(
            sum(known[f"{g} in it"] for g in ("comedy", "drama", "action", "romance", "science fiction")), 1, atol=1e-5
        )
