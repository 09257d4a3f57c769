"""Steps that prepare rows of numbers: what each does, what it is fitted on, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfTransformer

from da_core.errors import UserError
from da_core.networks.preparation import learns_from_target, prepare_rows, read, steps_apart, write

TRAIN = np.arange(30)
Pair = tuple[NDArray[np.float32], NDArray[np.float32]]


@pytest.fixture
def rows() -> Pair:
    """Counts of 6 columns in 40 source and 50 target samples; the last rows are held out and far away."""
    rng = np.random.default_rng(0)
    Xs, Xt = rng.poisson(3, (40, 6)).astype(np.float32), rng.poisson(9, (50, 6)).astype(np.float32)
    Xs[30:] += 1000
    Xt[30:] += 2000
    return Xs, Xt


def test_no_step_leaves_the_numbers_as_they_are(rows: Pair) -> None:
    for given, kept in zip(rows, prepare_rows((), *rows, TRAIN, TRAIN), strict=True):
        np.testing.assert_array_equal(kept, given)


def test_z_scores_are_fitted_on_training_rows_of_the_source_or_of_each_domain(rows: Pair) -> None:
    Xs, Xt = rows
    for step, of_target in {"zscore_source": Xs, "zscore_domain": Xt}.items():
        Ps, Pt = prepare_rows((step,), Xs, Xt, TRAIN, TRAIN)
        np.testing.assert_allclose(Ps, (Xs - Xs[:30].mean(0)) / Xs[:30].std(0), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(Pt, (Xt - of_target[:30].mean(0)) / of_target[:30].std(0), rtol=1e-4, atol=1e-4)
        assert Ps.dtype == Pt.dtype == np.float32


def test_a_constant_column_and_a_row_of_zeros_give_numbers(rows: Pair) -> None:
    Xs, Xt = (X.copy() for X in rows)
    Xs[:, 2], Xt[3] = 5, 0
    for step in ("zscore_source", "zscore_domain", "unit_rows", "sum_to_one", "square_root", "tfidf", "pca:2"):
        assert all(np.isfinite(P).all() for P in prepare_rows((step,), Xs, Xt, TRAIN, TRAIN))


def test_rows_get_unit_length_or_sum_one_and_order_matters(rows: Pair) -> None:
    for P in prepare_rows(("unit_rows",), *rows, TRAIN, TRAIN):
        np.testing.assert_allclose(np.linalg.norm(P, axis=1), 1, rtol=1e-5)
    hellinger = prepare_rows(("sum_to_one", "square_root"), *rows, TRAIN, TRAIN)
    for P in hellinger:
        np.testing.assert_allclose(np.square(P).sum(axis=1), 1, rtol=1e-5)
    other = prepare_rows(("square_root", "sum_to_one"), *rows, TRAIN, TRAIN)
    assert abs(hellinger[0] - other[0]).max() > 0.1


def test_tf_idf_is_scikit_learns(rows: Pair) -> None:
    Xs, Xt = (np.where(X > 4, X, 0) for X in rows)
    for step, seen in {"tfidf": Xs[TRAIN], "tfidf:both": np.concatenate([Xs[TRAIN], Xt[TRAIN]])}.items():
        expected = TfidfTransformer().fit(seen).transform(Xt).toarray()
        np.testing.assert_allclose(prepare_rows((step, "unit_rows"), Xs, Xt, TRAIN, TRAIN)[1], expected, atol=1e-5)


def test_directions_are_those_of_source_of_both_or_of_each(rows: Pair) -> None:
    Xs, Xt = rows
    fitted_on = {"source": Xs[TRAIN], "both": np.concatenate([Xs[TRAIN], Xt[TRAIN]]), "each": Xt[TRAIN]}
    for fit, seen in fitted_on.items():
        Pt = prepare_rows((f"pca:3:{fit}",), Xs, Xt, TRAIN, TRAIN)[1]
        np.testing.assert_allclose(Pt, PCA(3, svd_solver="full").fit(seen).transform(Xt), rtol=1e-3, atol=1e-2)


def test_a_share_of_the_variance_gives_both_domains_as_many_directions() -> None:
    rng = np.random.default_rng(1)
    flat = (rng.normal(size=(40, 5)) * [9, 0.1, 0.1, 0.1, 0.1]).astype(np.float32)
    round_ = rng.normal(size=(40, 5)).astype(np.float32)
    assert prepare_rows(("pca:0.9:source",), flat, round_, TRAIN, TRAIN)[1].shape == (40, 1)
    Ps, Pt = prepare_rows(("pca:0.9:each",), flat, round_, TRAIN, TRAIN)
    assert Ps.shape == Pt.shape
    assert Pt.shape[1] >= 4


def test_what_learns_from_the_target_and_what_maps_the_domains_apart_is_known() -> None:
    alone = ("zscore_source", "unit_rows", "sum_to_one", "square_root", "tfidf", "pca:2:source")
    assert not learns_from_target(alone)
    assert [
        step for step in ("zscore_domain", "tfidf:both", "pca", "pca:2:each") if not learns_from_target([step])
    ] == []
    assert steps_apart([*alone, "zscore_domain", "pca", "pca:2:each"]) == ["zscore_domain", "pca:2:each"]


@pytest.mark.parametrize(
    ("step", "written"),
    [("unit_rows", "unit_rows"), ("pca:20:both", "pca"), ("pca:0.9", "pca:0.9"), ("pca:20:each",) * 2],
)
def test_a_step_is_written_as_it_is_read(step: str, written: str) -> None:
    assert write(read(step)) == written


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("zscore", "There is no step of preparation “zscore”; did you mean zscore_source, zscore_domain?"),
        ("pca:many", "size of pca cannot be many"),
        ("pca:0", "it must be at least 0"),
        ("pca:5:mine", "choose one of source, both or each"),
        ("unit_rows:2", "more settings than unit_rows takes"),
        ("pca:2:both:3", "more settings than pca takes (size, fit)"),
        ("pca:7", "60 rows of 6 numbers do not have 7 directions"),
        ("pca:2.5", "choose a whole number up to 6, or a share below 1"),
        ("square_root", "takes no negative numbers"),
        ("tfidf", "takes no negative numbers"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(rows: Pair, step: str, says: str) -> None:
    Xs, Xt = rows
    with pytest.raises(UserError) as caught:
        prepare_rows((step,), Xs - 2, Xt - 2, TRAIN, TRAIN)
    assert says in str(caught.value)
