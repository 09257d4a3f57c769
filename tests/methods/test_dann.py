"""DANN: the domain loss."""

from __future__ import annotations

import math

import pytest
import torch

from da_core.methods.alignment.dann import DANN
from tests.support.deep import batch, built


def test_the_loss_is_the_cross_entropy_of_the_domains():
    dann, b = DANN(), batch(8)
    built(dann)
    on_source = dann.domain_logits(b.source_features, b.source_logits).sigmoid()
    on_target = dann.domain_logits(b.target_features, b.target_logits).sigmoid()
    expected = -(on_source.log().sum() + (1 - on_target).log().sum()) / 16
    assert dann.losses(b)["domain"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_domain_classifier_that_cannot_learn_stays_at_ln_2():
    dann, b = DANN(), batch(8)
    own = built(dann)
    for weight in own.parameters():
        torch.nn.init.zeros_(weight)
    assert dann.losses(b)["domain"].item() == pytest.approx(math.log(2))
