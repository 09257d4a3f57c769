"""A data set by its class and raw settings, as an experiment gives them; nothing is cached."""

from __future__ import annotations

from collections.abc import Mapping

from da_core.data.pair import DomainPair
from da_core.data.source import DataSource
from da_core.params import Scalar


def load(source: type[DataSource], values: Mapping[str, Scalar], seed: int = 0) -> DomainPair:
    """Make the pair of ``source`` with the settings ``values``. Raises `UserError` where they are not valid."""
    return source(**values).load(seed)
