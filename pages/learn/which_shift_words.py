"""Name the kinds of shift for the quiz: a title, and how to recognise each. All are messages."""

from __future__ import annotations

from da_core.evaluation.shift.shift_verdict import Verdict

KIND_TITLES: dict[Verdict, str] = {
    "none": "No shift",
    "label": "Label shift",
    "covariate": "Covariate shift",
    "concept": "Concept shift",
    "appearance": "Change of appearance",
}
KIND_SIGNS: dict[Verdict, str] = {
    "none": "Both domains are drawn from one distribution; what differs is chance.",
    "label": "Some classes are more common in the target; each class looks as it did.",
    "covariate": "Other places are common in the target; the same place means the same class.",
    "concept": "The points lie where they did, and some mean another class.",
    "appearance": "The target is moved, turned or stretched as a whole.",
}
