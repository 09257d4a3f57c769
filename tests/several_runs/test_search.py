"""A search proposes by the validator's scores alone, finds a planted optimum, and goes on where it was."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from statistics import fmean
from typing import Any

import pytest

from da_core.errors import UserError
from da_core.events import ValidatorScore
from da_core.experiment import Experiment, MethodSpec
from da_core.methods import methods
from da_core.several_runs.run_plan import do_runs
from da_core.several_runs.search import Budget, Search
from da_core.several_runs.search_proposals import importance, importance_of_method, propose
from da_core.several_runs.search_space import search_space
from da_core.several_runs.tried import SearchRun, Tried, best, over_seeds, ranked
from tests.support import made_up_run

Objective = Callable[[MethodSpec], float | None]
METHODS = ["source_only", "deep_coral", "mcc"]


def search(names: list[str] = METHODS, runs: int = 30, seed: int = 0) -> Search:
    return Search.of(Experiment(), names, "entropy", Budget(runs=runs), seed=seed)


def planted(spec: MethodSpec) -> float:
    """Best where MCC has weight 8 and temperature 20; deep CORAL is at most half as good, source only worse."""
    values = methods()[spec.name].Params(**spec.params).model_dump()
    if spec.name == "mcc":
        return 1.0 - abs(math.log10(values["weight"] / 8)) / 2 - abs(values["temperature"] - 20) / 40
    return 0.1 if spec.name == "source_only" else 0.2 - abs(math.log10(values["weight"])) / 10


def made(spec: MethodSpec, score: float | None, accuracy: float = 0.5) -> Tried:
    return Tried(method=spec, score=score, target_accuracy=accuracy, seconds=1.0)


def conducted(one: Search, objective: Objective, tried: list[Tried] | None = None) -> list[Tried]:
    done = list(tried or [])
    while one.budget.share(done) < 1 and (spec := propose(one, done)) is not None:
        done.append(made(spec, objective(spec)))
    return done


def with_seeds(one: Search, objective: Callable[[MethodSpec, int], float | None], most: int = 1000) -> list[Tried]:
    """Do at most so many runs of a search with several seeds."""
    done: list[Tried] = []
    while len(done) < most and (run := one.next_task(done, [])):
        method, seeds = run
        done.append(Tried(method=method, seeds=seeds, score=objective(method, seeds[0]), target_accuracy=0.5))
    return done


def by_chance(one: Search, runs: int) -> float:
    """The best of as many settings, drawn at random from the same space."""
    rng = random.Random(one.seed)
    names = [name for name in one.methods if search_space(methods()[name].Params)]
    drawn = []
    for _ in range(runs):
        name = rng.choice(names)
        params = {}
        space: dict[str, Any] = dict(search_space(methods()[name].Params))
        for setting, axis in space.items():
            if axis.log:
                params[setting] = math.exp(rng.uniform(math.log(axis.low), math.log(axis.high)))
            else:
                params[setting] = rng.uniform(axis.low, axis.high)
        drawn.append(planted(MethodSpec(name=name, params=params)))
    return max(drawn)


def test_every_method_is_tried_with_its_defaults_before_any_is_tuned() -> None:
    assert [one.method for one in conducted(search(runs=3), planted)] == [MethodSpec(name=name) for name in METHODS]


def test_the_planted_optimum_is_found_and_sooner_than_by_chance() -> None:
    """Over seeds, since chance may be lucky once."""
    searches = [search(runs=40, seed=seed) for seed in range(5)]
    found = [best(conducted(one, planted)) for one in searches]
    assert {one.method.name for one in found} == {"mcc"}
    chance = [by_chance(one, 40) for one in searches]
    assert fmean(one.score for one in found) > fmean(chance)
    assert min(one.score for one in found) > 0.8


def test_the_same_seed_and_results_give_the_same_sequence_also_after_an_interruption() -> None:
    whole = conducted(search(), planted)
    half = [Tried.model_validate_json(one.model_dump_json()) for one in whole[:13]]
    assert conducted(search(), planted, half) == whole
    other = [one.method for one in conducted(search(seed=1), planted)]
    assert other[:3] == [one.method for one in whole[:3]]
    assert other != [one.method for one in whole]


def test_settings_have_the_mean_of_their_seeds_and_one_lucky_run_does_not_win() -> None:
    """Each score is off by as much as the settings differ, at one seed in three upwards."""
    one = search(runs=60).model_copy(update={"seeds": 3})

    def lucky(spec: MethodSpec, seed: int) -> float:
        return planted(spec) + (2.0 if (len(str(spec.params)) + seed) % 3 == 0 else -1.0)

    done = with_seeds(one, lucky)
    assert len(done) == 60
    settings = over_seeds(one, done)
    assert len(settings) == 20
    assert {run.seeds for run in settings} == {(0, 1, 2)}
    assert [run.score for run in settings] == pytest.approx([planted(run.method) for run in settings])
    first = best(settings)
    assert first is not None
    assert planted(first.method) == max(planted(run.method) for run in settings)
    assert (min(first.scores), max(first.scores)) == pytest.approx((first.score - 1, first.score + 2))
    assert importance(one, settings, "mcc")


def test_settings_that_have_begun_get_all_their_seeds_also_after_an_interruption_and_past_the_budget() -> None:
    one = search(runs=4).model_copy(update={"seeds": 3})
    half = with_seeds(one, lambda spec, _seed: planted(spec), most=4)
    assert over_seeds(one, half) == over_seeds(one, half[:3]), "what lacks a seed is no candidate"
    begun = SearchRun(half[3].method, (1,))
    assert one.next_task(half, []) == begun
    last = one.next_task(half, [begun])
    assert last == SearchRun(half[3].method, (2,)), "seeds go side by side"
    assert one.next_task(half, [begun, last]) is None
    more = one.model_copy(update={"budget": Budget(runs=9)})
    assert more.next_task(half, [begun, last]) is None, "new settings wait for their scores"
    assert more.model_copy(update={"ahead": True}).next_task(half, [begun, last]) is not None
    done = with_seeds(one, lambda spec, _seed: planted(spec))
    assert done[:4] == half
    assert len(done) == 6
    assert len(over_seeds(one, done)) == 2


def test_settings_that_fail_at_one_seed_have_no_score_and_no_further_seeds() -> None:
    one = search(runs=6).model_copy(update={"seeds": 3})
    done = with_seeds(one, lambda spec, seed: None if (spec.name, seed) == ("deep_coral", 1) else planted(spec))
    assert [run.seeds for run in done if run.method == MethodSpec(name="deep_coral")] == [(0,), (1,)]
    assert "deep_coral" not in {run.method.name for run in ranked(over_seeds(one, done))}
    assert [run.method.name for run in over_seeds(one, done)][:3] == METHODS


def test_settings_of_which_nothing_is_random_are_run_once() -> None:
    experiment = Experiment.from_flat({"data": "wine", "network": "identity", "head": "logistic", "seed": "4"})
    one = Search.of(experiment, ["coral", "dasvm"], "entropy", Budget(runs=60), seeds=3)
    assert [run.seeds for run in one.runs_of(MethodSpec(name="coral"))] == [(4, 5, 6)]
    done = with_seeds(one, lambda spec, _seed: float(len(spec.params)), most=5)
    assert [run.seeds for run in done] == [(4, 5, 6)] * 5
    assert over_seeds(one, done) == done


def test_a_number_of_seeds_out_of_its_bounds_is_refused_with_a_sentence() -> None:
    with pytest.raises(UserError, match="1 to 10 seeds for a search; 11"):
        Search.of(Experiment(), METHODS, "entropy", Budget(runs=3), seeds=11)


def test_a_search_of_an_earlier_version_has_one_seed() -> None:
    kept = search().model_dump(mode="json")
    del kept["seeds"]
    assert Search.model_validate(kept) == search()
    run = made(MethodSpec(name="mcc"), 0.5).model_dump(mode="json")
    del run["seeds"], run["scores"]
    assert over_seeds(search(), [Tried.model_validate(run)]) == [made(MethodSpec(name="mcc"), 0.5)]


def test_what_it_proposes_and_picks_does_not_depend_on_target_accuracy() -> None:
    done = conducted(search(runs=12), planted)
    swapped = [one.model_copy(update={"target_accuracy": place / 12}) for place, one in enumerate(done)]
    assert propose(search(), done) == propose(search(), swapped)
    assert best(done).method == best(swapped).method


def test_nothing_is_tried_twice_and_a_space_that_is_exhausted_ends_the_search() -> None:
    tried = [one.method for one in conducted(search(["source_only", "bbse"], runs=60), lambda _: 0.5)]
    assert len({spec.model_dump_json() for spec in tried}) == len(tried)
    assert len(conducted(search(["source_only"], runs=60), lambda _: 0.5)) == 1


def test_a_run_that_fails_is_no_candidate_and_the_search_goes_on() -> None:
    done = conducted(search(runs=20), lambda spec: None if spec.name == "mcc" else planted(spec))
    assert len(done) == 20
    assert best(done).method.name == "deep_coral"
    assert "mcc" not in {one.method.name for one in ranked(done)}
    assert [one.method.name for one in done].count("mcc") == 1, "it is not tuned where its defaults fail"


def test_a_search_of_which_nothing_comes_ends_whatever_its_budget() -> None:
    one = search(["mcc"]).model_copy(update={"budget": Budget(minutes=60)})
    failed = [made(MethodSpec(name="mcc", params={"weight": weight}), None) for weight in range(1, 11)]
    assert one.next_method(failed[:9]) is not None
    with pytest.raises(UserError, match="last 10 runs"):
        one.next_method(failed)
    assert one.next_method([*failed, made(MethodSpec(name="mcc"), 0.5)]) is not None


def test_importance_names_the_setting_that_the_scores_depend_on() -> None:
    def by_temperature(spec: MethodSpec) -> float:
        return float(spec.params.get("temperature", 2.5))

    done = conducted(search(["mcc"], runs=25), by_temperature)
    found = importance(search(["mcc"]), done, "mcc")
    assert next(iter(found)) == "temperature"
    assert found["temperature"] > 0.8
    assert sum(found.values()) == pytest.approx(1)
    assert importance(search(["mcc"]), done[:5], "mcc") == {}
    assert importance_of_method(done) is None


def test_the_methods_share_of_the_variance_is_that_between_their_means() -> None:
    scores = {"mcc": [1.0, 3.0], "dan": [5.0, 7.0]}
    done = [made(MethodSpec(name=name), score) for name, listed in scores.items() for score in listed]
    assert importance_of_method(done) == pytest.approx(1 - 4 / 20)


@pytest.mark.parametrize(
    ("text", "budget"), [("20", Budget(runs=20)), ("5m", Budget(minutes=5)), ("2h", Budget(minutes=120))]
)
def test_a_budget_is_runs_or_a_time(text: str, budget: Budget) -> None:
    assert Budget.read(text) == budget


@pytest.mark.parametrize("text", ["", "m", "0", "-3", "9999", "5 days", "48h", "nanm"])
def test_what_is_no_budget_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UserError, match="is not a budget"):
        Budget.read(text)


def test_a_budget_of_minutes_counts_the_runs_own_time() -> None:
    done = [made(MethodSpec(), 0.5)] * 90
    assert Budget(minutes=1.5).share(done) == 1
    assert Budget(minutes=1.6).share(done) < 1


def test_the_oracle_is_locked_as_validator_and_no_method_of_a_search() -> None:
    with pytest.raises(UserError, match="uses the labels"):
        Search.of(Experiment(), ["dann"], "target_accuracy", Budget(runs=2))
    assert Search.of(Experiment(), ["dann"], "target_accuracy", Budget(runs=2), unlocked=True)
    with pytest.raises(UserError, match="leave it out"):
        Search.of(Experiment(), ["oracle"], "entropy", Budget(runs=2))
    with pytest.raises(UserError, match="Choose the methods"):
        Search.of(Experiment(), [], "entropy", Budget(runs=2))


def test_a_run_is_noted_by_the_adapted_models_score_or_by_why_there_is_none() -> None:
    result = made_up_run.finished().result
    said = {
        "entropy": ValidatorScore(before=1.0, after=2.0),
        "iwcv": ValidatorScore(reason="It needs {what}.", values={"what": 1}),
    }
    result = result.model_copy(update={"validators": said})
    run = SearchRun(MethodSpec(), (0,))
    by = {name: search().model_copy(update={"validator": name}) for name in ("entropy", "iwcv", "snd")}
    assert by["entropy"].outcome_of(run, result).score == 2.0
    assert by["entropy"].outcome_of(run, result).target_accuracy == result.adapted.target.accuracy
    without = by["iwcv"].outcome_of(run, result)
    assert (without.score, without.problem, without.values) == (None, "It needs {what}.", {"what": "1"})
    assert by["snd"].outcome_of(run, result).problem
    short = result.model_copy(update={"recipe": {"stopped_early": True}})
    assert by["entropy"].outcome_of(run, short).score is None


@pytest.mark.slow
def test_a_search_runs_real_experiments_and_one_that_fails_does_not_end_it() -> None:
    flat = {"data": "moons", "data.count": "60", "network": "identity", "head": "logistic"}
    names = ["source_only", "night_augmentation", "coral"]  # the second is for pictures
    one = Search.of(Experiment.from_flat(flat), names, "entropy", Budget(runs=4))
    done = [step.outcome for step in do_runs(one) if step.outcome is not None]
    assert [tried.method.name for tried in done[:3]] == names
    assert done[1].score is None
    assert done[1].problem
    assert all(tried.score is not None for tried in done if tried.method.name != "night_augmentation")
    assert len(done) == 4


@pytest.mark.slow
def test_seeds_of_settings_score_as_each_alone() -> None:
    flat = {"data": "moons", "data.count": "120", "network": "mlp", "training.epochs": "3", "device": "cpu"}
    together = Search.of(Experiment.from_flat(flat), ["deep_coral"], "entropy", Budget(runs=3), seeds=3)
    done: list[Tried] = []
    for step in do_runs(together, done):  # who follows it may add to the list that he gave
        if step.outcome is not None:
            assert step.place == len(done) + 1
            done.append(step.outcome)
    assert [tried.seeds for tried in done] == [(0,), (1,), (2,)]
    assert {step.place for step in do_runs(together, done[:2])} == {3}, "a search that goes on counts on"
    for seed, tried in enumerate(done):
        alone = Search.of(Experiment.from_flat(flat | {"seed": str(seed)}), ["deep_coral"], "entropy", Budget(runs=1))
        (run,) = [step.outcome for step in do_runs(alone) if step.outcome is not None]
        assert tried.score == run.score
