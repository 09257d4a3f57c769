"""No loss of a deep method leaves the device: on CUDA a step is captured as one graph, which holds no such thing.

Torch's meta device stands in for a GPU: tensors have a shape and a device there, and no values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from da_core.methods import methods
from da_core.methods.base import Batch, DeepAlignment
from tests.support.deep import CLASSES, batch, built, with_features

aten = torch.ops.aten
DEEP = {name: method for name, method in methods().items() if issubclass(method, DeepAlignment)}
FEATURES = 6


class OffDeviceError(AssertionError):
    """An operation that makes the host wait for the device, or moves data between them."""


class NoCopies(TorchDispatchMode):
    """Refuses to read a value on the host, and operations on tensors of two devices.

    A CPU scalar among an operation's operands is let through: a kernel takes it as a number.
    """

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function in (aten._local_scalar_dense.default, aten.nonzero.default, aten.masked_select.default):
            raise OffDeviceError(f"{function} waits for values")
        copies = function in (aten._to_copy.default, aten.copy_.default)
        operands = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor) and (copies or leaf.dim())]
        devices = {operand.device for operand in operands}
        if copies and kwargs and kwargs.get("device") is not None:
            devices.add(kwargs["device"])
        if len(devices) > 1:
            raise OffDeviceError(f"{function} copies between devices")
        return function(*args, **(kwargs or {}))


class NoUploads(TorchFunctionMode):
    """Refuses to make a tensor on the device out of Python's numbers or an array, which is a copy from the host."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        device = args[0].device if function is Tensor.new_tensor else (kwargs or {}).get("device")
        if function in (torch.tensor, torch.as_tensor, Tensor.new_tensor) and device is not None:
            raise OffDeviceError(f"{function.__name__} copies from the host")
        return function(*args, **(kwargs or {}))


def on_meta(plain: Batch) -> Batch:
    return Batch(*(getattr(plain, field.name).to("meta") for field in fields(plain)))


def step(method: DeepAlignment) -> None:
    """Losses and gradients of every turn, on the meta device."""
    own, plain, head = built(method, FEATURES), on_meta(batch(8, FEATURES)), torch.ones(FEATURES, CLASSES).to("meta")
    if own is not None:
        own.to("meta")
    for turn in method.turns():
        Fs, Ft = (F.clone().requires_grad_() for F in (plain.source_features, plain.target_features))
        with NoUploads(), NoCopies():
            torch.stack(list(turn.losses(with_features(plain, Fs, Ft, head)).values())).sum().backward()


def choices() -> Iterator[Any]:
    """Every deep method as it is, and with every choice that it offers among a few."""
    for name, method in DEEP.items():
        yield pytest.param(method, {}, id=name)
        for key, schema in method.Params.model_json_schema()["properties"].items():
            offered = schema.get("enum", [True, False] if schema["type"] == "boolean" else [])
            for value in offered:
                if value != schema["default"]:
                    yield pytest.param(method, {key: value}, id=f"{name}-{key}-{value}")


@pytest.mark.parametrize(("method", "chosen"), list(choices()))
def test_a_step_stays_on_the_device(method: type[DeepAlignment], chosen: dict[str, Any]) -> None:
    step(method(seed=0, **chosen))


ROWS = torch.arange(4.0).unsqueeze(1)
"""Rows of a method's own, which no one moves to the device."""
FAULTS: dict[str, Callable[[Batch], Tensor]] = {
    "copies rows": lambda batch: batch.target_features[:4] * ROWS.to(batch.target_features.device),
    "indexes by rows": lambda batch: batch.target_features[ROWS.long().squeeze(1)],
    "writes rows": lambda batch: torch.empty_like(batch.target_features[:4]).copy_(ROWS) * batch.target_features[:4],
    "makes a tensor": lambda batch: batch.target_features * torch.tensor([0.5], device=batch.target_features.device),
    "reads a number": lambda batch: batch.target_features * batch.progress.item(),
    "branches on a tensor": lambda batch: batch.target_features if batch.progress > 0.5 else -batch.target_features,
    "looks for rows": lambda batch: batch.target_features[torch.nonzero(batch.source_labels).squeeze(1)],
}


def harmless(batch: Batch) -> Tensor:
    weight = torch.arange(FEATURES, device=batch.target_features.device).to(torch.float64)
    return batch.target_features.double() * weight * torch.tensor(0.5)


class Planted(DeepAlignment):
    title, summary, paper = "Planted", "A fault.", "None."
    loss = staticmethod(harmless)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        return {"planted": type(self).loss(batch).mean()}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_loss_that_leaves_the_device_is_caught(fault: str) -> None:
    faulty = type("Faulty", (Planted,), {"loss": staticmethod(FAULTS[fault])})
    with pytest.raises(OffDeviceError):
        step(faulty(seed=0))


def test_another_precision_and_a_scalar_are_no_copies() -> None:
    step(Planted(seed=0))
