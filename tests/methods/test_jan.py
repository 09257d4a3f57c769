"""JAN: a joint kernel sees what the kernels of features and of predictions miss one by one."""

from __future__ import annotations

import pytest
import torch

from da_core.methods.alignment.dan import gaussian_kernel, mmd
from da_core.methods.alignment.jan import JAN
from da_core.methods.base import Batch
from tests.support.deep import batch

ONE_HOT = 20 * torch.eye(2)


def exchanged(n: int = 64) -> Batch:
    """Two blobs in each domain with the same features and the same predictions, but on the target each blob gets the
    other's class.
    """
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(n) % 2
    centres = torch.tensor([[3.0, 0.0], [-3.0, 0.0]])
    Fs, Ft = (centres[y] + torch.randn(n, 2, generator=generator) for _ in range(2))
    return Batch(Fs, Ft, ONE_HOT[y], ONE_HOT[1 - y], y, torch.tensor(0.5))


def test_it_sees_classes_exchanged_where_each_part_alone_is_alike():
    b = exchanged()
    features, predictions = (
        torch.cat(pair)
        for pair in ((b.source_features, b.target_features), (b.source_logits.softmax(1), b.target_logits.softmax(1)))
    )
    assert abs(mmd(gaussian_kernel(features, 5), 64, "unbiased")) < 0.05
    assert abs(mmd(gaussian_kernel(predictions, 1), 64, "unbiased")) < 0.05
    assert JAN().losses(b)["joint mmd"] > 0.3
    right = Batch(b.source_features, b.target_features, b.source_logits, b.source_logits, b.source_labels, b.progress)
    assert abs(JAN().losses(right)["joint mmd"]) < 0.05


@pytest.mark.parametrize("estimate", ["unbiased", "biased"])
def test_it_is_the_mmd_of_the_product_of_kernels_pair_by_pair(estimate):
    b = batch(6, 3, dtype=torch.float64)
    F = torch.cat([b.source_features, b.target_features])
    G = torch.cat([b.source_logits, b.target_logits]).softmax(1)

    def median(X: torch.Tensor) -> torch.Tensor:
        return torch.cdist(X, X)[~torch.eye(12, dtype=torch.bool)].square().median()

    def k(i: int, j: int) -> float:
        of_features = torch.stack(
            [torch.exp(-(F[i] - F[j]).square().sum() / (2.0**e * median(F))) for e in (-2, -1, 0, 1, 2)]
        )
        return float(of_features.mean() * torch.exp(-(G[i] - G[j]).square().sum() / median(G)))

    s, t = range(6), range(6, 12)
    same = [k(i, j) for side in (s, t) for i in side for j in side if estimate == "biased" or i != j]
    expected = 2 * sum(same) / len(same) - 2 * sum(k(i, j) for i in s for j in t) / 36
    assert JAN(estimate=estimate).losses(b)["joint mmd"].item() == pytest.approx(expected, abs=1e-10)
