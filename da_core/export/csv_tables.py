"""A run's scores as a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator

from da_core.evaluation.validators import validators
from da_core.events import ClassScores, Result, Scored, Scores, When
from da_core.export.scored_rows import MODEL_TITLES, basis, models_of
from da_core.export.spreadsheet import escape_formula, to_csv

_METRICS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
_COLUMNS = (
    *("model", "domain", "class", "samples"),
    *(f"{metric}{end}" for metric in _METRICS for end in ("", "_low", "_high")),
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
    domains: tuple[Scored, ...] = ("target", "source", "third")
    findings = " ".join(finding.name for finding in result.findings)
    rows: list[list[object]] = []
    known = list(validators())
    for key, of_domains in models_of(result).items():
        model = MODEL_TITLES[key].lower()
        for domain in domains:
            scores: Scores | None = getattr(of_domains, domain)
            if scores is None:
                continue
            scored_on = basis(result, key, domain)
            error = "" if scores.calibration is None else f"{scores.calibration.error:.6f}"
            judged = domain == ("target" if result.target_scored else "source")
            cells = [_score_cell(result, name, _VALIDATED.get(key) if judged else None) for name in known]
            rows.append([model, domain, "", scores.samples, *_cells(scores), error, scored_on, findings, *cells])
            for label in scores.per_class:
                rows.append(
                    [model, domain, escape_formula(label.name), label.support, *_cells(label), "", scored_on, ""]
                    + [""] * len(known)
                )
    return to_csv([*_COLUMNS, *(f"validator_{name}" for name in known)], rows)


def _score_cell(result: Result, name: str, when: When | None) -> str:
    """Write what a validator says of one model, empty where it says nothing."""
    score = None if when is None or name not in result.validators else getattr(result.validators[name], when)
    return "" if score is None else f"{score:.6f}"


def _cells(scores: Scores | ClassScores) -> Iterator[str]:
    """Yield each metric and its interval's ends, empty where there is none."""
    for metric in _METRICS:
        value = getattr(scores, metric, None)
        for number in (value, *scores.intervals.get(metric, (None, None))):
            yield "" if number is None else f"{number:.6f}"
