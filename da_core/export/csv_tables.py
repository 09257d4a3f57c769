"""A run's scores as a table for a spreadsheet."""

from __future__ import annotations

from typing import get_args

import pandas as pd

from da_core.evaluation.validators import validators
from da_core.events import ClassScores, Result, Scored, Scores, When
from da_core.export.scored_rows import METRICS, MODEL_TITLES, basis, models_of
from da_core.export.spreadsheet import escape_formula

_COLUMNS = (
    *("model", "domain", "class", "samples"),
    *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")),
    "calibration_error",
    "scored_on",
    "findings",
)
_VALIDATED: dict[str, When] = {"source_only": "before", "adapted": "after"}


def table_csv(result: Result) -> bytes:
    """Write every score of every model as CSV that Excel reads: fractions, one row per model, domain and class.

    The row of all classes together has an empty class. ``_low`` and ``_high`` are the ends of 95% intervals,
    ``scored_on`` tells whether the samples were held out, cross-fitted or all there are, ``findings`` names what the
    run's numbers warn of. On the row of all target classes (all source ones, where the target has no labels) of source
    only and adapted, ``validator_…`` is what that validator says of the model, the higher the better.
    """
    judged = "target" if result.target_scored else "source"
    findings = " ".join(finding.name for finding in result.findings)
    rows: list[dict[str, object]] = []
    for key, of_domains in models_of(result).items():
        for domain in get_args(Scored):
            scores: Scores | None = getattr(of_domains, domain)
            if scores is None:
                continue
            row = {"model": MODEL_TITLES[key].lower(), "domain": domain, "scored_on": basis(result, key, domain)}
            error = scores.calibration and scores.calibration.error
            of_all = {"samples": scores.samples, "calibration_error": error, "findings": findings} | _metrics(scores)
            if domain == judged and key in _VALIDATED:
                of_all |= {
                    f"validator_{name}": getattr(score, _VALIDATED[key]) for name, score in result.validators.items()
                }
            rows.append(row | of_all)
            rows += [
                row | {"class": escape_formula(label.name), "samples": label.support} | _metrics(label)
                for label in scores.per_class
            ]
    table = pd.DataFrame(rows, columns=[*_COLUMNS, *(f"validator_{name}" for name in validators())])
    return table.to_csv(index=False, float_format="%.6f", lineterminator="\r\n").encode("utf-8-sig")


def _metrics(scores: Scores | ClassScores) -> dict[str, object]:
    """List each metric and the ends of its interval."""
    cells: dict[str, object] = {}
    for metric in METRICS:
        low, high = scores.intervals.get(metric, (None, None))
        cells |= {metric: getattr(scores, metric, None), f"{metric}_low": low, f"{metric}_high": high}
    return cells
