"""The Features screen: both panels on the same axes, pictures behind the points, and the distances."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import threading
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from da_core import i18n
from da_core.events import Evidence, Finished, NeighbourMix, Shift, ShiftMeasures, When
from da_core.experiment import Experiment
from da_core.jobs.queue import queue
from da_core.packed_arrays import unpack
from da_core.teaching import picture_atlas
from pages.run import before_after, layout_requests, weight_charts
from tests.support import made_up_run
from tests.support.lab import Lab, button, drawn, texts


def told(evidence: Evidence, **changes: Any) -> dict:
    cloud = before_after.Cloud.from_evidence(evidence)
    return before_after.BeforeAfterView(cloud, made_up_run.CLASSES, **{"run": "a"} | changes).payload()


def ready(app: AppTest) -> AppTest:
    """Run the screen until all that is made in the background is there."""
    layout_requests.layout_queue.background.wait_idle(120)
    return app.run()


def test_both_panels_have_the_same_axes(lab: Lab) -> None:
    evidence = made_up_run.finished().evidence
    shown = told(evidence)["points"]["umap"]
    given = np.concatenate([evidence.embeddings["before/umap"], evidence.embeddings["after/umap"]])
    seen = np.concatenate([unpack(shown[when]).reshape(-1, 2) for when in ("before", "after")])
    assert np.abs(seen).max() == pytest.approx(1)
    # one shift and one scale, the same for x and y, takes every point of either panel to where it is drawn
    scale = np.ptp(seen) / np.ptp(given - (given.max(0) + given.min(0)) / 2)
    assert seen == pytest.approx((given - (given.max(0) + given.min(0)) / 2) * scale, abs=1e-3)


def test_colours_are_offered_for_what_is_known(lab: Lab) -> None:
    evidence = made_up_run.finished(weights=True).evidence
    old = dataclasses.replace(evidence, source_probabilities={}, target_probabilities={}, weights=None)
    assert set(told(old)["texts"]["colours"]) == {"domain", "class", "right"}
    given = np.full((30, 3), [0.6, 0.3, 0.1], np.float32)
    sure: dict[When, np.ndarray] = {"before": given, "after": given}
    new = dataclasses.replace(evidence, source_probabilities=sure, target_probabilities=sure)
    shown = told(new)
    assert set(shown["texts"]["colours"]) == {"domain", "class", "right", "confidence", "weight"}
    assert unpack(shown["confidence"]["after"]).tolist() == [0.6] * 60
    unknown = dataclasses.replace(old, target_label=np.full(30, -1))
    shown = told(unknown)
    assert set(shown["texts"]["colours"]) == {"domain", "class"}
    assert unpack(shown["label"])[30:].tolist() == [-1] * 30
    assert shown["scores"] == {}


def test_a_live_run_shows_pca_at_once_and_umap_when_it_is_ready(lab: Lab) -> None:
    run = queue().submit(Experiment(), "one")
    queue().wait(run, lambda view: "before/pca" in view.embeddings, 30)
    early = drawn(lab.screen("features", run))
    assert early["layout"] == "pca"
    assert len(unpack(early["points"]["pca"]["before"])) == 2 * early["count"] == 120
    assert early["points"]["umap"] is None
    both = {f"before/{layout}": made_up_run.embedded(layout) for layout in ("pca", "umap")}
    assert set(before_after.Cloud.from_live_run(both).layouts) == {"pca", "umap"}
    lab.go.set()
    queue().wait(run, lambda view: view.state == "done", 30)
    assert set(drawn(lab.screen("features", run))["points"]["umap"]) == {"before", "after"}


def with_snapshots(*epochs: str) -> Finished:
    """The made-up run, had its network been looked at on the way: at first it says “cat” to everything."""
    end = made_up_run.finished()
    features = np.concatenate([end.evidence.source_features["after"], end.evidence.target_features["after"]])
    evidence = dataclasses.replace(
        end.evidence,
        snapshots={epoch: features.astype(np.float16) for epoch in epochs},
        snapshot_predicted={epoch: np.zeros(len(features), np.int16) for epoch in epochs},
    )
    return Finished(end.result, evidence)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("epochs", "stops"),
    [
        ((), ["before", "after"]),
        (("0", "2", "10"), ["0", "2", "10", "after"]),
        (("2", "10"), ["before", "2", "10", "after"]),
    ],
)
def test_the_second_panel_travels_through_the_epochs(lab: Lab, epochs: tuple[str, ...], stops: list[str]) -> None:
    app = ready(lab.screen("features", lab.finish(with_snapshots(*epochs))))
    assert not app.exception
    shown = drawn(app)
    assert [stop["name"] for stop in shown["stops"]] == stops
    for layout in ("umap", "pca"):
        assert set(shown["points"][layout]) == {"before", "after", *epochs}
        assert len({len(unpack(points)) for points in shown["points"][layout].values()}) == 1
    for epoch in epochs:
        assert shown["scores"][epoch] == "target 33.3%", "a third of the samples are cats"
    assert "15 nearest" in shown["state"]["umap"]


def test_nearest_neighbours_are_of_the_other_domain_and_nearest_in_feature_space(lab: Lab) -> None:
    run = lab.finish()
    app = ready(lab.screen("features", run))
    shown = drawn(app)["neighbours"]
    evidence = made_up_run.finished().evidence
    Fs, Ft = evidence.source_features["before"], evidence.target_features["before"]
    near = unpack(shown["before"]).reshape(60, shown["k"])
    assert (near[:30] >= 30).all()
    assert (near[30:] < 30).all()
    distances = np.linalg.norm(Fs[:, None] - Ft[None], axis=2)
    np.testing.assert_allclose(
        np.take_along_axis(distances, near[:30] - 30, axis=1), np.sort(distances, axis=1)[:, : shown["k"]], rtol=1e-5
    )


def test_other_settings_make_another_umap_and_leave_pca_and_five_seeds_stand_beside_when_asked_for(lab: Lab) -> None:
    app = ready(lab.screen("features", lab.finish()))
    first = drawn(app)["points"]
    app.slider[0].set_value(5).run()
    second = drawn(ready(app))["points"]
    assert second["umap"] != first["umap"]
    assert second["pca"] == first["pca"]
    assert drawn(app)["seeds"] == []
    button(app, "Try five seeds").click().run()
    seeds = drawn(ready(app))["seeds"]
    assert [each["title"] for each in seeds] == [f"Seed {seed}" for seed in range(5)]
    assert len({each["points"] for each in seeds}) > 1


def test_what_nobody_wants_any_more_is_not_finished() -> None:
    requests, going, may_go = layout_requests.LayoutQueue(), threading.Event(), threading.Event()
    steps = []

    def slowly():
        for piece in range(3):
            steps.append(piece)
            going.set()
            assert may_go.wait(30)
            yield str(piece), np.zeros(1)

    requests.request("first", "one", "umap", slowly)
    assert going.wait(30)
    requests.request("second", "one", "umap", lambda: iter([("a", np.ones(1))]))
    may_go.set()
    requests.background.wait_idle(30)
    assert steps == [0]
    second = requests.request("second", "one", "umap", slowly)
    assert second.done
    assert second.pieces["a"] == 1


def test_a_layout_that_fails_is_told_and_does_not_stop_the_others(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from da_core.evaluation import umap_and_pca

    def fail(*_arguments: object, **_more: object) -> None:
        raise MemoryError

    monkeypatch.setattr(umap_and_pca, "umap", fail)
    app = ready(lab.screen("features", lab.finish(with_snapshots("1"))))
    assert not app.exception
    assert "could not be computed" in drawn(app)["state"]["umap"]
    assert set(drawn(app)["points"]["umap"]) == {"before", "after"}, "the run's own stays"
    assert set(drawn(app)["points"]["pca"]) == {"before", "after", "1"}


def test_the_screen_draws_the_run_with_its_scores_and_pictures(lab: Lab) -> None:
    app = lab.screen("features", lab.finish())
    shown = drawn(app)
    assert shown["scores"] == {"before": "target 50.0%", "after": "target 80.0%"}
    assert [metric.value for metric in app.metric] == ["1.90 → 0.70", "0.410 → 0.050"]
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["atlas"]["uri"].partition(",")[2]))))
    place = 30  # the first target sample: light, where all of the source is dark
    row, column = divmod(place, shown["atlas"]["columns"])
    assert sheet[row * 8 + 4, column * 8 + 4].mean() == pytest.approx(200, abs=8)
    assert sheet[4, 4].mean() == pytest.approx(40, abs=8)


def test_intervals_and_a_sentence_stand_beside_the_distances(lab: Lab) -> None:
    end = made_up_run.finished()
    far = ShiftMeasures(
        proxy_a_distance=1.9, mmd=0.41, coral=0.5, classwise=0.6,
        intervals={"proxy_a_distance": (1.8, 1.95), "mmd": (0.38, 0.44), "coral": (0.4, 0.6), "classwise": (0.5, 0.7)},
    )  # fmt: skip
    near = ShiftMeasures(
        proxy_a_distance=0.7, mmd=0.05, coral=0.1, classwise=0.1,
        intervals={"proxy_a_distance": (0.6, 0.8), "mmd": (0.04, 0.06), "coral": (0, 0.2), "classwise": (0.05, 0.15)},
    )  # fmt: skip
    mix = NeighbourMix(before=0.04, after=0.31, even=0.5, count=15)
    shift = Shift(before=far, after=near, classes_from="predictions", neighbours=mix)
    app = lab.screen("features", lab.finish(Finished(end.result.model_copy(update={"shift": shift}), end.evidence)))
    assert len(app.metric) == 5
    assert app.metric[4].value == "4% → 31%"
    said = texts(app)
    assert "(1.80 … 1.95) → (0.60 … 0.80)" in said
    assert "class by class as well" in said
    assert "The target has no labels" in said


def test_reweighting_says_that_nothing_moves_and_sizes_points_by_weight(lab: Lab) -> None:
    app = lab.screen("features", lab.finish(made_up_run.finished(weights=True)))
    assert any("moves no point" in note.value for note in app.info)
    assert [stop["name"] for stop in drawn(app)["stops"]] == ["after"], "there is nothing to play"
    sizes = drawn(app)["sizes"]
    assert sizes == sorted(sizes)
    assert sizes[-1] / sizes[len(sizes) // 2] == pytest.approx((1.9 / 1.0) ** 0.5, rel=0.05), "area tells the weight"


def test_a_run_whose_files_have_changed_is_shown_without_pictures(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from da_core.data.loading import cache

    other = made_up_run.pair()
    swapped = dataclasses.replace(other.source, y=other.source.y[::-1].copy())
    monkeypatch.setattr(cache, "load_pair", lambda spec, seed=0: dataclasses.replace(other, source=swapped))
    app = lab.screen("features", lab.finish())
    assert drawn(app)["atlas"] is None


def test_a_picture_that_is_not_square_is_neither_cut_nor_stretched() -> None:
    wide = np.zeros((20, 40, 3), np.uint8)
    wide[:, :20] = 255
    small = picture_atlas.thumbnail(wide, 16)
    assert small.shape == (16, 16, 3)
    assert (small[4:12, :8] == 255).all()
    assert (small[:4] == 0).all()
    assert (small[4:12, 8:] == 0).all()


def test_the_weights_have_a_histogram_and_numbers_and_a_warning_when_few_count(lab: Lab) -> None:
    end = made_up_run.finished(weights=True)
    app = lab.screen("features", lab.finish(end))
    assert [metric.value for metric in app.metric][:2] == ["21 of 30", "10.0%"]
    assert not app.warning
    (chart,) = app.get("plotly_chart")
    bars = json.loads(chart.proto.spec)["data"]
    assert len(bars) == 1, "nobody knows the true ratio of these data"
    few = end.result.model_copy(update={"weights": {"samples": 30, "effective_sample_size": 2, "largest_share": 0.8}})
    app = lab.screen("features", lab.finish(Finished(few, end.evidence)))
    assert "Only 6.7% of the source samples" in app.warning[0].value


def test_every_sample_is_in_the_histogram_and_the_truth_beside_it() -> None:
    weights = np.array([0, 1e-9, 0.5, 1, 2, 40], np.float32)
    bars, line = weight_charts.histogram(weights, np.array([0.1, 1, 1, 1, 1, 2])).data
    assert sum(bars.y) == sum(line.y) == 6


@pytest.mark.parametrize("name", ["covariate", "label_shift"])
def test_true_weights_turn_the_source_into_the_target(name: str) -> None:
    from da_core.data.sources import sources

    source = sources()[name](count=20_000)
    pair = source.load(0)
    weights = source.true_weights(pair.source.X, pair.source.y)
    assert weights.mean() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(
        np.average(pair.source.X, axis=0, weights=weights), pair.target.X.mean(axis=0), atol=0.06
    )
    assert sources()["moons"]().true_weights(pair.source.X, pair.source.y) is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_domains_are_drawn_along_the_direction_that_parts_them(lab: Lab, language: str) -> None:
    end = made_up_run.finished()
    along = np.linspace(-4, 1, 30, dtype=np.float32)
    places: dict[When, np.ndarray] = {"before": along, "after": along}
    evidence = dataclasses.replace(
        end.evidence, source_odds=places, target_odds={when: -each for when, each in places.items()}
    )
    i18n.missing.clear()
    app = lab.screen("features", lab.finish(dataclasses.replace(end, evidence=evidence)), lang=language)
    assert ("The direction that best separates the domains" if language == "en" else "最能区分两个域的方向") in [
        door.label for door in app.expander
    ]
    before, after = (json.loads(chart.proto.spec) for chart in app.get("plotly_chart"))
    assert before["data"][0]["x"] == after["data"][0]["x"], "one axis, so that what came closer is seen to"
    assert not i18n.missing
