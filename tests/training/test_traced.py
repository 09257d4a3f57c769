"""A function's list of operations does to other tensors what the function does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from da_core.training.traced import Traces


def slope(x: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
    """A product's squared sum and its gradient, by autograd and mapped over rows."""
    with torch.enable_grad():
        value = torch.func.vmap(lambda row: (row @ weight).relu().square().sum())(x).sum()
        (gradient,) = torch.autograd.grad(value, weight)
    return value.detach(), gradient


def test_what_is_replayed_is_what_the_function_gives_for_other_numbers() -> None:
    traces, generator = Traces(), torch.Generator().manual_seed(0)
    for _ in range(3):
        x, weight = torch.randn(4, 3, generator=generator), torch.randn(3, 2, generator=generator).requires_grad_()
        value, gradient = traces.replay("slope", slope, x, weight)
        torch.testing.assert_close(value, (x @ weight).relu().square().sum())
        torch.testing.assert_close(gradient, x.T @ (2 * (x @ weight).relu()))
        assert not value.requires_grad
        assert not gradient.requires_grad


def test_threads_that_need_the_same_go_through_its_code_once() -> None:
    traces, called = Traces(), []

    def counted(x: Tensor) -> tuple[Tensor, ...]:
        called.append(1)
        return (x + 1,)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: traces.replay("one", counted, torch.full((2,), number)), range(20)))
    assert [int(x[0]) for (x,) in found] == list(range(1, 21))
    assert len(called) == 1
