"""Suggest methods for a pair, in the background: its samples are loaded and compared for it."""

from __future__ import annotations

import logging

from da_core.errors import UserError
from da_core.experiment import Experiment
from pages.session.background import Background

log = logging.getLogger(__name__)


def _suggest(experiment: Experiment) -> list[str]:
    """List source only and what is recommended; nothing where the pair cannot be read, which a run will say."""
    from da_core.evaluation import recommendation

    try:
        return recommendation.suggested_methods(experiment.data, experiment.seed)
    except UserError:
        log.info("nothing is recommended for %s", experiment.data.name, exc_info=True)
        return []


suggestions = Background(_suggest, keep=64)
