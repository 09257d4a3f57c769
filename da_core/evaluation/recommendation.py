"""Recommend methods before any run: by measuring cheap candidates on a part of the pair, without target labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from da_core.data.pair import UNKNOWN, DomainPair
from da_core.evaluation.quick_comparison import Compared, QuickComparison, compare
from da_core.evaluation.shift.class_shares import ClassShares
from da_core.evaluation.shift.shift_report import DataReport, data_report
from da_core.events import Notice
from da_core.experiment import DataSpec, Experiment, MethodSpec
from da_core.methods.wanted_network import with_method
from da_core.networks.defaults import with_data

FEW_PER_CLASS = 20
"""Target samples a class below which class shares are a guess, and mini-batches of a network miss classes."""
_MANY_PER_CLASS = 10
"""Source samples a class below which no method's classifier is to be trusted."""

# Fitted on pairs of domains by `tests.bench.advice`, which also measures them on pairs that were left out.
OVERWHELMING = 0.3
"""Gain in circular validation that speaks for a map whatever the class shares may be."""
CLEAR = 0.08
"""Gain in circular validation that speaks for a map where class shares seem to be alike."""
SURER = 0.08
"""Gain in certainty that does so, of a map of columns."""
SURER_OF_FEATURES = 0.1
"""The same, of a map of what a network has learned."""
WEIGHTED = 0.1
"""Gain in importance-weighted accuracy on the source that speaks for sample weights."""
MOVED = 0.05
"""Share of the target that gets another class, below which new class shares change next to nothing."""
SHARES_MOVED = 0.3
"""Estimated change of class shares (total variation) above which a map of whole domains would mix up classes."""
SHARES_UNSURE = 0.1
"""Disagreement of two estimates of them above which either may be right."""

Certainty = Literal["clear", "likely", "unclear"]


@dataclass(frozen=True)
class Suggestion:
    """A method to try, by name, and why: a message."""

    method: str
    reason: Notice


@dataclass(frozen=True)
class Recommendation:
    """``suggestions``, the one to try first at the head; ``cautions`` are messages that hold for all of them.

    ``comparison`` holds the candidates that were measured (none where there is nothing to measure), ``certainty`` says
    how sure the first suggestion is, and ``unless`` what would change it.
    """

    suggestions: tuple[Suggestion, ...]
    cautions: tuple[Notice, ...]
    comparison: QuickComparison
    certainty: Certainty
    unless: Notice

    @property
    def experiment(self) -> Experiment:
        """The first suggestion's on the pair, all else as usual."""
        usual = with_data(Experiment(), self.comparison.experiment.data)
        return self.put_on(usual, self.suggestions[0].method)

    def put_on(self, experiment: Experiment, method: str) -> Experiment:
        """Put an experiment on a suggested method, and on the network that it was compared in if it was."""
        spec = MethodSpec(name=method)
        if all(method != each.method for each in self.comparison.candidates):
            return with_method(experiment, spec)
        parts = {name: getattr(self.comparison.experiment, name) for name in ("network", "head", "prepare")}
        return experiment.model_copy(update={**parts, "method": spec})


def without_target_labels(pair: DomainPair) -> DomainPair:
    """Copy a pair, the labels of its target taken away: what a method may see of it."""
    unknown = np.full_like(pair.target.y, UNKNOWN)
    return dataclasses.replace(pair, target=dataclasses.replace(pair.target, y=unknown))


def recommend(report: DataReport, pair: DomainPair, data: DataSpec, seed: int = 0) -> Recommendation:
    """Recommend methods for a pair by its ``report`` and by comparing the candidates on a part of it.

    Takes seconds. Source only stays first unless the evidence for another method is clear. Target labels are not
    looked at, beyond what the report says of them.
    """
    if report.verdict in ("none", "concept", "few"):
        comparison = QuickComparison(with_data(Experiment(seed=seed), data), ())
        chosen = None
    else:
        comparison = compare(without_target_labels(pair), data, seed)
        chosen = choose(comparison, report, pair)
    return Recommendation(
        tuple(_suggested(chosen, comparison, report, pair)),
        tuple(_cautions(report, pair, comparison)),
        comparison,
        _certainty(chosen, report),
        _unless(chosen, report),
    )


def suggested_methods(data: DataSpec, seed: int = 0) -> list[str]:
    """List source only and the methods that are recommended for a pair; its target's labels are not looked at.

    Raises `UserError` where the pair cannot be read.
    """
    from da_core.data.loading.cache import load_pair

    pair = load_pair(data)
    recommendation = recommend(data_report(without_target_labels(pair), seed), pair, data, seed)
    return list(dict.fromkeys(["source_only", *(suggestion.method for suggestion in recommendation.suggestions)]))


def choose(comparison: QuickComparison, report: DataReport, pair: DomainPair) -> Compared | None:
    """Choose the candidate that the evidence is clear for; None keeps source only."""
    by_name = {each.method: each for each in comparison.candidates}
    match report.verdict:
        case "appearance":
            maps = [by_name[name] for name in ("domain_scaling", "coral") if name in by_name]
            best = max(maps, key=lambda each: each.certainty + each.circular, default=None)
            return best if best is not None and _maps_rightly(best, report.class_shares, pair) else None
        case "covariate":
            weights = by_name.get("rulsif")
            return weights if weights is not None and weights.weighted > WEIGHTED else None
        case "label":
            prior = by_name.get("em_prior")
            enough = len(pair.target) >= FEW_PER_CLASS * len(pair.classes)  # to estimate each class's share
            return prior if prior is not None and prior.moved > MOVED and enough else None
    return None


