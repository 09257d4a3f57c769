"""Studies in the background: a run that fails ends the study."""

from __future__ import annotations

import functools

from da_core.jobs.background_work import BackgroundWork, WorkView
from da_core.several_runs.study import Study
from da_core.several_runs.trials import Trial, TrialOutcome

StudyView = WorkView[Study, Trial, TrialOutcome]


class Studies(BackgroundWork[Study, Trial, TrialOutcome]):
    """The visitors' studies."""

    kind = "study"
    plan_type = Study
    outcome_type = TrialOutcome


@functools.cache
def studies() -> Studies:
    """Return the studies of this process."""
    return Studies()
