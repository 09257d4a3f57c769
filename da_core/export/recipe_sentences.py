"""Say in a reader's language what the keys of a result's recipe stand for.

Recipes of earlier versions hold English prose in their place; it is returned as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from da_core.errors import UserError
from da_core.i18n import Language
from da_core.networks.preparation import read


def recipe_sentences(recipe: Mapping[str, Any], language: Language) -> dict[str, str]:
    """Describe preprocessing, choice of the epoch and intervals, by title; what a recipe does not hold is left out."""
    sentences = {
        language.translate("Preprocessing"): preprocessing_sentence(recipe, language),
        language.translate("Source only"): source_only_sentence(recipe, language),
        language.translate("Which epoch counts"): selection_sentence(recipe, language),
        language.translate("Intervals"): intervals_sentence(recipe, language),
    }
    return {title: sentence for title, sentence in sentences.items() if sentence}


def preprocessing_sentence(recipe: Mapping[str, Any], language: Language) -> str:
    """Describe how samples were prepared for the network; empty where the recipe does not say."""
    own, steps = _extractors_own(recipe, language), recipe.get("prepare") or []
    if not steps:
        return own
    parts = [] if own == language.translate("none") else [own]
    return " → ".join([*parts, *(step_sentence(step, language) for step in steps)])


def source_only_sentence(recipe: Mapping[str, Any], language: Language) -> str:
    """Say that source only knows something of the target; empty where it does not."""
    if not recipe.get("target_was_seen"):
        return ""
    return language.translate("It has seen the target's samples, without labels: the preparation is fitted to them.")


def step_sentence(step: str, language: Language) -> str:
    """Say what one step of preparation is, with its settings; one of another version stays as it is written."""
    try:
        chosen = read(step)
    except UserError:
        return step
    settings = chosen.params.model_dump().values()
    values = [language.word(value) if isinstance(value, str) else f"{value:g}" for value in settings]
    return language.translate(chosen.title) + (f" ({', '.join(values)})" if values else "")


def _extractors_own(recipe: Mapping[str, Any], language: Language) -> str:
    match recipe.get("preprocessing"):
        case str(prose):
            return prose
        case {"kind": "pixels", "mean": mean, "std": std}:
            return language.translate(
                "(x / 255 − {mean}) / {std} in each channel, the same in both domains",
                mean=_triple(mean),
                std=_triple(std),
            )
        case {"kind": "standardised", "by": "domain"}:
            return language.translate("each domain scaled by its own mean and deviation")
        case {"kind": "standardised", "by": "source"}:
            return language.translate("both domains scaled by the source's mean and deviation")
        case {"kind": "pixels", "side": side, "channels": "colour"}:
            return language.translate("pixels, in colour, averaged down to {side} × {side} at most", side=side)
        case {"kind": "pixels", "side": side}:
            return language.translate("pixels, brightness alone, averaged down to {side} × {side} at most", side=side)
        case {"kind": "hog", "cells": cells, "directions": directions, "root": root}:
            sentence = (
                "histograms of edges of the square root of light in {directions} directions over {cells} × {cells} "
                "cells"
                if root
                else "histograms of edges in {directions} directions over {cells} × {cells} cells"
            )
            return language.translate(sentence, cells=cells, directions=directions)
        case {"kind": "log_edges", "cells": cells, "directions": directions, "darkest": darkest}:
            return language.translate(
                "histograms of edges of the logarithm of brightness in {directions} directions over {cells} × {cells} "
                "cells; below {darkest} of 255 all is equally dark",
                cells=cells,
                directions=directions,
                darkest=f"{darkest:g}",
            )
        case {"kind": "mfcc", "coefficients": coefficients, "deltas": deltas}:
            return language.translate(
                "{coefficients} mel-frequency cepstral coefficients (deltas: {deltas}), averaged over the sound",
                coefficients=coefficients,
                deltas=language.word(deltas),
            )
        case {"kind": "log_mel", "bands": bands}:
            return language.translate(
                "log-mel spectrograms of {bands} bands, each band scaled by its domain's mean and deviation",
                bands=bands,
            )
        case {"kind": "text_vectors", "vectors": vectors, "pieces": pieces}:
            names = {
                "words": language.translate("whole words"),
                "characters": language.translate("runs of characters"),
                "both": language.translate("whole words and runs of characters"),
            }
            return language.translate(
                "{vectors} vectors of {pieces}, fitted on the training texts of both domains",
                vectors=language.word(vectors),
                pieces=names.get(pieces, pieces),
            )
        case {"kind": "none"}:
            return language.translate("none")
        case _:
            return ""


def selection_sentence(recipe: Mapping[str, Any], language: Language) -> str:
    """Say which epoch's network was scored; empty where the recipe does not say."""
    match recipe.get("selection"):
        case "last_epoch":
            return language.translate("the last one; none is selected by its score")
        case str(prose):
            return prose
        case _:
            return ""


def intervals_sentence(recipe: Mapping[str, Any], language: Language) -> str:
    """Say how intervals were estimated; empty where the recipe does not say."""
    match recipe.get("intervals"):
        case str(prose):
            return prose
        case {"level": level, "draws": draws}:
            return language.translate(
                "{level}: Wilson (accuracy, each class's precision and recall), Agresti-Min (gains), percentile "
                "bootstrap of {draws} draws (the others)",
                level=language.percent(level, 0),
                draws=language.number(draws),
            )
        case _:
            return ""


def _triple(channels: list[float]) -> str:
    return "(" + ", ".join(f"{channel:g}" for channel in channels) + ")"
