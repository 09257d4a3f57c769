"""Finding the files of a package: adding a method, a network or a data source is adding one file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TypeVar

from da_core.errors import UserError

T = TypeVar("T")


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
