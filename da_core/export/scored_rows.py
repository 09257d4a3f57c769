"""Say what a result's scores rest on: how many samples, and whether any model had learned from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from da_core.events import Basis, DomainScores, Result, Scored
from da_core.i18n import Language

Compared = Literal["source_only", "source_only_bn", "adapted", "oracle"]
"""A result's models, by their names in ``recipe["scored_on"]``."""
MODEL_TITLES: dict[Compared, str] = {
    "source_only": "Source only",
    "source_only_bn": "Source only, target batch norm",
    "adapted": "Adapted",
    "oracle": "Oracle",
}
"""The models' names, as messages, in the order of every table."""

METRICS = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
}
"""What scores are called, as messages, in the order of every table."""
DOMAINS: dict[Scored, str] = {"target": "Target", "source": "Source", "third": "Third domain"}
BASES: dict[Basis, str] = {"held_out": "held out", "cross_fitted": "cross-fitted", "all": "none held out"}
"""What domains and bases are called, as messages."""


def models_of(result: Result) -> dict[Compared, DomainScores]:
    """List the scores of the models that a result has."""
    return {name: scores for name in MODEL_TITLES if (scores := getattr(result, name)) is not None}


def basis(result: Result, model: Compared, domain: Scored) -> Basis:
    """Tell what a model's scores on a domain rest on. No training sees a third domain.

    A result of an earlier version has scored what it was fitted on where nothing was held out.
    """
    if domain == "third":
        return "held_out"
    if "scored_on" in result.recipe:
        known: Basis = result.recipe["scored_on"][model][domain]
        return known
    experiment = result.recipe.get("experiment", {})
    share = experiment.get("target_split")
    as_they_are = experiment.get("network", {}).get("name") == "identity"
    return "all" if share == 0 or (share is None and as_they_are) else "held_out"


def basis_words(which: Basis, language: Language) -> str:
    """Name a basis in the reader's language."""
    return language.translate(BASES[which])


def domain_words(result: Result, domain: Scored, language: Language) -> str:
    """Name a domain with what the adapted model's scores there rest on, for a table's row."""
    if domain == "third":
        return language.translate("Third domain, never trained on")
    rests_on = basis_words(basis(result, "adapted", domain), language)
    return language.translate("{domain}, {basis}", domain=language.translate(DOMAINS[domain]), basis=rests_on)


def scored_rows(
    result: Result,
    language: Language,
    domains: Sequence[Scored] = get_args(Scored),
    models: Sequence[Compared] = get_args(Compared),
) -> str:
    """Say how many samples of each domain the models were scored on, and what that is worth: a sentence or some."""
    sentences, used = [], set[Basis]()
    for domain in domains:
        scores = models_of(result)
        there = {name: of for name in models if name in scores and (of := getattr(scores[name], domain))}
        if not there:
            continue
        if domain == "third":
            worth = language.translate("never trained on")
        else:
            by_basis: dict[Basis, list[str]] = {}
            for model in there:
                by_basis.setdefault(basis(result, model, domain), []).append(language.translate(MODEL_TITLES[model]))
            used.update(by_basis)
            worth = ", ".join(
                basis_words(which, language)
                if len(by_basis) == 1
                else language.translate(
                    "{basis} ({models})", basis=basis_words(which, language), models=", ".join(names)
                )
                for which, names in by_basis.items()
            )
        sentences.append(
            language.translate(
                "{domain}: {count} samples, {basis}.",
                domain=language.translate(DOMAINS[domain]),
                count=language.number(max(of.samples for of in there.values())),
                basis=worth,
            )
        )
    if "cross_fitted" in used:
        sentences.append(
            language.translate("Cross-fitted: each half is scored by a classifier that was fitted on the other half.")
        )
    if "all" in used:
        sentences.append(language.translate("None held out: the scored samples were also used for training."))
    if result.recipe.get("source_only_head") == "refitted" and {"source_only", "adapted"} <= set(models):
        sentences.append(
            language.translate(
                "Source only has a refitted head, as the method has: the difference is due to the method alone."
            )
        )
    if result.recipe.get("target_was_seen") and set(domains) == set(get_args(Scored)):
        sentences.append(
            language.translate(
                "Source only has seen the target's samples, without labels: the preparation is fitted to them."
            )
        )
    return language.paragraph(*sentences)


def judged_rows(result: Result, language: Language, models: Sequence[Compared] = get_args(Compared)) -> str:
    """Say what the scores rest on that the models are judged by: the target's or, without labels, the source's."""
    return scored_rows(result, language, ["target" if result.target_scored else "source"], models)
