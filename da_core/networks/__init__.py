"""Step 2 · the feature extractors: one file each, found by their place."""

from __future__ import annotations

import functools
import sys

from da_core import catalogue
from da_core.networks.base import Extractor


@functools.cache
def networks() -> dict[str, Extractor]:
    """Every extractor by name."""
    found = [
        value()
        for module in catalogue.modules(sys.modules[__name__])
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Extractor) and value.__module__ == module.__name__
    ]
    return {extractor.name: extractor for extractor in found if hasattr(extractor, "name")}
