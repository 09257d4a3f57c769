"""DANN: the domain loss, the paper's one step, and the steady game."""

from __future__ import annotations

import pytest

from da_core.methods.alignment.dann import DANN
from tests.support.deep import batch, built


def test_the_loss_is_the_cross_entropy_of_the_domains():
    dann, b = DANN(), batch(8)
    built(dann)
    on_source = dann.domain_logits(b.source_features, b.source_logits).sigmoid()
    on_target = dann.domain_logits(b.target_features, b.target_logits).sigmoid()
    expected = -(on_source.log().sum() + (1 - on_target).log().sum()) / 16
    assert dann.losses(b)["domain"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert dann.classifier_losses(b)["domain"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert dann.feature_losses(b)["fooling"].item() == pytest.approx(
        -dann.strength(b).item() * expected.item(), rel=1e-5
    )
