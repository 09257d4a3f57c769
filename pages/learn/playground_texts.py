"""The playground element's markup, and its texts in the reader's language."""

from __future__ import annotations

from typing import Any

from pages.session.words import _

TEXTS = {
    "given": "The points as given",
    "features": "The features, in their two main directions",
    "mapped": "The points as mapped",
    "source": "source",
    "target": "target",
    "wrongMark": "taken for another class",
    "criticMark": "dashed: the critic's border, and how often it is right",
    "lossMark": "dotted: class loss",
    "classPull": "pull of the class loss",
    "methodPull": "pull of {method}",
    "play": "Play",
    "pause": "Pause",
    "first": "Back to the start",
    "back": "One frame back",
    "on": "One frame on",
    "move": "One move on: until another player has moved",
    "moveShort": "move",
    "slower": "Slower",
    "faster": "Faster",
    "loop": "Loop",
    "curve": "Course of the film: drag, or use the arrow keys",
    "frame": "{frame} of {count}",
    "asTable": "The numbers as a table",
    "frameColumn": "Frame",
    "sourceColumn": "Source right",
    "targetColumn": "Target right",
    "domainColumn": "Critic right",
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
    "crossHelp": "The arrow keys move a cross over the points. Enter grips what lies there, the arrow keys drag it, "
    "Enter lets go.",
    "held": "Held: the arrow keys drag, Enter lets go.",
    "letGo": "Let go.",
    "picked": "Picked: a ring marks this sample in all pictures.",
    "erase": "Erase",
    "undo": "Undo",
    "onlyCritic": "Critic alone, 20 steps",
    "onlyFeatures": "Features alone, 20 steps",
    "fromHere": "From this frame on:",
    "fromStart": "From where adapting begins:",
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
    "saveWebp": "Moving picture (WebP)",
    "saveGif": "Moving picture (GIF)",
    "noFilm": "This file is not a film of this app, or a part of it is missing. The film before stays.",
    "saving": "The moving picture is being made; this takes a while.",
    "broken": "The film broke off: the server does not answer. The film before stays; try again in a moment.",
    "sweeping": "Films over {setting} are being made.",
    "swept": "Target accuracy over {setting}, each at the last frame.",
    "gameStart": "Be the critic",
    "gameEnd": "End the game",
    "gameAsk": "Sample {number} of {count}: does the grey point come from the source or from the target?",
    "gameScore": "You were right on {you}, the network's critic on {critic}.",
    "gameOver": "{score} At 50% nobody can tell any more: that is what DANN is after. A classifier that learned on the "
    "source then meets target features that look like those it knows.",
    "gameSeesMore": "{score} You only guess now, but the critic does better: it sees all features, and the picture "
    "shows two directions of them. For the network the domains are still apart.",
    "gameApart": "{score} The film has ended, and the domains can still be told apart: the features have not fooled "
    "you.",
    "gameNext": "Let the features move",
    "guessSource": "source (S)",
    "guessTarget": "target (T)",
}
"""Texts of the element, which fills their fields itself."""
SENTENCES = {
    "untrained": "Nothing has been learned yet: the boundary lies where chance has put it.",
    "learns": "The network learns from the labelled source alone: {source} of it is right, and {target} of the target.",
    "begins": "Now with {method}. The network starts again from the same first weights.",
    "oracle": "The oracle learns from the target's own labels: {target} of the target is right.",
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
    "weightless": "λ is 0: {method} pulls at the features no more, and they learn from the class loss alone. {target} "
    "of the target is right.",
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
    "slides": "{share} of the shift has come. The network was right on most of the step before, and follows: {target} "
    "of the target is right where it is now.",
    "ends": "The end: {source} of the source and {target} of the target are right.",
}
"""What has just happened, by the names that `film_words.js` gives it."""
WEIGHTS_NOTE = (
    "The larger a source point, the more it counts; dotted lines: how much more common a place is in the target"
)
THREADS_NOTE = "Threads: which mass goes where; click a sample to see its own"
NORMS_NOTE = (
    "Watch the mean length of the features below the pictures, at the end and before adapting begins: AFN makes them "
    "longer. The pictures do not show it, since each is fitted to its features"
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


def _button(name: str, text: str = "", spoken: str = "", sign: str = "") -> str:
    attributes = (f' data-text="{text}"' if text else "") + (f' data-label="{spoken}"' if spoken else "")
    return f'<button type="button" class="{name}"{attributes}>{sign}</button>'


def _brushes() -> str:
    return "".join(
        f'<button type="button" class="tool" data-tool="{domain}{label}">'
        f'<span data-text="{domain}"></span> {letter}</button>'
        for domain in ("source", "target")
        for label, letter in enumerate("ABC")
    )


HTML = f"""
<div class="playground">
<div class="tools" role="toolbar">
<button type="button" class="tool" data-tool="hand" data-text="hand"></button>
<span data-text="brush"></span>{_brushes()}
<button type="button" class="tool" data-tool="erase" data-text="erase"></button>{_button("undo", "undo")}
</div>
<p class="problem" role="alert" hidden></p>
<template><section class="stage"><p class="stage-title" hidden></p><div class="panels">
<figure class="given"><figcaption></figcaption><div class="plot"><canvas role="img"></canvas></div>
<p class="cross-help" data-text="crossHelp"></p></figure>
<figure class="features"><figcaption></figcaption><div class="plot"><canvas role="img"></canvas></div></figure>
<div class="bars" hidden></div></div><p class="numbers"></p></section></template>
<div class="stages"></div>
<div class="player"><p class="sentence"></p><span class="spoken" aria-live="polite"></span>
<canvas class="curve" tabindex="0" role="slider" aria-valuenow="1" data-label="curve"></canvas>
<div class="bar">{_button("first", spoken="first", sign="❙◀")}{_button("back", spoken="back", sign="◁")}
{_button("play", spoken="play", sign="▶")}{_button("on", spoken="on", sign="▷")}
{_button("move", "moveShort", "move")}
{_button("slower", spoken="slower", sign="−")}<span class="speed"></span>{_button("faster", spoken="faster", sign="+")}
{_button("loop", spoken="loop", sign="↻")}<span class="place"></span></div></div>
<div class="legend"></div>
<details class="course-table"><summary data-text="asTable"></summary>
<div role="region" tabindex="0" data-label="asTable"><table></table></div></details>
<div class="acts" hidden><span class="from"></span>{_button("only-critic", "onlyCritic")}
{_button("only-features", "onlyFeatures")}
<label class="strength-label"><span data-text="strength"></span>
<input class="strength" type="range" min="0" max="2" step="0.1"><output class="strength-now"></output></label>
{_button("drop", "drop")}<span class="drop-hint" data-text="dropHint"></span>
{_button("slide", "slide")}{_button("forget", "forget")}</div>
<div class="game" hidden>{_button("game-start")}
<div class="game-board" hidden><p class="game-line" aria-live="polite"></p><div class="guesses">
{_button("guess-source", "guessSource")}{_button("guess-target", "guessTarget")}{_button("game-next", "gameNext")}
</div></div></div>
<div class="sweep" hidden><p class="sweep-line" role="status"></p><div class="multiples"></div>
<svg class="sweep-curve" viewBox="0 0 600 120" aria-hidden="true"></svg></div>
<details class="keep"><summary data-text="keep"></summary><div class="buttons">
{_button("save-film", "saveFilm")}<label class="file"><span data-text="openFilm"></span>
<input class="open-film" type="file" accept=".dafilm"></label>
{_button("save-png", "savePng")}{_button("save-svg", "saveSvg")}{_button("save-webp", "saveWebp")}
{_button("save-gif", "saveGif")}
<span class="saving" role="status"></span></div></details>
</div>
"""
