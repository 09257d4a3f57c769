"""An experiment as a Jupyter notebook: the data, the run, its curves, what moved, and the method's own code."""

from __future__ import annotations

import json
from typing import Any

from da_core.export.script import code, measured, specs
from da_core.i18n import Language
from da_core.run_folder import Record

_DATA = """
import matplotlib.pyplot as plt
import numpy as np

from da_core.data.loading.cache import load_pair

pair = load_pair(EXPERIMENT.data)
for domain in (pair.source, pair.target):
    print(f"{domain.name}: {len(domain)} samples of {len(pair.classes)} classes")
if pair.kind == "pictures":
    figure, places = plt.subplots(2, 8, figsize=(10, 2.6))
    for row, domain in zip(places, (pair.source, pair.target)):
        for place, sample in zip(row, domain.X[:: max(1, len(domain) // 8)]):
            place.imshow(sample)
            place.axis("off")
    plt.show()
"""
_RUN = """
from da_core.events import Accuracies, Finished, Losses
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
    print(f"{name}: {accuracy:.4f} on the target (the app: {MEASURED[name]:.4f})")
    low, high = models[name].target.intervals["accuracy"]
    print(f"    95% interval {low:.4f} to {high:.4f}")
if gain := result.gain.get("target"):
    low, high = gain.interval
    print(f"gain: {gain.accuracy:+.4f}, 95% interval {low:+.4f} to {high:+.4f}")
    print(f"{gain.fixed} samples fixed, {gain.broken} broken")
"""
_FINDINGS = """
for finding in result.findings:
    print(finding.title)
    print("   ", finding.evidence.format(**finding.values))
    print("   ", finding.advice)
if not result.findings:
    print("No warning sign was found in these numbers.")
"""
_APART = """
for measure, before in result.shift.before.model_dump(exclude={"intervals"}, exclude_none=True).items():
    after = getattr(result.shift.after, measure)
    print(f"{measure}: {before:.3f} before, {after:.3f} after")
"""
_CURVES = """
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3))
for place, kind in ((left, Losses), (right, Accuracies)):
    series = {}
    for event in history:
        if isinstance(event, kind):
            for name, value in (event.terms if kind is Losses else event.values).items():
                series.setdefault(f"{event.phase}: {name}", []).append((event.epoch, value))
    for name, points in series.items():
        place.plot(*zip(*points), label=name)
    place.set_xlabel("epoch")
    if series:
        place.legend(fontsize=8)
left.set_title("loss")
right.set_title("accuracy on held-out samples")
plt.show()
"""
_MOVED = """
from da_core import palette
from da_core.evaluation.umap_and_pca import pca

figure, places = plt.subplots(1, 2, figsize=(10, 5))
points = None
for place, when in zip(places, ("before", "after")):
    features = np.concatenate([evidence.source_features[when], evidence.target_features[when]])
    points = pca(features, start=points)
    count = len(evidence.source_features[when])
    place.scatter(*points[:count].T, s=9, c=palette.SOURCE, marker="o", alpha=0.6, label="source")
    place.scatter(*points[count:].T, s=8, c=palette.TARGET, marker="D", alpha=0.6, label="target")
    place.set(title=when, xticks=[], yticks=[])
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
        f"from da_core.experiment import {', '.join(sorted(specs(record.experiment)))}\n\n{code(record.experiment)}\n"
        f"MEASURED = {measured(record)!r}"
    )
    start = say("Open this notebook in the repository's folder, or put that folder on Python's path.")
    all_events = say("Source only first, then the method; every event of the run comes by here.")
    cells = [
        _text(f"# {say('One experiment, step by step')}\n\n{start}"),
        _code(experiment),
        _text(f"## {say('Data')}"),
        _code(_DATA),
        _text(f"## {say('Train')}\n\n{all_events}"),
        _code(_RUN),
        _code(_TABLE),
        _code(_CURVES),
        _text(f"## {say('What to look out for')}"),
        _code(_FINDINGS),
        _text(f"## {say('What moved in feature space')}"),
        _code(_MOVED),
        _text(f"## {say('How far apart the domains are')}"),
        _code(_APART),
        _text(f"## {say('The code of this method')}"),
        _code(_METHOD),
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
