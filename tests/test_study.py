"""A study is its experiments, seed by seed, and tells what each of them says."""

from __future__ import annotations

import pytest

from da_core.errors import UserError
from da_core.events import Finished
from da_core.experiment import Experiment, MethodSpec
from da_core.study import Study, conduct


def test_trials_go_seed_by_seed_and_differ_in_method_and_seed_alone() -> None:
    own = Experiment(method=MethodSpec(name="coral", params={"regularisation": 2.0}), seed=3)
    trials = Study.of(own, ["coral", "dann", "coral"], 2).trials()
    assert [(trial.method, trial.seed) for trial in trials] == [("coral", 3), ("dann", 3), ("coral", 4), ("dann", 4)]
    assert trials[0].experiment == own
    assert trials[1].experiment == own.model_copy(update={"method": MethodSpec(name="dann")})


@pytest.mark.parametrize(
    ("names", "seeds", "says"), [([], 3, "one to 6"), (["x"] * 1, 1, "2 to 20"), (list("abcdefg"), 3, "one to 6")]
)
def test_what_is_no_study_is_refused_in_a_sentence(names: list[str], seeds: int, says: str) -> None:
    with pytest.raises(UserError, match=says):
        Study.of(Experiment(), names, seeds)


def test_the_same_study_has_the_same_key_and_goes_to_json_and_back() -> None:
    study = Study.of(Experiment(), ["dann", "coral"], 3)
    assert Study.model_validate_json(study.model_dump_json()) == study
    assert study.key == Study.of(Experiment(), ["dann", "coral"], 3).key != Study.of(Experiment(), ["dann"], 3).key


@pytest.mark.slow
def test_each_event_says_which_run_it_is_of() -> None:
    flat = {"data": "moons", "network": "identity", "method": "coral", "head": "logistic"}
    events = list(conduct(Study.of(Experiment.from_flat(flat), ["coral", "tca"], 2)))
    ends = [(one, one.event.result) for one in events if isinstance(one.event, Finished)]
    assert [(one.place, one.count, one.trial.method, one.trial.seed) for one, _ in ends] == [
        (1, 4, "coral", 0),
        (2, 4, "tca", 0),
        (3, 4, "coral", 1),
        (4, 4, "tca", 1),
    ]
    assert all(result.recipe["seed"] == one.trial.seed for one, result in ends)
