"""Every finding on a planted case, and silence on runs that went well."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from da_core.evaluation.diagnosis import CHECKS, Facts, diagnose
from da_core.evaluation.metrics import gain, scores
from da_core.events import Accuracies, DomainScores, Losses, Result, Shift, ShiftMeasures
from da_core.experiment import Experiment, HeadSpec, MethodSpec

CLASSES = ("cat", "dog", "car", "bus")
Y = np.arange(600) % 4


def right(share: float, y: np.ndarray = Y, seed: int = 0) -> np.ndarray:
    """Predictions of which this share is right, the wrong ones anything."""
    rng = np.random.default_rng(seed)
    return np.where(rng.permutation(len(y)) < share * len(y), y, (y + rng.integers(1, 4, len(y))) % 4)


def sure(predicted: np.ndarray, confidence: float) -> np.ndarray:
    return np.where(np.eye(4)[predicted] == 1, confidence, (1 - confidence) / 3)


def course(
    target: Sequence[float] = (0.6, 0.7, 0.8, 0.8),
    domain: Sequence[float] = (0.9, 0.7, 0.6, 0.55),
    loss: Sequence[float] = (1.2, 0.6, 0.3, 0.2),
) -> tuple[Losses | Accuracies, ...]:
    losses = [Losses("adapt", epoch, {"class": value}) for epoch, value in enumerate(loss, 1)]
    accuracies = [
        Accuracies("adapt", epoch, {"source": 0.95, "target": t, "domain": d})
        for epoch, (t, d) in enumerate(zip(target, domain, strict=True), 1)
    ]
    return (*losses, *accuracies)


USUAL: dict[str, Any] = {
    "before": 0.6,
    "after": 0.8,
    "y": Y,
    "source": (0.95, 0.95),
    "bn": None,
    "oracle": None,
    "apart": (1.8, 1.95),
    "distance": 0.8,
    "confidence": 0.8,
    "weights": None,
    "prepare": (),
}
"""A DANN run that went well: predictions or their accuracies, accuracies on the source, the A-distance's ends…"""


def facts(**planted: Any) -> Facts:
    """A run that went well but for what is ``planted``: of it, or of its `Facts`."""
    of = USUAL | {name: value for name, value in planted.items() if name in USUAL}
    y, source, apart = of["y"], of["source"], of["apart"]
    before, after = (
        right(of[when], y, seed) if isinstance(of[when], float) else of[when]
        for seed, when in enumerate(("before", "after"))
    )

    def scored(target: np.ndarray, of_source: float) -> DomainScores:
        P = sure(target, of["confidence"])
        return DomainScores(target=scores(y, target, CLASSES, P), source=scores(Y, right(of_source), CLASSES))

    result = Result(
        source_only=scored(before, source[0]),
        adapted=scored(after, source[1]),
        oracle=None if of["oracle"] is None else scored(right(of["oracle"], y, 3), 0.7),
        source_only_bn=None if of["bn"] is None else scored(right(of["bn"], y, 2), 0.95),
        gain={"target": gain(y, before, after), "source": gain(Y, right(source[0]), right(source[1]))},
        shift=Shift(
            before=ShiftMeasures(
                proxy_a_distance=sum(apart) / 2,
                mmd=0.1 * apart[0],
                intervals={"proxy_a_distance": apart, "mmd": (0.1 * apart[0] - 0.01, 0.3)},
            ),
            after=ShiftMeasures(proxy_a_distance=of["distance"], mmd=0.1),
        ),
        classes=list(CLASSES),
        seconds={},
        recipe={"prepare": list(of["prepare"])},
        weights=of["weights"],
    )
    usual = Facts(Experiment(), "alignment", 0, result, course(), before, after, {})
    return dataclasses.replace(usual, **{name: value for name, value in planted.items() if name not in USUAL})


def names(given: Facts) -> list[str]:
    return [finding.name for finding in diagnose(given)]


LABEL_SHIFT = np.repeat(np.arange(4), [330, 150, 90, 30])
SWAP = np.array([1, 0, 2, 3])[Y]
MISNAMED = np.array([1, 2, 0, 3])[Y]
SWALLOWED_OF = np.array([0, 0, 0, 3])
SWALLOWED = SWALLOWED_OF[Y]
SPREAD = {"samples": 600.0, "effective_sample_size": 300.0, "largest_share": 0.01}


