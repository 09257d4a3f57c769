"""A run's scores, and the classes that it predicts, as tables for a spreadsheet."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from da_core.data.loading.cache import load_pair
from da_core.errors import UserError
from da_core.events import ClassScores, DomainScores, Evidence, Result, Scores
from da_core.experiment import Experiment
from da_core.export.predictions import answers_csv
from da_core.export.spreadsheet import harmless, to_csv

log = logging.getLogger(__name__)

_METRICS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
_COLUMNS = (
    *("model", "domain", "class", "samples"),
    *(f"{metric}{end}" for metric in _METRICS for end in ("", "_low", "_high")),
    "calibration_error",
)


def table_csv(result: Result) -> bytes:
    """Every score of every model as CSV that Excel reads: fractions, one row a model, domain and class.

    The row of all classes together has an empty class. ``_low`` and ``_high`` are the ends of 95 % intervals.
    """
    models: dict[str, DomainScores | None] = {
        "source only": result.source_only,
        "source only, target batch norm": result.source_only_bn,
        "adapted": result.adapted,
        "oracle": result.oracle,
    }
    rows: list[list[object]] = []
    for model, of_domains in models.items():
        if of_domains is None:
            continue
        for domain, scores in (
            ("target", of_domains.target),
            ("source", of_domains.source),
            ("third", of_domains.third),
        ):
            if scores is None:
                continue
            error = "" if scores.calibration is None else f"{scores.calibration.error:.6f}"
            rows.append([model, domain, "", scores.samples, *_cells(scores), error])
            for one in scores.per_class:
                rows.append([model, domain, harmless(one.name), one.support, *_cells(one), ""])
    return to_csv(_COLUMNS, rows)


def _cells(scores: Scores | ClassScores) -> Iterator[str]:
    """Each metric and its interval's ends, empty where there is none."""
    for metric in _METRICS:
        value = getattr(scores, metric, None)
        for known in (value, *scores.intervals.get(metric, (None, None))):
            yield "" if known is None else f"{known:.6f}"


def predictions_csv(experiment: Experiment, result: Result, evidence: Evidence) -> bytes:
    """The adapted model's class of every target sample, with the sample's name while its files are there."""
    answers, names = evidence.answers, None
    assert answers is not None
    try:
        names = load_pair(experiment.data).target.captions
    except (UserError, OSError):
        log.info("predictions on %s have no names", experiment.data.name, exc_info=True)
    if names is not None and len(names) != len(answers):  # the files have changed since the run
        names = None
    return answers_csv(answers, result.classes, names)
