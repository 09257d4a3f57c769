"""What a function of tensors asks of the processor, as a bare list that is gone through again.

A step of a small network is mostly calls, not sums: autograd, `torch.func.vmap` and a method's own code take longer to
say what to multiply than the products take. They are run through once, and what came of it is done again at each step,
without Python and its lock: to a CPU this is what a CUDA graph is to a GPU.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

log = logging.getLogger(__name__)

Function = Callable[..., tuple[Tensor, ...]]

_one_at_a_time = threading.Lock()  # TorchScript traces for one thread


class Traces:
    """Functions as lists of operations, by name, for all threads that need the same. Safe to use from many threads.

    A function may read no number of a tensor, and gives tensors of the same shapes at each call.
    """

    def __init__(self) -> None:
        self._found: dict[str, Function] = {}

    def replay(self, name: str, function: Function, *given: Tensor) -> tuple[Tensor, ...]:
        """Do what ``function`` did to tensors of these shapes when it was first called by this name, with these."""
        if name not in self._found:  # else nobody waits for what others trace
            with _one_at_a_time:
                if name not in self._found:
                    self._found[name] = _traced(function, given)
        with torch.no_grad():
            return self._found[name](*given)


class _Recorder(TorchDispatchMode):
    """Notes each operation that comes to the processor: which one, of what, and what came of it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.noted: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], Any]] = []

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        came = operation(*args, **(kwargs or {}))
        self.noted.append((operation, args, kwargs or {}, came))
        return came

    def repeat(self, stand_ins: dict[int, Tensor]) -> None:
        """Do all that was noted again, with each tensor's stand-in, by its id; what comes of it stands in from then."""
        for operation, args, kwargs, came in self.noted:
            again = operation(*_with(stand_ins, args), **{name: _with(stand_ins, x) for name, x in kwargs.items()})
            stand_ins |= {id(old): new for old, new in zip(_flat(came), _flat(again), strict=True)}


def _with(stand_ins: dict[int, Tensor], x: Any) -> Any:
    if isinstance(x, list | tuple):
        return type(x)(_with(stand_ins, one) for one in x)
    return stand_ins.get(id(x), x) if isinstance(x, Tensor) else x


def _flat(x: Any) -> Iterable[Any]:
    return x if isinstance(x, list | tuple) else (x,)


def _traced(function: Function, first: tuple[Tensor, ...]) -> Function:
    with _Recorder() as recorder:
        results = function(*first)

    def repeated(*given: Tensor) -> tuple[Tensor, ...]:
        stand_ins = dict(zip(map(id, first), given, strict=True))
        recorder.repeat(stand_ins)
        return _with(stand_ins, results)  # type: ignore[no-any-return]

    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # what shall take its place wants a compiler
            traced: Function = torch.jit.trace(repeated, first, check_trace=False)  # type: ignore[no-untyped-call]
    except RuntimeError as error:  # it does not know all kinds of argument
        log.info("a step's operations are gone through in Python: %s", error)
        return repeated
    return traced