def _maps_rightly(best: Compared, shares: ClassShares | None, pair: DomainPair) -> bool:
    """Tell whether a map of whole domains has put classes on classes, by all that shows without target labels.

    Other class shares look like a change of scale, with two classes exactly so. Then only the way back tells.
    """
    if pair.kind != "features":
        return best.certainty > SURER_OF_FEATURES
    if best.circular > OVERWHELMING:
        return True
    if shares is None or shares.change >= SHARES_MOVED:
        return False
    alike = len(pair.classes) > 2 and shares.disagreement < SHARES_UNSURE
    return best.circular > CLEAR or (alike and best.certainty > SURER and best.circular > -0.02)


def _certainty(chosen: Compared | None, report: DataReport) -> Certainty:
    """Say how sure the first suggestion is."""
    if report.verdict == "few" or (chosen is None and report.verdict not in ("none", "concept")):
        return "unclear"
    if chosen is None or chosen.circular > OVERWHELMING or max(chosen.certainty, chosen.weighted) > 0.2:
        return "clear"
    return "likely"


_WHY = {
    "domain_scaling": Notice("It undoes other units, gains and zero points, column by column."),
    "coral": Notice("It only matches means and covariances: fast and robust."),
    "class_regularised_ot": Notice(
        "It works on the features as they are and keeps the samples of each source class together."
    ),
    "em_prior": Notice("It estimates the class proportions of the target, from calibrated probabilities."),
    "rulsif": Notice("Its weights are bounded: more stable where the domains overlap little."),
    "self_training": Notice("It learns from its own most confident predictions, class by class."),
}
"""What each candidate does."""


def _suggested(
    chosen: Compared | None, comparison: QuickComparison, report: DataReport, pair: DomainPair
) -> Iterator[Suggestion]:
    """Suggest the chosen candidate, what is like it but takes longer, and what else looks promising."""
    per_class = len(pair.target) / len(pair.classes)
    if chosen is None:
        yield Suggestion("source_only", _why_source_only(report, pair))
    elif report.verdict == "appearance" and pair.kind in ("pictures", "sounds") and per_class >= FEW_PER_CLASS:
        yield Suggestion(
            "deep_jdot",
            Notice(
                "Aligning clearly helps here, and this method does it while the network trains. It takes longer and "
                "was not compared itself."
            ),
        )
    if chosen is not None:
        yield Suggestion(chosen.method, _WHY[chosen.method])
    if report.verdict == "concept":
        yield Suggestion("fine_tuning", Notice("A few target labels show what the same samples mean there."))
    others = sorted(comparison.candidates, key=lambda each: -(each.certainty + each.circular + each.weighted))
    promising = [each for each in others if each != chosen and each.certainty + each.circular + each.weighted > 0.02]
    for other in promising[:2]:
        yield Suggestion(other.method, _WHY[other.method])


def _why_source_only(report: DataReport, pair: DomainPair) -> Notice:
    """Say why nothing else comes first."""
    shares = report.class_shares
    if report.verdict == "none":
        return Notice("There is nothing to adapt: any change that a method makes here is chance.")
    if report.verdict == "few":
        return Notice("With so few samples no method can be shown to help.")
    if report.verdict == "concept":
        return Notice("Without target labels no method can learn that the same samples have other classes.")
    if shares is not None and (shares.change >= SHARES_MOVED or shares.disagreement >= SHARES_UNSURE):
        return Notice(
            "The class shares seem to differ between the domains. Methods that match whole domains then assign samples "
            "to wrong classes."
        )
    return Notice("None of the methods compared is clearly better by what can be seen without target labels.")


def _unless(chosen: Compared | None, report: DataReport) -> Notice:
    """Say what would change the first suggestion."""
    if report.verdict == "few":
        return Notice("More samples: about 100 in each domain.")
    if chosen is None:
        return Notice("Some 50 labelled target samples on which another method is better.")
    if report.verdict == "appearance":
        return Notice("Other class shares in the target: alignment assumes that they are alike.")
    if report.verdict == "covariate":
        return Notice("Target samples where the source has none: weights cannot reach them.")
    return Notice("Samples of one class that look different in the target: this method assumes that they do not.")


def _cautions(report: DataReport, pair: DomainPair, comparison: QuickComparison) -> Iterator[Notice]:
    fewest = int(report.counts[0].min())
    if report.verdict != "none" and fewest < _MANY_PER_CLASS:
        rarest = pair.classes[int(report.counts[0].argmin())]
        yield Notice(
            "Class “{name}” has only {count} source samples: repeat the run with several seeds before you trust the "
            "result.",
            {"name": rarest, "count": fewest},
        )
    if comparison.candidates and comparison.experiment.network.name == "identity" and comparison.experiment.prepare:
        yield Notice(
            "The methods were compared on the columns themselves, scaled by the source's mean and deviation: on the "
            "source a logistic regression of them is about as good as the usual network."
        )
