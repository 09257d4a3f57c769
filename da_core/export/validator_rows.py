"""Describe validators' scores of a run in words: the scores, the pick, and whether it is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from da_core.evaluation.validators import validators
from da_core.events import Result
from da_core.i18n import Language

Verdict = Literal["right", "wrong", "undecided", "no difference"]


@dataclass(frozen=True)
class ValidatorRow:
    """One validator's line: its name and title, its scores before and after, and what it would pick, as written.

    ``reason`` says why it has none. ``uses_labels`` tells whether it has seen labels of the target.
    """

    name: str
    title: str
    before: str
    after: str
    pick: str
    reason: str
    uses_labels: bool


def validator_rows(result: Result, language: Language, *, unlocked: bool) -> list[ValidatorRow]:
    """Write a line for each validator of a result, in their order; the locked one only where it is ``unlocked``.

    Validators that only another version knew are left out.
    """
    picks = {
        "before": language.translate("before"),
        "after": language.translate("after"),
        None: language.translate("undecided"),
    }
    return [
        ValidatorRow(
            name=name,
            title=language.word(kind.title),
            before=score_words(name, score.before, language),
            after=score_words(name, score.after, language),
            pick="–" if score.before is None else picks[score.pick],
            reason=language.translate_message(score.reason, score.values) if score.reason else "",
            uses_labels=kind.labels != "none",
        )
        for name, kind in validators().items()
        if (score := result.validators.get(name)) is not None and (unlocked or not kind.cost)
    ]


def score_words(name: str, score: float | None, language: Language) -> str:
    """Write a validator's score: a share in per cent, others as numbers; a dash where there is none."""
    if score is None:
        return "–"
    return language.percent(score) if validators()[name].is_share else language.number(score, 3)


def verdict(result: Result, name: str) -> Verdict | None:
    """Tell whether a validator picks the better model by target accuracy; None where that is not known.

    Where both models are equally good on the target there is nothing to be right about.
    """
    score, before, after = result.validators[name], result.source_only.target, result.adapted.target
    if score.before is None or before is None or after is None:
        return None
    if before.accuracy == after.accuracy:
        return "no difference"
    if score.pick is None:
        return "undecided"
    return "right" if score.pick == ("after" if after.accuracy > before.accuracy else "before") else "wrong"


def verdict_words(result: Result, name: str, language: Language) -> str:
    """Write the verdict on a validator, with what a wrong pick costs; a dash where nothing is known."""
    judgement = verdict(result, name)
    if judgement is None or result.source_only.target is None or result.adapted.target is None:
        return "–"
    if judgement != "wrong":
        return {
            "right": language.translate("right"),
            "undecided": language.translate("undecided"),
            "no difference": language.translate("both models equally good"),
        }[judgement]
    lost = abs(result.adapted.target.accuracy - result.source_only.target.accuracy)
    return language.translate("wrong: costs {points} points", points=language.number(100 * lost, 1))
