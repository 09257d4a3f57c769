"""Recommend methods before any run: from the report on a pair's samples, how many there are and of which kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from da_core.data.pair import UNKNOWN, DomainPair, SampleKind
from da_core.evaluation.shift.shift_report import DataReport, data_report
from da_core.events import Notice
from da_core.experiment import DataSpec, Experiment, MethodSpec
from da_core.methods.wanted_network import with_method
from da_core.networks.defaults import with_data

FEW_PER_CLASS = 20
"""Target samples a class below which a network that learns to align sees too few: its mini-batches miss classes."""
_MANY_PER_CLASS = 10
"""Source samples a class below which no method's classifier is to be trusted."""


@dataclass(frozen=True)
class Suggestion:
    """A method to try, by name, and why: a message."""

    method: str
    reason: Notice


@dataclass(frozen=True)
class Recommendation:
    """``suggestions``, the one to try first at the head; ``cautions`` are messages that hold for all of them.

    ``experiment`` is the first suggestion's on the pair, all else as it suits the data.
    """

    suggestions: tuple[Suggestion, ...]
    cautions: tuple[Notice, ...]
    experiment: Experiment


def without_target_labels(pair: DomainPair) -> DomainPair:
    """Copy a pair, the labels of its target taken away: what a method may see of it."""
    unknown = np.full_like(pair.target.y, UNKNOWN)
    return dataclasses.replace(pair, target=dataclasses.replace(pair.target, y=unknown))


def recommend(report: DataReport, pair: DomainPair, data: DataSpec) -> Recommendation:
    """Rank the methods that suit a pair, by the ``report`` on it; it peeks at target labels no more than that did."""
    suggestions = tuple(_suggested(report, pair))
    experiment = with_method(with_data(Experiment(), data), MethodSpec(name=suggestions[0].method))
    return Recommendation(suggestions, tuple(_cautions(report, pair)), experiment)


def suggested_methods(data: DataSpec, seed: int = 0) -> list[str]:
    """List source only and the methods that are recommended for a pair; its target's labels are not looked at.

    Raises `UserError` where the pair cannot be read.
    """
    from da_core.data.loading.cache import load_pair

    pair = load_pair(data)
    recommendation = recommend(data_report(without_target_labels(pair), seed), pair, data)
    return list(dict.fromkeys(["source_only", *(suggestion.method for suggestion in recommendation.suggestions)]))


def _suggested(report: DataReport, pair: DomainPair) -> Iterator[Suggestion]:
    match report.verdict:
        case "none":
            yield Suggestion(
                "source_only", Notice("There is nothing to adapt: any change that a method makes here is chance.")
            )
        case "label":
            yield Suggestion(
                "bbse", Notice("It estimates the target's class proportions from the classifier's mistakes.")
            )
            yield Suggestion(
                "em_prior", Notice("It needs no invertible confusion matrix, but well-calibrated probabilities.")
            )
            yield Suggestion("rlls", Notice("It keeps the weights near 1 where the target has few samples."))
        case "covariate":
            share = {"share": report.effective_share}
            yield Suggestion(
                "kmm",
                Notice(
                    "The domains overlap ({share:.0%} of the source would still count), so weights can correct the "
                    "shift.",
                    share,
                ),
            )
            yield Suggestion("rulsif", Notice("Its weights are bounded: more stable where the domains overlap little."))
            yield Suggestion(
                "domain_classifier", Notice("It handles many columns and shows how well the domains can be separated.")
            )
        case "concept":
            yield Suggestion("fine_tuning", Notice("A few target labels show what the same samples mean there."))
        case "appearance":
            yield from _against_appearance(pair.kind, len(pair.target) / len(pair.classes))


def _against_appearance(kind: SampleKind, per_class: float) -> Iterator[Suggestion]:
    """Suggest what brings features together, by how the samples are turned into features."""
    if kind == "features" or (kind == "pictures" and per_class < FEW_PER_CLASS):
        why = Notice("It works on the features as they are and keeps the samples of each source class together.")
        if kind == "pictures":
            why = Notice(
                "With {count:.0f} target samples per class a network sees too few to learn alignment; this method "
                "works on fixed features.",
                {"count": per_class},
            )
        yield Suggestion("class_regularised_ot" if kind == "features" else "optimal_transport", why)
        yield Suggestion("coral", Notice("It only matches means and covariances: fast and robust."))
        yield Suggestion(
            "subspace_alignment", Notice("It turns the main directions of one domain onto those of the other.")
        )
    elif kind == "texts":
        yield Suggestion(
            "shot",
            Notice(
                "The classifier stays; the target's features move until its predictions are confident and cover all "
                "classes."
            ),
        )
        yield Suggestion("coral", Notice("It only matches means and covariances: fast and robust."))
    else:
        yield Suggestion(
            "deep_jdot",
            Notice("It aligns features and classes together while the network trains, without an adversary."),
        )
        yield Suggestion("dann", Notice("The classic: features that a domain classifier cannot separate."))
        yield Suggestion("deep_coral", Notice("It is the fastest and steadiest method that trains with the network."))


def _cautions(report: DataReport, pair: DomainPair) -> Iterator[Notice]:
    fewest = int(report.counts[0].min())
    if report.verdict != "none" and fewest < _MANY_PER_CLASS:
        rarest = pair.classes[int(report.counts[0].argmin())]
        yield Notice(
            "Class “{name}” has only {count} source samples: repeat the run with several seeds before you trust the "
            "result.",
            {"name": rarest, "count": fewest},
        )
    if report.verdict == "covariate":
        yield Notice("Where source only is already right on the target, weights change little.")
