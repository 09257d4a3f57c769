"""The Features screen: both panels on the same axes, pictures behind the points, and the distances."""

from __future__ import annotations

import base64
import dataclasses
import io
import json

import made_up_run
import numpy as np
import pytest
from lab import Lab
from PIL import Image

from da_core.events import Evidence
from da_core.experiment import Experiment
from da_core.jobs.queue import queue
from pages.parts import pictures, scatter, theme


def drawn(app: object) -> dict:
    """What the screen tells its element."""
    (element,) = app.get("bidi_component")  # type: ignore[attr-defined]
    return json.loads(element.proto.json)


def told(evidence: Evidence, **changes: object) -> dict:
    settings = {"run": "a", "atlas": None, "scores": {}, "colour": "domain", "layout": "umap", **changes}
    return scatter.payload(scatter.Cloud.of(evidence), made_up_run.CLASSES, **settings)


def test_both_panels_have_the_same_axes(lab: Lab) -> None:
    evidence = made_up_run.finished().evidence
    shown = told(evidence)["points"]["umap"]
    given = np.concatenate([evidence.embeddings["before/umap"], evidence.embeddings["after/umap"]])
    seen = np.concatenate([np.reshape(shown[when], (-1, 2)) for when in ("before", "after")])
    assert np.abs(seen).max() == pytest.approx(1)
    # one shift and one scale, the same for x and y, takes every point of either panel to where it is drawn
    scale = np.ptp(seen) / np.ptp(given - (given.max(0) + given.min(0)) / 2)
    assert seen == pytest.approx((given - (given.max(0) + given.min(0)) / 2) * scale, abs=1e-3)


def test_source_is_blue_and_target_orange_whatever_the_colour_is_by(lab: Lab) -> None:
    shown = told(made_up_run.finished().evidence, colour="class")
    assert (shown["colours"]["source"], shown["colours"]["target"]) == ("#0072B2", "#E69F00")
    assert theme.SOURCE not in shown["colours"]["classes"]
    assert theme.TARGET not in shown["colours"]["classes"]
    assert shown["sourceCount"] == 30
    assert len(shown["label"]) == 60


def test_umap_may_come_later_than_pca(lab: Lab) -> None:
    evidence = made_up_run.finished().evidence
    early = {name: points for name, points in evidence.embeddings.items() if name.endswith("pca")}
    shown = told(dataclasses.replace(evidence, embeddings=early))["points"]
    assert shown["umap"] is None
    assert set(shown["pca"]) == {"before", "after"}


def test_a_live_run_shows_pca_at_once_and_umap_when_it_is_ready(lab: Lab) -> None:
    run = queue().submit(Experiment(), "one")
    queue().wait(run, lambda view: "before/pca" in view.embeddings, 30)
    early = drawn(lab.screen("features", run))
    assert early["layout"] == "pca"
    assert len(early["points"]["pca"]["before"]) == 2 * len(early["label"]) == 120
    assert early["points"]["umap"] is None
    both = {f"before/{layout}": made_up_run.embedded(layout) for layout in ("pca", "umap")}
    assert set(scatter.Cloud.so_far(both).embeddings) == {"before/pca", "before/umap"}
    lab.go.set()
    queue().wait(run, lambda view: view.state == "done", 30)
    assert set(drawn(lab.screen("features", run))["points"]["umap"]) == {"before", "after"}


def test_the_screen_draws_the_run_with_its_scores_and_pictures(lab: Lab) -> None:
    app = lab.screen("features", lab.finish())
    assert not app.exception
    shown = drawn(app)
    assert shown["scores"] == {"before": "target 50.0%", "after": "target 80.0%"}
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["atlas"]["uri"].partition(",")[2]))))
    place = 30  # the first target sample: light, where all of the source is dark
    row, column = divmod(place, shown["atlas"]["columns"])
    assert sheet[row * 8 + 4, column * 8 + 4].mean() == pytest.approx(200, abs=8)
    assert sheet[4, 4].mean() == pytest.approx(40, abs=8)


def test_distances_stand_before_and_after(lab: Lab) -> None:
    app = lab.screen("features", lab.finish())
    assert [metric.value for metric in app.metric] == ["1.90 → 0.70", "0.410 → 0.050"]


def test_reweighting_says_that_nothing_moves_and_sizes_points_by_weight(lab: Lab) -> None:
    app = lab.screen("features", lab.finish(made_up_run.finished(weights=True)))
    assert any("moves no point" in note.value for note in app.info)
    sizes = drawn(app)["sizes"]
    assert sizes == sorted(sizes)
    assert sizes[-1] / sizes[len(sizes) // 2] == pytest.approx((1.9 / 1.0) ** 0.5, rel=0.05), "area tells the weight"


def test_a_run_whose_files_have_changed_is_shown_without_pictures(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from da_core.data import cache

    other = made_up_run.pair()
    swapped = dataclasses.replace(other.source, y=other.source.y[::-1].copy())
    monkeypatch.setattr(cache, "load_pair", lambda spec, seed=0: dataclasses.replace(other, source=swapped))
    app = lab.screen("features", lab.finish())
    assert not app.exception
    assert drawn(app)["atlas"] is None


def test_a_picture_that_is_not_square_is_neither_cut_nor_stretched() -> None:
    wide = np.zeros((20, 40, 3), np.uint8)
    wide[:, :20] = 255
    small = pictures.thumbnail(wide, 16)
    assert small.shape == (16, 16, 3)
    assert (small[4:12, :8] == 255).all()
    assert (small[:4] == 0).all()
    assert (small[4:12, 8:] == 0).all()
