"""Explain each loss term and its expected direction, as help beside the chart's title."""

from __future__ import annotations

from collections.abc import Iterable

from da_core.events import LOSS_TITLES
from pages.session.words import _, word

TERMS = {
    "class": "How wrong the network is on labelled source samples. It should fall and stay low.",
    "domain": "How wrong the domain classifier is: the higher, the less it can tell source from target.",
    "gradient penalty": "Keeps the domain classifier smooth, so that the features can follow it.",
    "fooling": "What the features learn to lower: the domain classifier, or discriminator, is fooled more and more.",
    "critic": "What the critic learns to lower, so that it measures well how far apart the domains are.",
    "wasserstein": "The distance between the domains that the critic measures. The features learn to shrink it.",
    "information": "How much the features tell about the domain, times its weight. It should fall.",
    "nats": "The same information without the weight, in nats. It is only shown.",
    "coral": "How much the covariances of source and target features differ. It should fall.",
    "mmd": "How far apart the means of the domains lie in a kernel's space. It should fall.",
    "joint mmd": "The same distance, of features and predicted classes together. It should fall.",
    "moments": "How much the means of products of features differ between the domains. It should fall.",
    "feature norm": "How far the feature norms are from the growth that each step requires.",
    "nuclear norm": "The lower, the more confident and varied the predictions on the target.",
    "confusion": "How often the network wavers between two classes on the target. It should fall.",
    "second head": "How wrong the second classifier is on labelled source samples. It should fall.",
    "dispute": "Lowered while the two classifiers seek target samples that they disagree on.",
    "agreement": "Lowered while the features resolve the disagreement of the two classifiers.",
    "disparity": "The adversary agrees with the classifier on the source and disagrees on the target.",
    "feature transport": "How far the pairs of source and target samples lie apart in feature space. It should fall.",
    "label transport": "How poorly a target sample's prediction fits the label of its source partner. It should fall.",
    "entropy": "How unsure the network is on the target. It should fall.",
    "diversity": "The lower, the more evenly the predictions on the target cover all classes.",
    "pseudo": "How wrong the network is on target samples, measured against its own earlier confident predictions.",
    "consistency": "How much predictions on a target sample and on its changed copy differ. It should fall.",
}
"""By the names that methods give their terms."""


def title(name: str) -> str:
    """Write a term's name; some names of terms mean something else on other screens."""
    return word(LOSS_TITLES.get(name, name))


def explained(names: Iterable[str]) -> str | None:
    """Write a line for each term that is known, as Markdown; None where none is."""
    lines = [f"- **{title(name)}**: {_(TERMS[name])}" for name in names if name in TERMS]
    return "\n".join(lines) or None
