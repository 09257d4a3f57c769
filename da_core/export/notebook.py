"""An experiment as a Jupyter notebook: the data, the run, its curves, what moved, and the method's own code."""

from __future__ import annotations

import json
from typing import Any

from da_core.export.script import code, measured, model_names, specs
from da_core.i18n import Language
from da_core.run_folder import Record

TEXTS = {
    "app": "the app",
    "interval": "95% interval",
    "gain": "gain",
    "fixed": "samples fixed",
    "broken": "samples broken",
    "nothing": "No warning sign was found in this run's numbers.",
    "a_distance": "Proxy A-distance",
    "mmd": "MMD²",
    "coral": "CORAL distance",
    "classwise": "Class-wise distance",
    "epoch": "epoch",
    "loss": "loss",
    "accuracy": "accuracy on held-out samples",
    "before": "Before: source only",
    "after": "After: adapted",
    "source": "source",
    "target": "target",
    "samples": "samples",
    "classes": "classes",
}
"""What the code below prints and draws, where it says ``<name>``, in the reader's language."""

_DATA = """
import matplotlib.pyplot as plt
import numpy as np

from da_core.data.loading.cache import load_pair
from da_core.export.figures import chinese_font

plt.rcParams["font.family"] = [chinese_font(), "DejaVu Sans"]
pair = load_pair(EXPERIMENT.data)
for domain in (pair.source, pair.target):
    print(f"{LANGUAGE.word(domain.name)} · <samples> {len(domain)} · <classes> {len(pair.classes)}")
if pair.kind == "pictures":
    figure, places = plt.subplots(2, 8, figsize=(10, 2.6))
    for row, domain in zip(places, (pair.source, pair.target)):
        for place, sample in zip(row, domain.X[:: max(1, len(domain) // 8)]):
            place.imshow(sample)
            place.axis("off")
    plt.show()
"""
_RUN = """
from da_core.events import STAGES, Accuracies, Finished, Losses
from da_core.run import run

history = []
for event in run(EXPERIMENT, embed=False):
    match event:
        case Losses() | Accuracies():
            history.append(event)
        case Finished():
            result, evidence = event.result, event.evidence
"""
_TABLE = """
models = {"source only": result.source_only, "adapted": result.adapted, "oracle": result.oracle}
now = {
    name: scores.target.accuracy
    for name, scores in models.items()
    if scores is not None and scores.target is not None
}
for name, accuracy in now.items():
    print(f"{NAMES[name]}: {accuracy:.4f} (<app>: {MEASURED[name]:.4f})")
    low, high = models[name].target.intervals["accuracy"]
    print(f"    <interval>: {low:.4f} … {high:.4f}")
if gain := result.gain.get("target"):
    low, high = gain.interval
    print(f"<gain>: {gain.accuracy:+.4f}, <interval>: {low:+.4f} … {high:+.4f}")
    print(f"<fixed>: {gain.fixed}, <broken>: {gain.broken}")
"""
_FINDINGS = """
for finding in result.findings:
    for message in (finding.title, finding.evidence, finding.advice):
        print(LANGUAGE.translate_message(message, finding.values))
if not result.findings:
    print("<nothing>")
"""
_APART = """
titles = {"proxy_a_distance": "<a_distance>", "mmd": "<mmd>", "coral": "<coral>"}
titles["classwise"] = "<classwise>"
for measure, title in titles.items():
    before, after = getattr(result.shift.before, measure), getattr(result.shift.after, measure)
    if before is not None and after is not None:
        print(f"{title}: {before:.3f} → {after:.3f}")
"""
_CURVES = """
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3))
for place, kind in ((left, Losses), (right, Accuracies)):
    series = {}
    for event in history:
        if isinstance(event, kind):
            stage = LANGUAGE.translate(STAGES[event.phase])
            for name, value in (event.terms if kind is Losses else event.values).items():
                series.setdefault(f"{stage}: {LANGUAGE.word(name)}", []).append((event.epoch, value))
    for name, points in series.items():
        place.plot(*zip(*points), label=name)
    place.set_xlabel("<epoch>")
    if series:
        place.legend(fontsize=8)
left.set_title("<loss>")
right.set_title("<accuracy>")
plt.show()
"""
_MOVED = """
from da_core import palette
from da_core.evaluation.umap_and_pca import pca

figure, places = plt.subplots(1, 2, figsize=(10, 5))
points = None
for place, (when, title) in zip(places, {"before": "<before>", "after": "<after>"}.items()):
    features = np.concatenate([evidence.source_features[when], evidence.target_features[when]])
    points = pca(features, start=points)
    count = len(evidence.source_features[when])
    place.scatter(*points[:count].T, s=9, c=palette.SOURCE, marker="o", alpha=0.6, label="<source>")
    place.scatter(*points[count:].T, s=8, c=palette.TARGET, marker="D", alpha=0.6, label="<target>")
    place.set(title=title, xticks=[], yticks=[])
places[0].legend()
plt.show()
"""
_METHOD = """
import inspect
import sys

from da_core.methods import methods

print(inspect.getsource(sys.modules[methods()[EXPERIMENT.method.name].__module__]))
"""


def notebook(record: Record, language: Language) -> str:
    """Write the notebook as ``.ipynb``, not yet run; it needs this repository and Jupyter."""
    say = language.translate
    experiment = (
        f"from da_core.experiment import {', '.join(sorted(specs(record.experiment)))}\n"
        f"from da_core.i18n import Language\n\n{code(record.experiment)}\n"
        f"MEASURED = {measured(record)!r}\n"
        f"LANGUAGE = Language({language.code!r})\n"
        f"NAMES = {model_names(language)!r}"
    )

    def code_cell(python: str) -> dict[str, Any]:
        for name, text in TEXTS.items():
            python = python.replace(f"<{name}>", say(text))
        return _code(python)

    start = say("Open this notebook in the repository's folder, or put that folder on Python's path.")
    all_events = say("Source only first, then the method; every event of the run comes by here.")
    cells = [
        _text(f"# {say('One experiment, step by step')}\n\n{start}"),
        _code(experiment),
        _text(f"## {say('Data')}"),
        code_cell(_DATA),
        _text(f"## {say('Train')}\n\n{all_events}"),
        code_cell(_RUN),
        code_cell(_TABLE),
        code_cell(_CURVES),
        _text(f"## {say('What to look out for')}"),
        code_cell(_FINDINGS),
        _text(f"## {say('What moved in feature space')}"),
        code_cell(_MOVED),
        _text(f"## {say('How far apart the domains are')}"),
        code_cell(_APART),
        _text(f"## {say('The code of this method')}"),
        code_cell(_METHOD),
    ]
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _text(markdown: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": markdown}


def _code(python: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": python.strip("\n")}
