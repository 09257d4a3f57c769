"""Deep CORAL's loss against numpy's covariances and against a case that one can do by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from da_core.methods.alignment.deep_coral import coral_loss


def test_it_is_the_papers_formula():
    rng = np.random.default_rng(0)
    Fs, Ft = rng.normal(size=(20, 5)), rng.normal(size=(30, 5)) @ rng.normal(size=(5, 5))
    gap = np.cov(Fs, rowvar=False) - np.cov(Ft, rowvar=False)
    expected = np.square(gap).sum() / (4 * 25)
    assert coral_loss(torch.tensor(Fs), torch.tensor(Ft)).item() == pytest.approx(expected)


def test_by_hand():
    # variances 2 and 8, d = 1: (2 − 8)² / 4
    assert coral_loss(torch.tensor([[-1.0], [1.0]]), torch.tensor([[-2.0], [2.0]])).item() == pytest.approx(9)


def test_means_do_not_matter():
    F = torch.randn(10, 4)
    assert coral_loss(F, F + 3).item() == pytest.approx(0, abs=1e-9)
