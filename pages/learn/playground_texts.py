"""The playground element's texts in the reader's language."""

from __future__ import annotations

from typing import Any

from pages.session.words import _

TEXTS = {
    "given": "The points as given",
    "features": "The features, in their two main directions",
    "mapped": "The points as mapped",
    "source": "source",
    "target": "target",
    "wrongMark": "misclassified",
    "criticMark": "dashed: the critic's boundary and its accuracy",
    "lossMark": "dotted: class loss",
    "classPull": "pull of the class loss",
    "methodPull": "pull of {method}",
    "play": "Play",
    "pause": "Pause",
    "first": "Back to the start",
    "back": "One frame back",
    "on": "One frame forward",
    "move": "Forward to the next move",
    "moveShort": "move",
    "slower": "Slower",
    "faster": "Faster",
    "loop": "Loop",
    "curve": "Film position: drag, or use the arrow keys",
    "frame": "{frame} of {count}",
    "asTable": "The numbers as a table",
    "frameColumn": "Frame",
    "sourceColumn": "Source accuracy",
    "targetColumn": "Target accuracy",
    "domainColumn": "Critic accuracy",
    "sourceNormColumn": "Length of source features",
    "targetNormColumn": "Length of target features",
    "sourceRight": "{share} of the source right",
    "targetRight": "{share} of the target right",
    "norms": "mean length of features: source {source}, target {target}",
    "sourceBar": "Source",
    "weightedBar": "Source, weighted",
    "targetBar": "Target",
    "hand": "Move",
    "brush": "Brush",
    "gripMove": "Drag: move the target",
    "gripTurn": "Drag: turn the target",
    "gripStretch": "Drag: stretch the target",
    "gripClass": "Drag: move class {name} of the target",
    "gripSample": "{domain}, class {name}: click to pick this sample, drag to move it",
    "pickSample": "{domain}, class {name}: click to pick this sample",
    "crossHelp": (
        "The arrow keys move a cross over the points. Enter picks up the point below it, the arrow keys drag it, "
        "Enter drops it."
    ),
    "held": "Holding: drag with the arrow keys, drop with Enter.",
    "letGo": "Dropped.",
    "picked": "Picked: a ring marks this sample in all pictures.",
    "erase": "Erase",
    "undo": "Undo",
    "onlyCritic": "Critic alone, 20 steps",
    "onlyFeatures": "Features alone, 20 steps",
    "fromHere": "From this frame on:",
    "fromStart": "From the start of adapting:",
    "strength": "weight λ",
    "drop": "Leave this sample out",
    "dropHint": "or drag it to another place",
    "slide": "Shift the target gradually",
    "forget": "Back to the plain run",
    "keep": "Save and open",
    "saveFilm": "Save film",
    "openFilm": "Open film",
    "savePng": "Picture (PNG)",
    "saveSvg": "Picture (SVG)",
    "saveWebp": "Animation (WebP)",
    "saveGif": "Animation (GIF)",
    "noFilm": "This file is not a film of this app, or a part of it is missing. The previous film stays.",
    "saving": "The animation is being made; this takes a while.",
    "broken": "The film stopped: the server does not answer. The previous film stays; try again in a moment.",
    "sweeping": "Films over {setting} are being made.",
    "swept": "Target accuracy over {setting}, each at the last frame.",
    "gameStart": "Be the critic",
    "gameEnd": "End the game",
    "gameAsk": "Sample {number} of {count}: does the grey point come from the source or from the target?",
    "gameScore": "You were right in {you} of cases, the network's critic in {critic}.",
    "gameOver": (
        "{score} At 50% nobody can tell the domains apart: that is DANN's goal. A classifier trained on the source "
        "then meets target features that look familiar."
    ),
    "gameSeesMore": (
        "{score} You are only guessing now, but the critic does better: it sees all features, and the picture shows "
        "only two directions. For the network the domains still differ."
    ),
    "gameApart": "{score} The film has ended, and the domains can still be told apart: the features have not fooled "
    "you.",
    "gameNext": "Let the features move",
    "guessSource": "source (S)",
    "guessTarget": "target (T)",
}
"""Texts of the element, which fills their fields itself."""
SENTENCES = {
    "untrained": "Nothing has been learned yet: the boundary is random.",
    "learns": (
        "The network learns from the labelled source alone: it is right on {source} of the source and {target} of "
        "the target."
    ),
    "begins": "Now with {method}. The network starts again from the same first weights.",
    "oracle": "The oracle learns from the target's own labels: it is right on {target} of the target.",
    "criticSees": "The critic has moved: it tells the domains apart in {domain} of cases. Next the features move "
    "against its gradient.",
    "criticFooled": "The critic has moved: it separates the domains in {domain} of cases, little better than chance.",
    "featuresFlee": "The features have moved against the critic's gradient: it is right in {domain} of cases; {target} "
    "of the target is right.",
    "bothMove": "Critic and features have moved in one step: the critic is right in {domain} of cases, and {target} of "
    "the target is right.",
    "criticAlone": "The critic alone has moved, and the features stand still: it tells the domains apart in {domain} "
    "of cases.",
    "featuresAlone": "The features alone have moved, and the critic stands still: it is right in {domain} of cases; "
    "{target} of the target is right.",
    "weightless": (
        "λ is 0: {method} no longer pulls at the features; they learn from the class loss alone. {target} of the "
        "target is right."
    ),
    "adapts": "The trained network goes on adapting: {target} of the target is right.",
    "closer": "Class loss and {method} have moved the features; the domains came closer (distance {distance}).",
    "together": "Class loss and {method} have moved the features; the domains are at distance {distance}.",
    "given": "Before: a classifier that learned on the source is right on {target} of the target.",
    "mapped": "{method} has moved the points. The classifier is still the old one: {target} of the target is right.",
    "refitted": "The classifier was trained again on the mapped source: {target} of the target is right.",
    "weighted": "{method} weights the source: it now counts like {effective} of {count} samples. The classifier is "
    "still the old one.",
    "refittedWeighted": "The classifier was trained again on the weighted source: {target} of the target is right.",
    "reclassified": "{method} has changed the classifier alone: {target} of the target is right.",
    "slides": (
        "{share} of the shift is done. The network was right on most of the previous step and follows: {target} of "
        "the target is right now."
    ),
    "ends": "The end: {source} of the source and {target} of the target are right.",
}
"""What has just happened, by the names that `film_words.js` gives it."""
WEIGHTS_NOTE = (
    "The larger a source point, the more it counts; dotted lines: how much more common a place is in the target"
)
THREADS_NOTE = "Threads: mass moved from source to target; click a sample to see its own"
NORMS_NOTE = (
    "Watch the mean length of the features below the pictures, before adapting and at the end: AFN makes them "
    "longer. Each picture is scaled to its features, so it does not show this"
)
LINES_NOTE = "Lines: the subspaces of the two domains"
FILLINGS = ("filled", "open", "dotted")


def texts(method: str) -> dict[str, Any]:
    """Translate all texts; ``method`` is the title of the first film's method."""
    return {
        **{name: _(text) for name, text in TEXTS.items()},
        "fillings": [_(filling) for filling in FILLINGS],
        "sentences": {name: _(text) for name, text in SENTENCES.items()},
        "method": method,
    }
