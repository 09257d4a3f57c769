"""What a function of tensors asks of the processor, as a bare list that can be gone through again.

A step of a small network is mostly calls, not sums: autograd, `torch.func.vmap` and a method's own code take longer to
say what to multiply than the products take. They are run through once, and what came of it is done again at each step:
to a CPU this is what a CUDA graph is to a GPU.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch
from torch import Tensor
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

Function = Callable[..., tuple[Tensor, ...]]

_one_at_a_time = threading.Lock()  # `make_fx` is for one thread


class Traces:
    """Functions as lists of operations, by name, for all threads that need the same. Safe to use from many threads.

    A function may read no number of a tensor, and gives tensors of the same shapes at each call.
    """

    def __init__(self) -> None:
        self._found: dict[str, GraphModule] = {}

    def replay(self, name: str, function: Function, *given: Tensor) -> tuple[Tensor, ...]:
        """Do what ``function`` did to tensors of these shapes when it was first called by this name, with these."""
        with _one_at_a_time:
            if name not in self._found:
                self._found[name] = _trace(function, *given)
        with torch.no_grad():
            found: tuple[Tensor, ...] = self._found[name](*given)
        return found


def _trace(function: Function, *given: Tensor) -> GraphModule:
    traced: GraphModule = make_fx(function)(*given)
    for node in traced.graph.nodes:
        if node.target is torch.ops.aten.detach.default:  # of no use where there are no gradients
            node.replace_all_uses_with(node.args[0])
    traced.graph.eliminate_dead_code()
    traced.recompile()
    return traced
