"""Scores against a table worked out by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from da_core.evaluation.metrics import scores


def test_known_answer():
    truth = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    guess = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    found = scores(truth, guess, ("car", "bus", "cat"))
    assert found.accuracy == 6 / 8
    assert found.confusion == [[3, 1, 0], [0, 1, 1], [0, 0, 2]]
    assert [c.precision for c in found.per_class] == pytest.approx([1, 1 / 2, 2 / 3])
    assert [c.recall for c in found.per_class] == pytest.approx([3 / 4, 1 / 2, 1])
    assert [c.f1 for c in found.per_class] == pytest.approx([6 / 7, 1 / 2, 4 / 5])
    assert [(c.name, c.support) for c in found.per_class] == [("car", 4), ("bus", 2), ("cat", 2)]
    assert found.precision == pytest.approx((1 + 1 / 2 + 2 / 3) / 3)
    assert found.f1 == pytest.approx((6 / 7 + 1 / 2 + 4 / 5) / 3)


def test_absent_classes_agree_with_scikit_learn_and_do_not_warn():
    truth, guess = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = scores(truth, guess, ("a", "b", "predicted only", "nowhere"))
    options = {"average": "macro", "zero_division": 0}
    assert found.precision == pytest.approx(precision_score(truth, guess, **options))
    assert found.recall == pytest.approx(recall_score(truth, guess, **options))
    assert found.f1 == pytest.approx(f1_score(truth, guess, **options))
    assert len(found.confusion) == len(found.per_class) == 4
    assert found.per_class[3].support == 0


def test_it_goes_to_json_and_back():
    found = scores(np.array([0, 1]), np.array([1, 1]), ("a", "b"))
    assert type(found).model_validate_json(found.model_dump_json()) == found