PLANTED = [
    ({"diverged": {"adapt": 3.0}}, "diverged"),
    ({"history": course(loss=(1.2, 0.3, 0.9, 2.0))}, "diverged"),
    ({"source": (0.26, 0.26)}, "not_learned"),
    ({"source": (0.26, 0.26), "family": "reweighting", "before": right(0.3), "after": right(0.3)}, "not_learned"),
    ({"source": (0.6, 0.6), "history": course(loss=(1.4, 1.35, 1.2, 1.0))}, "not_finished"),
    ({"before": right(0.9), "after": right(0.9), "oracle": 0.91}, "nothing_to_adapt"),
    ({"before": right(0.94), "after": right(0.94), "apart": (0.0, 0.2)}, "nothing_to_adapt"),
    ({"after": np.full(600, 2)}, "collapsed"),
    ({"before": Y, "after": np.r_[np.zeros(595, int), 1, 2, 3, 1, 2]}, "collapsed"),
    ({"before": right(0.8), "after": SWAP}, "classes_swapped"),
    ({"before": 0.8, "after": 0.6}, "negative_transfer"),
    ({"few": 20, "history": course(loss=(1.4, 1.35, 1.3, 1.3))}, "fine_tuning_idle"),
    ({"few": 20, "history": course(target=(0.7, 0.85, 0.7, 0.6), loss=(1, 0.3, 0.1, 0))}, "fine_tuning_overfitted"),
    ({"history": course(target=(0.7, 0.85, 0.7, 0.6))}, "overtrained"),
    ({"family": "reweighting", "prepare": ("unit_rows", "zscore_domain")}, "shift_scaled_away"),
    ({"weights": SPREAD | {"effective_sample_size": 12.0}}, "weights_concentrated"),
    ({"weights": SPREAD | {"largest_share": 0.3}}, "weights_concentrated"),
    ({"history": course(domain=(1.0, 1.0, 0.99, 1.0))}, "domain_classifier_won"),
    ({"history": course(domain=(0.5, 0.52, 0.49, 0.5)), "distance": 1.6}, "domain_classifier_died"),
    ({"y": LABEL_SHIFT}, "label_shift"),
    ({"before": right(0.6), "after": right(0.6), "distance": 1.95}, "far_apart"),
    ({"bn": 0.77}, "batch_norm_explains_gain"),
    ({"y": Y[:48], "before": 0.6, "after": 0.62}, "too_few"),
    ({"source": (0.95, 0.8)}, "source_lost"),
    ({"confidence": 0.99}, "overconfident"),
    ({"distance": 1.9}, "separable_yet_better"),
    ({"before": right(0.7), "after": right(0.7)}, "no_gain"),
    ({"before": MISNAMED, "after": MISNAMED}, "classes_misnamed"),
    ({"before": SWALLOWED, "after": SWALLOWED}, "classes_swallowed"),
]
"""Changes to a run that went well, and what they make of it."""


@pytest.mark.parametrize(("planted", "found"), PLANTED)
def test_a_planted_case_is_found_with_numbers_that_fill_its_sentences(planted: dict[str, Any], found: str) -> None:
    all_found = diagnose(facts(**planted))
    assert found in [finding.name for finding in all_found]
    for finding in all_found:
        for text in (finding.title, finding.evidence, finding.advice):
            assert "{" not in text.format(**finding.values)


@pytest.mark.parametrize(
    "innocent",
    [
        {"after": Y, "before": np.zeros(600, int)},  # it was collapsed before adapting
        {},
        {"before": 0.3, "after": 0.97},
        {"weights": SPREAD},
        {"source": (0.6, 0.6), "history": course(loss=(1.4, 0.9, 0.8, 0.79))},  # it knows no more and has stopped
        {"source": (0.6, 0.6), "history": course(loss=(1.4, 0.4, 0.1, 0.05))},  # overfitted, not cut short
        {"history": course(loss=(1.4, 1.35, 1.2, 1.0))},  # the source is well known
        {"oracle": 0.95},
        {"apart": (0.0, 0.2)},  # they look alike and yet the source's classes are not the target's
        {"apart": (0.0, 0.2), "oracle": 0.95},
        {"distance": 1.95, "history": course(domain=(0.9, 0.8, 0.8, 0.8))},  # and yet the target has gained 20 points
        {"family": "reweighting", "distance": 1.95},  # weights move no point
        {"family": "reweighting", "y": LABEL_SHIFT},
        {"family": "reweighting", "source": (0.95, 0.6)},  # weights neglect the source on purpose
        {"family": "reweighting", "source": (0.26, 0.26), "before": 0.34, "after": 0.87},  # and learned what counts
        {"family": "reweighting", "prepare": ("zscore_source", "pca:2:both")},
        {"prepare": ("zscore_domain",)},  # an alignment may begin so
        {"history": course(domain=(0.5, 0.52, 0.49, 0.5)), "distance": 0.4},  # at a coin since the domains do mix
        {"history": course(domain=(1.0, 1.0, 0.9, 0.7))},
        {"bn": 0.62},  # batch norm brings a tenth of the gain
        {"bn": 0.8, "experiment": Experiment(method=MethodSpec(name="adabn"))},  # it is batch norm
        {"few": 20, "history": course(loss=(0.2, 0.2, 0.2, 0.19))},  # nothing left to learn
        {"history": course(target=(0.7, 0.82, 0.8, 0.79))},  # what 400 samples make of noise
        {"experiment": Experiment(head=HeadSpec(name="knn")), "confidence": 1.0},
        {"y": Y[:48], "before": 0.3, "after": 0.9},  # few, and still beyond doubt
    ],
)
def test_what_only_looks_like_one_is_not_told(innocent: dict[str, Any]) -> None:
    assert names(facts(**innocent)) == []


