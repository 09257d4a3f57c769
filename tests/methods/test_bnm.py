"""BNM's nuclear norm and gradient against numpy's singular values."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from da_core.methods.alignment.bnm import BNM, nuclear_norm
from tests.support.deep import batch


@pytest.mark.parametrize("shape", [(64, 10), (10, 10), (8, 40), (5, 1)])
@pytest.mark.parametrize("sharpness", [0.1, 1.0, 30.0])
def test_the_norm_and_its_gradient_are_those_of_the_singular_values(shape, sharpness):
    P = (sharpness * torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))).softmax(1)
    P.requires_grad_()
    norm = nuclear_norm(P)
    norm.backward()
    U, S, Vt = np.linalg.svd(P.detach().numpy(), full_matrices=False)
    assert norm.item() == pytest.approx(S.sum(), rel=1e-4)
    well = S / S[0] > 1e-3  # smaller ones hardly have a direction, and add nothing to the norm
    seen = U[:, well].T @ P.grad.numpy() @ Vt[well].T
    np.testing.assert_allclose(seen, np.eye(well.sum()), atol=1e-3)


def test_the_loss_is_minus_the_norm_a_sample():
    b = batch(12)
    expected = -torch.linalg.matrix_norm(b.target_logits.softmax(1), "nuc") / 12
    assert BNM(weight=2).losses(b)["nuclear norm"].item() == pytest.approx(2 * expected.item(), rel=1e-4)
