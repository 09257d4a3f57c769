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
