"""Step 3 · the methods: one file each, found by their place."""

from __future__ import annotations

import functools
import sys
from typing import get_args

from da_core import registry
from da_core.methods.base import Family, Method


@functools.cache
def methods() -> dict[str, type[Method]]:
    """Collect every method by name, controls first, then in the order of families and names.

    Raises TypeError, as `registry.collect` does, and where one does not lie in a family's folder.
    """
    order = get_args(Family)
    collected = registry.collect(sys.modules[__name__], Method)
    for method in collected.values():
        if method.family() not in order:
            raise TypeError(
                f"{registry.file_of(method)}: class {method.__name__} does not lie in one of the folders "
                f"{', '.join(order)}; one that is not a method itself says abstract=True."
            )
    return dict(sorted(collected.items(), key=lambda item: (order.index(item[1].family()), item[1].kind, item[0])))
