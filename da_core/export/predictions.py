"""The adapted model's class of every target sample as a table: the purpose of adapting where there are no labels."""

from __future__ import annotations

import logging

from da_core.data.loading.cache import load_pair
from da_core.errors import UserError
from da_core.events import Evidence, Result
from da_core.experiment import Experiment
from da_core.export.spreadsheet import escape_formula, to_csv

log = logging.getLogger(__name__)


def predictions_csv(experiment: Experiment, result: Result, evidence: Evidence) -> bytes:
    """Write one CSV row for each target sample: number from 1, name (while its files are there), predicted class.

    Only for evidence that has ``answers``.
    """
    answers = evidence.answers
    assert answers is not None
    names = [""] * len(answers)
    try:
        captions = load_pair(experiment.data).target.captions
        if captions is not None and len(captions) == len(answers):  # else the files have changed since the run
            names = [escape_formula(str(caption)) for caption in captions]
    except (UserError, OSError):
        log.info("predictions on %s have no names", experiment.data.name, exc_info=True)
    classes = [escape_formula(result.classes[answer]) for answer in answers]
    rows = zip(range(1, len(answers) + 1), names, classes, strict=True)
    return to_csv(("sample", "name", "predicted"), rows)
