"""Say in a reader's language what the keys of a result's recipe stand for.

Recipes of earlier versions hold English prose in their place; it is returned as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from da_core.errors import UserError
from da_core.i18n import Language
from da_core.networks.preparation import read

LAST = "the last one; none is selected by its score"
SEEN = "It has seen the target's samples, without labels: the preparation is fitted to them."
TEXTS = {
    "none": "none",
    "pixels": "(x / 255 − {mean}) / {std} in each channel, the same in both domains",
    "pixels colour": "pixels, in colour, averaged down to {side} × {side} at most",
    "pixels brightness": "pixels, brightness alone, averaged down to {side} × {side} at most",
    "standardised domain": "each domain scaled by its own mean and deviation",
    "standardised source": "both domains scaled by the source's mean and deviation",
    "hog True": (
        "histograms of edges of the square root of light in {directions} directions over {cells} × {cells} cells"
    ),
    "hog False": "histograms of edges in {directions} directions over {cells} × {cells} cells",
    "log_edges": (
        "histograms of edges of the logarithm of brightness in {directions} directions over {cells} × {cells} cells; "
        "below {darkest} of 255 all is equally dark"
    ),
    "mfcc": "{coefficients} mel-frequency cepstral coefficients (deltas: {deltas}), averaged over the sound",
    "log_mel": "log-mel spectrograms of {bands} bands, each band scaled by its domain's mean and deviation",
    "text_vectors": "{vectors} vectors of {pieces}, fitted on the training texts of both domains",
    "words": "whole words",
    "characters": "runs of characters",
    "both": "whole words and runs of characters",
}
"""Messages, by the kind of preprocessing and the variant of it; the last three are the pieces of texts."""


def recipe_sentences(recipe: Mapping[str, Any], language: Language) -> dict[str, str]:
    """Describe preprocessing, choice of the epoch and intervals, by title; what a recipe does not hold is left out."""
    chosen = recipe.get("selection", "")
    sentences = {
        language.translate("Preprocessing"): preprocessing_sentence(recipe, language),
        language.translate("Source only"): language.translate(SEEN) if recipe.get("target_was_seen") else "",
        language.translate("Which epoch counts"): language.translate(LAST) if chosen == "last_epoch" else chosen,
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
    values = recipe.get("preprocessing") or {}
    if isinstance(values, str):
        return values
    variants = [str(values[name]) for name in ("kind", "channels", "by", "root") if name in values]
    shown = {name: _written(value) for name, value in values.items()}
    if "pieces" in values:
        shown["pieces"] = language.translate(TEXTS.get(values["pieces"], values["pieces"]))
    sentence = TEXTS.get(" ".join(variants), "")
    return sentence and language.translate_message(sentence, shown)


def _written(value: Any) -> str:
    """Write a number or a word of a recipe, or the triple of a picture's channels."""
    if isinstance(value, list):
        return f"({', '.join(map(_written, value))})"
    return value if isinstance(value, str) else f"{value:g}"


def intervals_sentence(recipe: Mapping[str, Any], language: Language) -> str:
    """Say how intervals were estimated; empty where the recipe does not say."""
    match recipe.get("intervals"):
        case str(prose):
            return prose
        case {"level": level, "other": "mover"}:
            return language.translate(
                "{level}: Wilson (shares and each class's F1), Agresti-Min (gains), MOVER (averages over classes)",
                level=language.percent(level, 0),
            )
        case {"level": level, "draws": draws}:
            return language.translate(
                "{level}: Wilson (accuracy, each class's precision and recall), Agresti-Min (gains), percentile "
                "bootstrap of {draws} draws (the others)",
                level=language.percent(level, 0),
                draws=language.number(draws),
            )
        case _:
            return ""
