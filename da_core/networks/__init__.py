"""Step 2 · the feature extractors: one file each, found by their place."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

from da_core import registry

if TYPE_CHECKING:
    from da_core.networks.extractor import Extractor


@functools.cache
def networks() -> dict[str, Extractor]:
    """Every extractor by name."""
    from da_core.networks.extractor import Extractor  # torch comes with it

    found = [
        value()
        for module in registry.modules(sys.modules[__name__])
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Extractor) and value.__module__ == module.__name__
    ]
    return {extractor.name: extractor for extractor in found if hasattr(extractor, "name")}
