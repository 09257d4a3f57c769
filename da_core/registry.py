"""Finding the files of a package: adding a method, a network or a data source is adding one file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Protocol, TypeVar

from da_core.errors import UserError
from da_core.params import Scalar, validated

T = TypeVar("T")
K = TypeVar("K", bound="HasParams")


class HasParams(Protocol):
    """What a registry holds: a kind of thing, with the hyperparameters that it takes."""

    Params: Any


class Spec(Protocol):
    """What an experiment says of one thing: its ``name``, its ``params``, and ``what`` it is in a sentence."""

    @property
    def what(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def params(self) -> dict[str, Scalar]: ...


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Import and yield every module below ``package``, in the order of their names."""
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.ispkg:
            yield importlib.import_module(found.name)


def pick(known: dict[str, T], name: str, kind: str) -> T:
    """Return ``known[name]`` or raise `UserError` with the names there are."""
    if name not in known:
        raise UserError(
            "There is no {kind} “{name}”; choose one of {choices}.", kind=kind, name=name, choices=", ".join(known)
        )
    return known[name]


def resolve(known: dict[str, K], spec: Spec) -> tuple[K, Any]:
    """Find the kind that ``spec`` names among ``known`` and validate its hyperparameters: ``(kind, kind.Params)``.

    Raises `UserError` for a name that does not exist, a setting that does not exist, or a value out of its bounds.
    """
    kind = pick(known, spec.name, spec.what)
    return kind, validated(kind.Params, spec.params, spec.name)
