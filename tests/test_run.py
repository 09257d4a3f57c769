from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from da_core.data.pair import Domain, DomainPair, Provenance
from da_core.errors import UserError
from da_core.events import Accuracies, Embedded, Event, Finished, Losses, Notice, Progress, StageStarted
from da_core.experiment import Experiment
from da_core.methods import methods
from da_core.methods.base import AdaptationData, DeepAlignment, Method, ModelAdaptation
from da_core.methods.reweighting.gaussian import Gaussian
from da_core.networks.extractor import Network
from da_core.run import run
from da_core.training.step import Step
from da_core.training.training_cache import TrainingCache


def rows(count: int = 120, shift: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three classes around the corners of a triangle; ``shift`` moves a domain aside."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 3
    centres = np.array([[0, 0, 0, 0], [4, 0, 0, 1], [0, 4, 1, 0]])
    return (rng.normal(size=(count, 4)) * 0.7 + centres[y] + shift).astype(np.float32), y


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """A source and a shifted target as .npz."""
    for name, shift in (("source", 0.0), ("target", 2.0)):
        X, y = rows(shift=shift, seed=len(name))
        np.savez(tmp_path / f"{name}.npz", X=X, y=y)
    return {"data": "files", "data.source": str(tmp_path / "source.npz"), "data.target": str(tmp_path / "target.npz")}


@pytest.fixture(autouse=True)
def trained_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test is answered from another one's training."""
    monkeypatch.setattr("da_core.training.training_cache.trained", TrainingCache(most_bytes=0))


def finished(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def do(places: dict[str, str], **flat: str) -> list[Event]:
    flat = {name.replace("__", "."): value for name, value in flat.items()}
    return list(run(Experiment.from_flat({"network": "mlp", "training.epochs": "3"} | places | flat), embed=False))


ON_PICTURES = ("fda", "night_augmentation")


def pictures(count: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """16×16 pictures: a bright stripe high, in the middle or low."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 3
    X = rng.integers(0, 60, (count, 16, 16, 3))
    for picture, label in zip(X, y, strict=True):
        picture[5 * label : 5 * label + 4] += 90
    return X.astype(np.uint8), y


def few_epochs(name: str) -> dict[str, str]:
    """Two, for a method that counts its own."""
    return {"method.epochs": "2"} if "epochs" in methods()[name].Params.model_fields else {}


def test_a_second_method_takes_over_what_is_trained_and_gets_the_numbers_of_a_run_of_its_own(
    places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def steps() -> int:
        return taken.call_count

    with patch.object(Step, "__call__", autospec=True, side_effect=Step.__call__) as taken:
        alone = finished(do(places, method="deep_coral", oracle="true"))
        of_one = steps()
        monkeypatch.setattr("da_core.training.training_cache.trained", TrainingCache())
        first = do(places, method="coral", oracle="true")
        of_first = steps() - of_one
        second = do(places, method="deep_coral", oracle="true")
        of_second = steps() - of_one - of_first
        other_seed = finished(do(places, method="deep_coral", seed="1"))
    assert of_second == of_one - of_first  # the method's own steps alone
    assert finished(second).result.model_dump(exclude={"seconds"}) == alone.result.model_dump(exclude={"seconds"})

    def curves(events: list[Event]) -> list[Event]:
        return [e for e in events if isinstance(e, Accuracies) and e.phase != "adapt"]

    assert curves(second) == curves(first)
    assert other_seed.result.source_only != alone.result.source_only


def test_what_was_cut_short_is_trained_anew(places: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("da_core.training.training_cache.trained", TrainingCache())
    experiment = Experiment.from_flat(places | {"network": "mlp", "training.epochs": "3", "method": "source_only"})
    asked = itertools.count()
    cut = finished(list(run(experiment, embed=False, should_stop=lambda: next(asked) >= 1)))
    whole = finished(list(run(experiment, embed=False)))
    assert cut.result.recipe["epochs"]["source_only"] < 3
    assert whole.result.recipe["epochs"]["source_only"] == 3


def test_identity_scores_all_of_the_target_with_scikit_learns_own_head(places: dict[str, str]) -> None:
    result = finished(do(places, network="identity", head="svm", method="source_only")).result
    (Xs, ys), (Xt, yt) = rows(seed=len("source")), rows(shift=2.0, seed=len("target"))
    assert result.source_only.target.accuracy == SVC().fit(Xs, ys).score(Xt, yt)
    assert sum(scores.support for scores in result.source_only.target.per_class) == len(yt)
    assert result.recipe["preprocessing"] == {"kind": "none"}


@pytest.mark.slow
def test_without_a_held_out_part_the_oracle_is_scored_on_labels_that_it_has_not_seen() -> None:
    """A nearest neighbour knows all that it was fitted on by heart."""
    flat = {"data": "hillside", "network": "identity", "head": "knn", "method": "coral", "oracle": "true"}
    result = finished(list(run(Experiment.from_flat(flat), embed=False))).result
    held_out = finished(list(run(Experiment.from_flat(flat | {"target_split": "0.3"}), embed=False))).result
    oracle, fair = (one.oracle for one in (result, held_out))
    assert oracle is not None
    assert fair is not None
    assert oracle.scored.accuracy == pytest.approx(fair.scored.accuracy, abs=0.1)
    assert result.source_only.source.accuracy == pytest.approx(held_out.source_only.source.accuracy, abs=0.1)
    assert result.adapted.source.accuracy < 0.9
    assert result.recipe["scored_on"] == {
        "source_only": {"source": "cross_fitted", "target": "all"},
        "adapted": {"source": "cross_fitted", "target": "all"},
        "oracle": {"source": "all", "target": "cross_fitted"},
    }
    assert held_out.recipe["scored_on"]["oracle"] == {"source": "held_out", "target": "held_out"}


def test_a_network_that_has_seen_all_is_said_to_have_seen_all(places: dict[str, str]) -> None:
    """To fit another head behind it would not make it forget their labels."""
    result = finished(do(places, method="source_only", head="svm", target_split="0", training__epochs="1")).result
    assert result.recipe["scored_on"]["source_only"] == {"source": "all", "target": "all"}


def test_equal_weights_gain_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Source only is held against the method with a head that was fitted anew too: else the head would be its doing."""
    monkeypatch.setattr(Gaussian, "log_weights", lambda self, X, y=None: np.zeros(len(X)))
    flat = {"data": "moons", "data.count": "200", "network": "mlp", "method": "gaussian", "training.epochs": "2"}
    result = finished(list(run(Experiment.from_flat(flat), embed=False))).result
    assert result.adapted == result.source_only
    assert result.recipe["source_only_head"] == "refitted"
    deep = finished(list(run(Experiment.from_flat(flat | {"method": "deep_coral"}), embed=False))).result
    assert deep.recipe["source_only_head"] == "trained"
    assert deep.source_only != result.source_only


def test_the_weights_that_are_judged_are_those_that_trained(places: dict[str, str]) -> None:
    events = do(places, method="nearest_neighbours", network="identity", target_split="0.3")
    result, evidence = finished(events).result, finished(events).evidence
    assert result.weights is not None
    assert evidence.weights is not None
    assert result.weights["samples"] == result.recipe["split"]["source_train"] != len(evidence.weights)


@pytest.mark.slow
def test_little_data_is_learned() -> None:
    flat = {"data": "street", "data.count": "140", "method": "source_only", "device": "cpu"}
    result = finished(list(run(Experiment.from_flat(flat), embed=False))).result
    assert result.source_only.source.accuracy >= 0.8
    assert "not_finished" not in [finding.name for finding in result.findings]


def test_coral_undoes_a_mere_shift_of_means(places: dict[str, str]) -> None:
    result = finished(do(places, network="identity", head="svm", method="coral")).result
    assert result.source_only.target.accuracy < 0.8
    assert result.adapted.target.accuracy > 0.95
    assert result.shift.after.proxy_a_distance < result.shift.before.proxy_a_distance


def test_a_target_encoder_of_its_own_leaves_the_source_as_it_was(places: dict[str, str]) -> None:
    end = finished(do(places, method="adda", head="logistic", training__learning_rate="0.01"))
    assert end.result.adapted.source == end.result.source_only.source
    np.testing.assert_array_equal(end.evidence.source_features["after"], end.evidence.source_features["before"])
    assert not np.array_equal(end.evidence.target_features["after"], end.evidence.target_features["before"])


@pytest.mark.parametrize("head", ["linear", "knn"])
def test_probabilities_of_the_held_out_samples_are_kept_and_agree_with_the_predictions(
    places: dict[str, str], head: str
) -> None:
    kept = finished(do(places, method="coral", head=head)).evidence
    for when in ("before", "after"):
        for P, predicted in (
            (kept.source_probabilities[when], kept.source_predicted[when]),
            (kept.target_probabilities[when], kept.target_predicted[when]),
        ):
            assert P.shape == (len(predicted), 3)
            assert P.dtype == np.float32
            np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-5)
            np.testing.assert_array_equal(P.argmax(axis=1), predicted)


def test_the_few_labels_that_a_method_sees_are_never_scored(places: dict[str, str]) -> None:
    flat = {"method": "fine_tuning", "method__per_class": "7", "target_split": "0"}
    done = finished(do(places, **flat))
    assert done.result.recipe["split"]["few"] == 21
    assert done.result.recipe["split"]["target_test"] == 120 - 21


def without_scores_of_the_target(event: Event) -> object:
    """An event without what scores the target, once all is done or for the live view: that alone may need labels."""
    match event:
        case Accuracies(phase, epoch, values):
            return phase, epoch, {name: value for name, value in values.items() if name != "target"}
        case Finished(result):
            # says on the screen that it reads the labels
            by_class: Any = {"classwise": True, "intervals": {"classwise"}}
            shift = result.shift.model_dump(exclude={"before": by_class, "after": by_class})
            return shift, result.weights, result.recipe["epochs"]
        case Progress():
            return None
        case _:
            return event


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(methods()) - {"oracle"}))
def test_poisoned_target_labels_change_nothing_but_the_scores(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Features, predictions, weights and the network repeat: only the labelled few of a method may matter."""
    sample, network = (pictures, "small_cnn") if name in ON_PICTURES else (rows, "mlp")
    (Xs, ys), (Xt, true) = sample(60), sample(60, seed=1)
    few = np.flatnonzero(np.arange(60) < 6) if issubclass(methods()[name], ModelAdaptation) else np.empty(0, int)
    few = few if getattr(methods()[name](), "few_per_class", int)() else few[:0]
    # which rows are the few depends on the labels, so they are named here
    monkeypatch.setattr("da_core.data.pair._few", lambda *_: few)
    poisoned = np.random.default_rng(0).permutation(true)
    poisoned[few] = true[few]
    about = Provenance("made", "made", "none", "covariate")
    flat = {"network": network, "network.norm": "batch", "training.epochs": "2", "training.batch_size": "16"}
    flat |= few_epochs(name)
    monkeypatch.setattr("da_core.training.loop.REPORT_SECONDS", np.inf)  # else the clock decides when to report
    runs = []
    for labels in (true, poisoned):
        pair = DomainPair(Domain("a", Xs, ys), Domain("b", Xt, labels), ("x", "y", "z"), about)
        monkeypatch.setattr("da_core.training.prepared.load_pair", lambda spec, pair=pair: pair)
        # nothing is held out, since a share held out of each class would differ with the labels
        runs.append(do({}, method=name, target_split="0", **flat))
    seen = [[without_scores_of_the_target(event) for event in events] for events in runs]
    assert seen[0] == seen[1]
    first, second = (finished(events).evidence for events in runs)
    assert not np.array_equal(first.target_label, second.target_label)
    for when in ("before", "after"):
        for values in ("source_features", "target_features", "source_predicted", "target_predicted"):
            assert np.array_equal(getattr(first, values)[when], getattr(second, values)[when]), values
    assert (first.weights is None) == (second.weights is None)
    assert first.weights is None or np.array_equal(first.weights, second.weights)
    assert all(torch.equal(value, second.state[key]) for key, value in first.state.items())
    assert np.isfinite(first.target_features["after"]).all()


def test_what_a_run_tells_and_in_which_order(places: dict[str, str]) -> None:
    flat = {"network": "mlp", "training.epochs": "2", "method": "dann", "oracle": "true"}
    events = list(run(Experiment.from_flat(places | flat)))
    stages = [event.stage for event in events if isinstance(event, StageStarted)]
    assert stages == ["load", "source_only", "before", "adapt", "oracle", "after"]
    layouts = [(event.when, event.layout) for event in events if isinstance(event, Embedded)]
    assert layouts == [("before", "pca"), ("before", "umap"), ("after", "pca"), ("after", "umap")]
    fractions = [event.fraction for event in events if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert {term for e in events if isinstance(e, Losses) and e.phase == "adapt" for term in e.terms} == {
        "class",
        "domain",
        "gradient penalty",
        "fooling",
    }
    values = [event.values for event in events if isinstance(event, Accuracies) and event.phase == "adapt"]
    assert all(set(value) == {"source", "target", "domain"} for value in values)


def exploding_after(epoch: int, method: type[Method]) -> Callable[..., Iterator[dict[str, float]]]:
    """The method's own ``adapt``, whose weights and loss are ruined after so many epochs."""
    assert issubclass(method, ModelAdaptation)
    adapt = method.adapt

    def ruined(self: ModelAdaptation, network: Network, data: AdaptationData) -> Iterator[dict[str, float]]:
        for done, losses in enumerate(adapt(self, network, data), start=1):
            if done > epoch:
                with torch.no_grad():
                    network.head.bias.fill_(float("nan"))
                yield dict.fromkeys(losses, float("nan"))
            else:
                yield losses

    return ruined


def test_a_model_adaptation_that_diverges_keeps_its_last_finite_epoch(
    places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = places | {"method": "shot"}
    finite = finished(do(flat, method__epochs="3", method__learning_rate="0.001"))
    shot = methods()["shot"]
    monkeypatch.setattr(shot, "adapt", exploding_after(2, shot))
    events = do(flat, method__epochs="3", method__learning_rate="0.001")
    diverged = finished(events)
    notices = [event for event in events if isinstance(event, Notice)]
    at = {"epoch": 2, "stage": "Adapt", "setting": "Learning rate", "screen": "Method"}  # SHOT has one of its own
    assert [notice.values for notice in notices] == [at]
    assert next((one.name, one.values) for one in diverged.result.findings) == ("diverged", {"epoch": 2})
    assert diverged.result.recipe["stopped_early"]
    assert diverged.result.recipe["epochs"]["adapt"] == 2
    assert not finite.result.recipe["stopped_early"]
    assert np.isfinite(diverged.evidence.target_features["after"]).all()

    monkeypatch.setattr(shot, "adapt", exploding_after(0, shot))
    with pytest.raises(UserError, match="no longer a finite number"):
        do(flat)


def test_a_deep_method_that_diverges_is_noticed_and_cut_short(
    places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = methods()["deep_coral"]
    assert issubclass(deep, DeepAlignment)
    usual = deep.losses
    monkeypatch.setattr(
        deep,
        "losses",
        lambda self, batch: {
            name: loss * torch.where(batch.progress < 0.6, 1.0, float("inf"))
            for name, loss in usual(self, batch).items()
        },
    )
    events = do(places, method="deep_coral", training__epochs="4", training__batch_size="14")
    result = finished(events).result
    at = {"epoch": 2, "stage": "Adapt", "setting": "Learning rate", "screen": "Network"}
    assert [event.values for event in events if isinstance(event, Notice)] == [at]
    assert (result.findings[0].name, result.findings[0].values) == ("diverged", {"epoch": 2})
    assert result.recipe["stopped_early"]
    assert result.recipe["epochs"] == {"source_only": 4, "adapt": 2}


def test_a_third_domain_is_scored_and_changes_nothing_else(places: dict[str, str], tmp_path: Path) -> None:
    X, y = rows(shift=1.0, seed=11)
    np.savez(tmp_path / "third.npz", X=X, y=y)
    third = {"third": "files", "third.source": places["data.source"], "third.target": str(tmp_path / "third.npz")}
    flat = places | {"network": "identity", "method": "coral", "head": "logistic"}
    without, found = finished(do(flat)), finished(do(flat | third))
    assert without.result.adapted.third is None
    scored = found.result.adapted.third
    assert scored is not None
    assert scored.samples == len(y)
    assert found.result.adapted.target == without.result.adapted.target
    assert found.result.gain["third"].count == len(y)
    Xs, ys = rows(seed=len("source"))
    assert found.result.source_only.third.accuracy == LogisticRegression(max_iter=1000).fit(Xs, ys).score(X, y)


def test_where_there_is_batch_norm_source_only_is_scored_with_the_targets_statistics_too(
    places: dict[str, str],
) -> None:
    flat = {"method": "dann", "network__norm": "batch"}
    beside = finished(do(places, **flat)).result.source_only_bn
    alone = finished(do(places, **(flat | {"method": "source_only_bn"}))).result
    assert beside == alone.adapted
    assert alone.source_only_bn is None, "it is the method itself"
    assert finished(do(places, method="dann")).result.source_only_bn is None


@pytest.mark.parametrize(
    ("flat", "says"),
    [
        ({"method": "magic"}, "There is no method “magic”"),
        ({"network": "brain"}, "There is no network “brain”"),
        ({"data": "moon"}, "There is no data set “moon”"),
        ({"network": "small_cnn"}, "does not take features"),
        ({"network": "identity", "method": "dann"}, "has nothing to train"),
        ({"method": "dann", "method__weight": "-1"}, "at least 0"),
        ({"method": "adabn"}, "AdaBN needs batch normalisation"),
        ({"method": "source_only_bn"}, "choose resnet18"),
        ({"method": "tent"}, "set its normalisation to “batch” or “group”"),
        ({"method": "fda"}, "FDA works on pictures"),
        ({"network__checkpoint": "/nowhere.pt"}, "/nowhere.pt"),
        ({"device": "cuda"}, "no CUDA device"),
    ],
)
def test_what_cannot_be_done_gets_one_sentence(
    places: dict[str, str], flat: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    if flat.get("data"):
        places = {}
    with pytest.raises(UserError) as caught:
        do(places, **flat)
    assert says in str(caught.value)


@pytest.mark.slow
def test_dann_closes_much_of_the_gap_between_day_and_night() -> None:
    """The main promise on fewer samples; the README's table has all, and three seeds."""
    result = finished(list(run(Experiment.from_flat({"method": "dann", "data.count": "300"}), embed=False))).result
    assert result.source_only.target.accuracy <= 0.6
    assert result.adapted.target.accuracy >= result.source_only.target.accuracy + 0.15


@pytest.mark.parametrize(
    ("method", "first"),
    [("dann", "0"), ("adda", "1"), ("pseudo_labels", "1"), ("coral", None), ("domain_classifier", None)],
)
def test_the_way_of_a_network_that_adapts_is_kept(places: dict[str, str], method: str, first: str | None) -> None:
    flat = {"network": "mlp", "training.epochs": "4", "method": method, **few_epochs(method)} | places
    end = finished(list(run(Experiment.from_flat(flat))))
    epochs = list(end.evidence.snapshots)
    assert epochs[:1] == ([first] if first else [])
    assert end.evidence.snapshot_predicted.keys() == end.evidence.snapshots.keys()
    count = len(end.evidence.source_label) + len(end.evidence.target_label)
    assert all(features.shape[0] == count for features in end.evidence.snapshots.values())
    # without layouts nobody will look at the way, and nothing is spent on it
    assert not finished(do(places, method=method, **{"training.epochs": "4"})).evidence.snapshots


def test_weights_bring_the_domains_closer_in_the_measures(places: dict[str, str]) -> None:
    flat = {"data": "covariate", "network": "identity", "method": "gaussian"}
    shift = finished(list(run(Experiment.from_flat(flat), embed=False))).result.shift
    assert shift.after.mmd < shift.before.mmd / 2
    assert shift.classes_from == "labels"
