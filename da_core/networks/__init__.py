"""Step 2 · the feature extractors: one file each, found by their place."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

from da_core import registry

if TYPE_CHECKING:
    from da_core.networks.extractor import Extractor


@functools.cache
def networks() -> dict[str, type[Extractor]]:
    """Collect every extractor by name. Raises TypeError as `registry.collect` does."""
    from da_core.networks.extractor import Extractor  # torch comes with it

    return registry.collect(sys.modules[__name__], Extractor)
