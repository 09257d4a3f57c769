"""AdaBN, its yardstick and TENT against batch norm's own formula."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from da_core.methods import norms
from da_core.methods.adaptation.adabn import AdaBN
from da_core.methods.adaptation.tent import TENT, entropy
from da_core.methods.base import AdaptationData
from da_core.methods.control.source_only_bn import SourceOnlyBN
from da_core.networks import networks
from da_core.networks.extractor import Network


def network(norm: str = "batch") -> Network:
    extractor = networks()["mlp"]
    made = extractor(hidden=8, norm=norm).network((4,), 3, 0)
    return made.eval()


def data(n: int = 200, seed: int = 1) -> AdaptationData:
    generator = torch.Generator().manual_seed(seed)
    Xs, Xt = torch.randn(n, 4, generator=generator), 3 * torch.randn(n, 4, generator=generator) + 1
    return AdaptationData(Xs, torch.arange(n) % 3, Xt, Xt[:0], torch.arange(0))


def inputs_of_norms(of: Network, X: torch.Tensor) -> list[torch.Tensor]:
    """What comes into each batch-norm layer, with every layer before it as it now is."""
    found, x = [], X
    with torch.inference_mode():
        for layer in of.features.children():
            if isinstance(layer, nn.BatchNorm1d):
                found.append(x)
            x = layer(x)
    return found


@pytest.mark.parametrize("method", [AdaBN, SourceOnlyBN])
def test_statistics_end_as_the_targets_own(method):
    """In all layers: the second layer's input has passed the first one's new ones."""
    model, seen = network(), data()
    weights = {name: value.clone() for name, value in model.named_parameters()}
    assert list(method().adapt(model, seen)) == [{}]
    for layer, x in zip(norms.batch_norms(model), inputs_of_norms(model, seen.Xt), strict=True):
        torch.testing.assert_close(layer.running_mean, x.mean(0), rtol=1e-2, atol=1e-3)
        torch.testing.assert_close(layer.running_var, x.var(0), rtol=2e-2, atol=1e-5)  # once with n, once with n − 1
    assert all(torch.equal(value, weights[name]) for name, value in model.named_parameters())


def test_in_many_chunks_they_are_nearly_the_same(monkeypatch: pytest.MonkeyPatch):
    exact, chunked, seen = network(), network(), data(2000)
    monkeypatch.setattr(norms, "CHUNK", 2000)
    norms.measure(exact, seen.Xt, torch.Generator().manual_seed(0))
    monkeypatch.setattr(norms, "CHUNK", 250)
    norms.measure(chunked, seen.Xt, torch.Generator().manual_seed(0))
    assert norms.batch_norms(chunked)[0].num_batches_tracked == 8
    for mine, theirs in zip(norms.statistics(exact), norms.statistics(chunked), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0.03, atol=0.02)


def test_a_share_of_the_source_lies_between():
    start, seen = network(), data()
    for values in norms.statistics(start):
        values.uniform_(1, 2, generator=torch.Generator().manual_seed(0))
    ends = []
    for share in (0.0, 0.25, 1.0):
        model = copy.deepcopy(start)
        list(AdaBN(source_share=share).adapt(model, seen))
        ends.append(norms.statistics(model))
    for none, quarter, all_of_it, source in zip(*ends, norms.statistics(start), strict=True):
        torch.testing.assert_close(all_of_it, source)
        torch.testing.assert_close(quarter, 0.75 * none + 0.25 * source)


def test_forgetful_layers_use_a_batchs_statistics_and_keep_their_own():
    model, x = network().train(), data().Xt[:32]
    before = [values.clone() for values in norms.statistics(model)]
    with norms.forgetful(model):
        inside = model(x)
        assert all(torch.equal(a, b) for a, b in zip(before, norms.statistics(model), strict=True))
    torch.testing.assert_close(inside, model(x))
    assert not torch.equal(before[0], norms.statistics(model)[0])


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_tent_changes_scales_and_shifts_alone_and_lowers_the_entropy(norm):
    model, seen = network(norm), data(256)
    allowed = {id(weight) for weight in norms.affine(model)}
    before = {name: value.clone() for name, value in model.named_parameters()}
    losses = [terms["entropy"] for terms in TENT(epochs=5).adapt(model, seen)]
    assert losses == sorted(losses, reverse=True)
    for name, value in model.named_parameters():
        assert torch.equal(value, before[name]) == (id(value) not in allowed), name


def test_tents_first_step_is_adams():
    """One batch of all samples: η times the gradient's sign, as Adam's first step is, of the entropy by batch norm."""
    model, seen = network(), data(64)
    by_hand = copy.deepcopy(model).train()
    (entropy(by_hand(seen.Xt)).mean()).backward()
    list(TENT(learning_rate=0.01, batch_size=64).adapt(model, seen))
    for mine, theirs in zip(norms.affine(model), norms.affine(by_hand), strict=True):
        expected = theirs - 0.01 * theirs.grad / (theirs.grad.abs() + 1e-8)
        torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-5)


def test_tent_works_on_pictures_with_group_norm_in_channels_last_memory():
    """There torch's backward of group norm crashes the process where the gradient of its input is not asked for."""
    extractor = networks()["small_cnn"]
    model = extractor(width=8).network((16, 16, 3), 3, 0)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's own types leave it out
    X = torch.randint(0, 256, (32, 16, 16, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    (losses,) = TENT().adapt(model, AdaptationData(X, torch.arange(32) % 3, X, X[:0], torch.arange(0)))
    assert np.isfinite(losses["entropy"])
