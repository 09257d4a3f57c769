"""MCC against its formula, one entry at a time, and against predictions whose confusion is known."""

from __future__ import annotations

import math

import pytest
import torch

from da_core.methods.alignment.mcc import MCC, class_confusion
from tests.support.deep import batch


def by_loops(logits: list[list[float]], temperature: float) -> float:
    """Equations of the paper, entry by entry."""
    rows = []
    for row in logits:
        e = [math.exp(v / temperature) for v in row]
        rows.append([v / sum(e) for v in e])
    b, c = len(rows), len(rows[0])
    sure = [1 + math.exp(sum(p * math.log(p) for p in row)) for row in rows]
    W = [b * s / sum(sure) for s in sure]
    C = [[sum(W[i] * rows[i][j] * rows[i][k] for i in range(b)) for k in range(c)] for j in range(c)]
    return sum(C[j][k] / sum(C[j]) for j in range(c) for k in range(c) if j != k) / c


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_it_is_the_papers_formula(temperature):
    b = batch(9, dtype=torch.float64)
    found = MCC(temperature=temperature).losses(b)["confusion"].item()
    assert found == pytest.approx(by_loops(b.target_logits.tolist(), temperature), abs=1e-10)


def test_a_class_that_is_never_predicted_costs_nothing_undefined():
    only_first = torch.tensor([[200.0, 0.0, 0.0]]).repeat(5, 1).requires_grad_()
    value = class_confusion(only_first)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(only_first.grad).all()


def test_the_source_is_not_looked_at():
    b = batch()
    b.source_logits.requires_grad_()
    assert not MCC().losses(b)["confusion"].requires_grad
