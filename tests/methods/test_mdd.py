"""MDD: its loss, its stable logarithm, and an adversary that learns what it should."""

from __future__ import annotations

import math

import pytest
import torch

from da_core.methods.alignment.mdd import MDD, log_of_rest
from tests.support.deep import batch, built, train_own


def test_log_of_rest_is_log_of_1_minus_the_probability():
    logits = torch.randn(6, 4, dtype=torch.float64)
    y = torch.tensor([0, 1, 2, 3, 0, 1])
    expected = torch.log(1 - logits.softmax(1).gather(1, y.unsqueeze(1)).squeeze(1))
    torch.testing.assert_close(log_of_rest(logits, y), expected)


def test_log_of_rest_stays_finite_where_the_adversary_is_certain():
    logits = torch.tensor([[500.0, 0.0, 0.0]], requires_grad=True)
    value = log_of_rest(logits, torch.tensor([0]))
    value.sum().backward()
    assert value.item() == pytest.approx(math.log(2) - 500)
    assert torch.isfinite(logits.grad).all()


def test_the_loss_is_the_papers():
    mdd, b = MDD(margin=3), batch(8)
    own = built(mdd)
    Ps, Pt = own(b.source_features).softmax(1), own(b.target_features).softmax(1)
    hs, ht = b.source_logits.argmax(1), b.target_logits.argmax(1)
    agree = -sum(math.log(Ps[i, hs[i]].item()) for i in range(8)) / 8
    disagree = -sum(math.log(1 - Pt[i, ht[i]].item()) for i in range(8)) / 8
    assert mdd.losses(b)["disparity"].item() == pytest.approx(3 * agree + disagree, rel=1e-5)


def test_the_adversary_learns_to_agree_on_source_and_to_disagree_on_shifted_target():
    mdd, b = MDD(), batch(200, shift=3.0)
    own = built(mdd)
    train_own(mdd, own, b)
    agreed = [
        (own(F).argmax(1) == L.argmax(1)).float().mean().item()
        for F, L in ((b.source_features, b.source_logits), (b.target_features, b.target_logits))
    ]
    assert agreed[0] > 0.9
    assert agreed[1] < 0.2
