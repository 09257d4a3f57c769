"""The networks of several seeds as one: each tensor of their states is one more dimension deep, a seed a row."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import group_norm

from da_core.networks.extractor import Network


def exchanged(states: dict[str, Tensor], tensors: Iterator[Tensor]) -> dict[str, Tensor]:
    """Give each name the next of ``tensors``."""
    return {name: next(tensors) for name in states}


class StackedNetworks:
    """``parameters`` and ``buffers`` are those of n networks of one kind, by name, each (n, …)."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self.network = networks[0]
        self.parameters, self.buffers = stack_module_state(list(networks))  # type: ignore[arg-type]

    def states(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Give all tensors that it consists of."""
        return self.parameters, self.buffers

    def made_of(self, tensors: Iterator[Tensor]) -> StackedNetworks:
        """Return the same with other tensors in place of its `states`, in their order."""
        made = copy.copy(self)
        made.parameters, made.buffers = [exchanged(of, tensors) for of in self.states()]
        return made

    def embed(self, x: Tensor) -> Tensor:
        """Compute the features (n, b, feature_dim) of each seed's samples x (n, b, …)."""
        if x.dtype == torch.uint8:
            x = (x - self.network.mean) / self.network.std
        return self._apply(self.network.features, "features", x)

    def head(self, features: Tensor) -> Tensor:
        """Compute the class logits (n, b, c) of each seed's features (n, b, feature_dim)."""
        return self._apply(self.network.head, "head", features)

    def finite(self) -> Tensor:
        """Tell of which seeds all weights are finite (n,)."""
        states = [state for of in self.states() for state in of.values()]
        return torch.stack([state.isfinite().flatten(1).all(1) for state in states]).all(0)

    def weights(self, place: int) -> dict[str, Tensor]:
        """Copy one network's state."""
        states = self.parameters | self.buffers
        return {name: state[place].detach().clone() for name, state in states.items()}

    def _apply(self, module: nn.Module, name: str, x: Tensor) -> Tensor:
        """Send each seed's samples, x (n, b, …), through its own weights of a module.

        The usual layers are written out: `vmap` gives the same, in more calls.
        """
        match module:
            case nn.Sequential():
                for of_child, child in module.named_children():
                    x = self._apply(child, f"{name}.{of_child}", x)
                return x
            case nn.Linear():
                weight, bias = self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"]
                applied: Tensor = _Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
                return applied
            case nn.ReLU():
                return x.relu()
            case nn.Flatten():
                return x.flatten(2)
            case nn.MaxPool2d() | nn.AdaptiveAvgPool2d():  # all seeds' pictures are as many of one
                pooled: Tensor = module(x.flatten(0, 1))
                return pooled.view(*x.shape[:2], *pooled.shape[1:])
            case nn.GroupNorm():
                each_channel = (len(x), 1, x.shape[2], *[1] * (x.ndim - 3))
                weight, bias = (self.parameters[f"{name}.{of}"].view(each_channel) for of in ("weight", "bias"))
                normal = group_norm(x.flatten(0, 1), module.num_groups, eps=module.eps).view_as(x)
                return torch.addcmul(bias, normal, weight)
        own = [
            {key.removeprefix(f"{name}."): value for key, value in states.items() if key.startswith(f"{name}.")}
            for states in (self.parameters, self.buffers)
        ]
        applied = vmap(lambda states, rows: functional_call(module, states, (rows,)))(tuple(own), x)
        return applied


class _Linear(torch.autograd.Function):
    """Linear layers of n seeds, x (n, b, d_in) to (n, b, d_out), with weights (n, d_out, d_in) and biases (n, d_out).

    The gradient comes as the weights lie: PyTorch's own has them transposed, and copies them at each step.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.baddbmm(bias[:, None], x, weight.mT)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        of_x = gradient @ weight if ctx.needs_input_grad[0] else None
        return of_x, gradient.mT @ x, gradient.sum(1)
