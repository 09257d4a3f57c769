"""The boosted domain classifier's folds."""

from __future__ import annotations

import numpy as np
import pytest

from da_core.errors import UserError
from da_core.methods.reweighting.boosted_classifier import BoostedClassifier


@pytest.mark.parametrize("n_s", [1, 2])
def test_fewer_samples_than_folds_are_refused(n_s):
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(n_s, 2)), rng.normal(size=(40, 2))
    with pytest.raises(UserError, match="at least 3 samples in each domain"):
        BoostedClassifier().weights(Xs, Xt)
    with pytest.raises(UserError, match="at least 3 samples in each domain"):
        BoostedClassifier().weights(Xt, Xs)


def test_a_copy_of_a_learned_row_is_weighed_as_the_row():
    """Held out or not: trees that were grown on the row know its domain, and so its copy's."""
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(300, 2)), rng.normal(0.5, 1, size=(300, 2))
    fitted = BoostedClassifier(samples=200).fit(Xs, Xt)
    np.testing.assert_array_equal(fitted.log_weights(Xs[::3]), fitted.log_weights(Xs)[::3])
