"""Compare a reweighting with the true density ratio, where data are drawn from known distributions."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from da_core.data.loading import cache
from da_core.data.source import DataSource
from da_core.data.sources import sources
from da_core.errors import UserError
from da_core.registry import resolve
from da_core.run_folder import Record

log = logging.getLogger(__name__)


def true_density_ratio(record: Record) -> NDArray[np.float64] | None:
    """Compute the density ratio at a run's held-out source samples (n,), mean 1 as weights have it.

    None where it is not known, or the data cannot be read any more.
    """
    spec, evidence = record.experiment.data, record.evidence
    try:
        source = resolve(sources(), spec)
        if type(source).true_weights is DataSource.true_weights:  # nobody knows it: spare the loading
            return None
        pair = cache.load_pair(spec)
    except (UserError, OSError):
        log.info("run %s is shown without the true density ratio", record.run_id, exc_info=True)
        return None
    ratio = source.true_weights(pair.source.X[evidence.source_index], pair.source.y[evidence.source_index])
    return None if ratio is None else ratio / ratio.mean()