def test_domains_that_only_the_map_set_apart_are_not_still_far_apart() -> None:
    assert "far_apart" not in names(facts(before=right(0.6), after=right(0.6), distance=1.95, apart=(0.0, 0.2)))


def test_few_samples_do_not_make_a_calibrated_model_too_confident() -> None:
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        confidence, y = rng.uniform(0.4, 1, 30), rng.integers(0, 4, 30)
        after = np.where(rng.random(30) < confidence, y, (y + rng.integers(1, 4, 30)) % 4)
        given = facts(y=y, after=after)
        P = np.where(np.eye(4)[after] == 1, confidence[:, None], (1 - confidence[:, None]) / 3)
        adapted = given.result.adapted.model_copy(update={"target": scores(y, after, CLASSES, P)})
        given = dataclasses.replace(given, result=given.result.model_copy(update={"adapted": adapted}))
        alarms += "overconfident" in names(given)
    assert alarms <= 3


def test_what_needs_the_targets_labels_says_so() -> None:
    """Wrong labels of the target change no other finding."""
    told = diagnose(facts(before=0.8, after=0.6, distance=1.95, source=(0.95, 0.8), confidence=0.6))
    assert {one.name: one.uses_target_labels for one in told} == {
        "negative_transfer": True,
        "far_apart": False,
        "source_lost": False,
    }


def test_a_target_without_labels_is_told_what_can_be_told() -> None:
    given = facts(before=right(0.8), after=np.full(600, 2), distance=1.95)
    bare = {
        name: getattr(given.result, name).model_copy(update={"target": None}) for name in ("source_only", "adapted")
    }
    del given.result.gain["target"]
    blind = dataclasses.replace(given, result=given.result.model_copy(update=bare))
    assert names(blind) == ["collapsed", "far_apart"]
    assert not any(finding.uses_target_labels for finding in diagnose(blind))


def test_every_check_has_its_planted_case() -> None:
    found = {name.replace("fine_tuning_overfitted", "overtrained") for _planted, name in PLANTED}
    assert found == {check.__name__ for check in CHECKS}


def changes(given: Facts, name: str) -> list[dict[str, str]]:
    return [change.settings for one in diagnose(given) if one.name == name for change in one.changes]


def test_reasons_for_no_gain_come_with_settings_that_an_experiment_takes_the_likeliest_first() -> None:
    same: dict[str, Any] = {"before": right(0.7), "after": right(0.7)}
    source = Losses("source_only", 1, {"class": 0.1})
    deep = changes(facts(**same, history=(source, *course())), "no_gain")
    assert deep == [{"method": "deep_jdot"}, {"training.epochs": "28"}]
    alike = changes(facts(**same, apart=(0.0, 0.2)), "no_gain")
    assert alike[0] == {"method": "fine_tuning"}
    scaled = changes(facts(**same, family="reweighting", prepare=["zscore_domain"], history=()), "no_gain")
    assert scaled == [{"prepare": "zscore_source"}, {"method": "coral"}]
    weights = Experiment(method=MethodSpec(name="kmm", params={"width": 2.0}), seed=3)
    renamed = changes(facts(before=MISNAMED, after=MISNAMED, history=(source, *course())), "classes_misnamed")
    assert [one["method"] for one in renamed] == ["coral", "fine_tuning"]
    for settings in (*deep, *alike, *scaled, *renamed):
        changed = weights.with_settings(settings)
        assert changed != weights
        assert changed.seed == 3


def test_the_same_reasons_stand_where_there_are_too_few_samples_to_tell() -> None:
    few = facts(before=0.6, after=0.62, y=Y[:48])
    assert "no_gain" not in names(few)
    assert {"training.epochs": "28"} in changes(few, "too_few")


def test_swallowed_classes_ask_for_another_input_and_for_less_weight_where_the_method_did_it() -> None:
    source = Losses("source_only", 1, {"class": 0.1})
    blind = facts(before=SWALLOWED, after=SWALLOWED, history=(source, *course()))
    assert [one["method"] for one in changes(blind, "classes_swallowed")] == ["coral", "fine_tuning"]
    assert "classes_misnamed" not in names(blind)
    made = facts(before=0.9, after=np.where(right(0.6, seed=4) == Y, SWALLOWED, Y), history=(source, *course()))
    assert "classes_swallowed" in names(made)
    assert changes(made, "classes_swallowed") == []
    (told,) = [one for one in diagnose(blind) if one.name == "classes_swallowed"]
    assert told.evidence.format(**told.values) == (
        "Most samples of each of these classes are predicted as the same class: dog, car → cat."
    )


def test_a_few_rare_samples_that_are_taken_for_another_class_are_not_worth_a_word() -> None:
    y = np.repeat(np.arange(4), [500, 5, 5, 90])
    assert "classes_swallowed" not in names(facts(before=SWALLOWED_OF[y], after=SWALLOWED_OF[y], y=y))
