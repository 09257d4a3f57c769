"""A study is its experiments, seed by seed, and tells what each of them says."""

from __future__ import annotations

import pytest

from da_core.errors import UserError
from da_core.events import Finished
from da_core.experiment import Experiment, MethodSpec
from da_core.methods import methods
from da_core.run import run
from da_core.several_runs.run_plan import do_runs
from da_core.several_runs.study import Study


def test_trials_go_seed_by_seed_and_differ_in_method_and_seed_alone() -> None:
    own = Experiment(method=MethodSpec(name="coral", params={"regularisation": 2.0}), seed=3)
    trials = Study.of(own, ["coral", "dann", "coral"], 2).trials()
    assert [(trial.method, trial.seed) for trial in trials] == [("coral", 3), ("dann", 3), ("coral", 4), ("dann", 4)]
    assert trials[0].experiment == own
    assert trials[1].experiment == own.model_copy(update={"method": MethodSpec(name="dann")})


@pytest.mark.parametrize(
    ("names", "seeds", "says"), [([], 3, "Choose the methods"), (["x"], 1, "2 to 20"), (["x"], 21, "2 to 20")]
)
def test_what_is_no_study_is_refused_in_a_sentence(names: list[str], seeds: int, says: str) -> None:
    with pytest.raises(UserError, match=says):
        Study.of(Experiment(), names, seeds)


def test_the_same_study_has_the_same_key_and_goes_to_json_and_back() -> None:
    study = Study.of(Experiment(), ["dann", "coral"], 3)
    assert Study.model_validate_json(study.model_dump_json()) == study
    assert study.key == Study.of(Experiment(), ["dann", "coral"], 3).key != Study.of(Experiment(), ["dann"], 3).key


FIXED = {"data": "moons", "data.count": "60", "network": "identity", "method": "coral", "head": "logistic"}


@pytest.mark.slow
def test_each_event_says_which_run_it_is_of() -> None:
    flat = FIXED | {"target_split": "0.5"}
    events = list(do_runs(Study.of(Experiment.from_flat(flat), ["coral", "tca"], 2)))
    ends = [(one, one.event.result) for one in events if isinstance(one.event, Finished)]
    assert [(one.place, one.task.method, one.task.seed) for one, _ in ends] == [
        (1, "coral", 0),
        (2, "tca", 0),
        (3, "coral", 1),
        (4, "tca", 1),
    ]
    assert all(result.recipe["seed"] == one.task.seed for one, result in ends)


def test_a_sweep_is_one_method_at_several_values_each_called_by_its_own() -> None:
    own = Experiment(method=MethodSpec(name="dann"), seed=2)
    sweep = Study.sweep(own, "weight", [0.0, 1.0], 2)
    assert [trial.method for trial in sweep.trials()] == ["dann weight=0.0", "dann weight=1.0"] * 2
    assert [trial.experiment.method.params["weight"] for trial in sweep.trials()] == [0.0, 1.0] * 2
    assert sweep.swept == "weight"
    assert Study.of(own, ["dann", "coral"], 2).swept is None
    assert Study.of(own, ["dann"], 2).swept is None


@pytest.mark.parametrize(
    ("changes", "draws"),
    [
        ({}, False),
        ({"target_split": "0.5"}, True),  # what is held out is drawn
        ({"source_per_class": "8"}, True),
        ({"network": "mlp"}, True),  # starts from chance
        ({"method": "kmm"}, True),
        ({"method": "bbse"}, True),  # halves of the source are predicted by one another
        ({"method": "fine_tuning"}, True),  # which few have labels is drawn
        ({"method": "label_propagation"}, False),
        ({"method": "label_propagation", "method.per_class": "3"}, True),
        ({"head": "linear_svm"}, True),
    ],
)
def test_a_run_in_which_nothing_is_random_is_done_once_and_stands_for_all_seeds(
    changes: dict[str, str], draws: bool
) -> None:
    experiment = Experiment.from_flat(FIXED | changes)
    trials = Study.of(experiment, [experiment.method.name], 3).trials()
    assert [trial.seeds for trial in trials] == ([(0,), (1,), (2,)] if draws else [(0, 1, 2)])
    assert all(trial.experiment.seed == trial.seed == trial.seeds[0] for trial in trials)


def answers_on_the_target(flat: dict[str, str], seed: int) -> list[list[list[float]]]:
    *_, end = run(Experiment.from_flat(flat | {"seed": str(seed)}), embed=False)
    assert isinstance(end, Finished)
    return [end.evidence.target_probabilities[when].tolist() for when in ("before", "after")]


@pytest.mark.parametrize(
    "method", [name for name, method in methods().items() if not (method.draws or method().few_per_class())]
)
def test_what_says_that_it_draws_nothing_answers_the_same_with_every_seed(method: str) -> None:
    flat = FIXED | {"data": "blobs", "method": method}
    assert answers_on_the_target(flat, 0) == answers_on_the_target(flat, 1)
