"""What n seeds learn with, as one: their networks, the method's own parts, and the gradients of a move of all.

Each method's losses are those of its own file, mapped over the seeds.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import cross_entropy

from da_core.methods.base import Batch, DeepAlignment, Part, Turn
from da_core.networks.extractor import Network
from da_core.training.stacked_networks import StackedNetworks, exchanged


class _Player(nn.Module):
    """A function of the method's own parts, as a module whose weights `functional_call` can exchange."""

    def __init__(self, own: nn.Module, play: Callable[..., dict[str, Tensor]]) -> None:
        super().__init__()
        self.own, self.play = own, play

    def forward(self, *given: Tensor) -> dict[str, Tensor]:
        return self.play(*given)


class StackedModel:
    """The networks of n seeds and their method's ``owns``, each tensor of which is one (n, …).

    ``source_networks`` embed the source's samples where those stay as they are.
    """

    def __init__(
        self,
        method: DeepAlignment | None,
        networks: Sequence[Network],
        owns: Sequence[nn.Module],
        source_networks: Sequence[Network],
    ) -> None:
        self.method = method
        self.networks = StackedNetworks(networks)
        self.source_networks = StackedNetworks(source_networks) if source_networks else None
        self._own, (self._own_parameters, self._own_buffers) = owns[0], stack_module_state(list(owns))

    def weights(self, parts: Iterable[Part]) -> list[Tensor]:
        """List the weights of some parts."""
        named = self.networks.parameters.items()
        found: dict[Part, list[Tensor]] = {
            "extractor": [weight for name, weight in named if not name.startswith("head.")],
            "head": [weight for name, weight in named if name.startswith("head.")],
            "own": list(self._own_parameters.values()),
        }
        return [weight for part in parts for weight in found[part]]

    def tensors(self) -> list[Tensor]:
        """List all tensors that it consists of."""
        of_all = [*self.networks.states(), self._own_parameters, self._own_buffers]
        of_all += [] if self.source_networks is None else self.source_networks.states()
        return [tensor for of_one in of_all for tensor in of_one.values()]

    def made_of(self, tensors: Iterable[Tensor]) -> StackedModel:
        """Return the same with other tensors in place of its own, in the order of `tensors`."""
        rest, made = iter(tensors), copy.copy(self)
        made.networks = self.networks.made_of(rest)
        made._own_parameters = exchanged(self._own_parameters, rest)
        made._own_buffers = exchanged(self._own_buffers, rest)
        made.source_networks = None if self.source_networks is None else self.source_networks.made_of(rest)
        return made

    def embed(self, x: Tensor, source_count: int) -> Tensor:
        """Compute the features (n, b, d) of samples x (n, b, …), the source's followed by the target's."""
        if self.source_networks is None:
            return self.networks.embed(x)
        with torch.no_grad():
            of_source = self.source_networks.embed(x[:, :source_count])
        return torch.cat([of_source, self.networks.embed(x[:, source_count:])], 1)

    def losses(self, turn: Turn, features: Tensor, y: Tensor, progress: Tensor) -> dict[str, Tensor]:
        """Compute each seed's loss terms (n,) of one turn, of features (n, b, d) and the source's labels y (n, b_s)."""
        with torch.set_grad_enabled("extractor" in turn.parts or "head" in turn.parts):
            logits = self.networks.head(features)
        count = y.shape[1]
        losses = {}
        if turn.with_class:
            of_rows = cross_entropy(logits[:, :count].flatten(0, 1), y.flatten(), reduction="none")
            losses["class"] = of_rows.view_as(y).mean(1)
        if self.method is None:
            return losses

        def play(features: Tensor, logits: Tensor, y: Tensor) -> dict[str, Tensor]:
            return turn.losses(Batch(features[:count], features[count:], logits[:count], logits[count:], y, progress))

        return losses | self._play(play, features, logits, y, moves="own" in turn.parts)

    def gradients(self, turn: Turn, features: Tensor, y: Tensor, progress: Tensor) -> tuple[Tensor, ...]:
        """Compute each seed's loss terms (n, terms) of one turn, and the gradients of the `weights` that it moves."""
        weights = self.weights(turn.parts)
        seen = features if "extractor" in turn.parts else features.detach()
        values = torch.stack(list(self.losses(turn, seen, y, progress).values()), 1)
        # no seed's loss has another's weights in it
        gradients = torch.autograd.grad(values.sum(), weights, materialize_grads=True)
        return values.detach(), *map(_laid_out, gradients, weights)

    def domain_logits(self, features: Tensor, logits: Tensor) -> Tensor | None:
        """Compute each seed's logits (n, b) of “this is source”; None without a domain classifier."""
        method = self.method
        if method is None or type(method).domain_logits is DeepAlignment.domain_logits:
            return None

        def play(features: Tensor, logits: Tensor) -> dict[str, Tensor]:
            answer = method.domain_logits(features, logits)
            assert answer is not None
            return {"source": answer}

        return self._play(play, features, logits)["source"]

    def _play(self, play: Callable[..., dict[str, Tensor]], *given: Tensor, moves: bool = False) -> dict[str, Tensor]:
        """Map a function over the seeds' tensors (n, …), each with its own weights of the method's own parts.

        Unless it ``moves`` them, no gradient of theirs is computed.
        """
        player = _Player(self._own, play)
        weights = {name: weight if moves else weight.detach() for name, weight in self._own_parameters.items()}
        own = {f"own.{name}": state for name, state in (weights | self._own_buffers).items()}
        played: dict[str, Tensor] = vmap(lambda own, *given: functional_call(player, own, given))(own, *given)
        return played


def _laid_out(gradient: Tensor, weight: Tensor) -> Tensor:
    """Give a gradient the memory layout of its weight, which fused optimisers take for granted."""
    return gradient if gradient.stride() == weight.stride() else torch.empty_like(weight).copy_(gradient)
