"""Exercises: the link says all, and only the server can write the code that shows that a run has reached the bar."""

from __future__ import annotations

import pytest

from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment, MethodSpec
from da_core.teaching.hall.exercise import Exercise, exercise_of_link, read_code, write_code

KEY, RUN = b"k" * 32, f"{'a' * 16}-{'b' * 8}"
MOONS = DataSpec(name="moons")
EXERCISE = Exercise("Reach the bar.", 0.75, False, MOONS)


def test_the_link_gives_the_exercise_back() -> None:
    query = EXERCISE.to_query()
    assert Exercise.of_query(query, MOONS) == EXERCISE
    assert exercise_of_link("https://lab.example/data?data=moons&task=Reach+the+bar.&goal=75&seed=3") == EXERCISE


@pytest.mark.parametrize(
    "query",
    [{}, {"task": "x"}, {"task": " ", "goal": "75"}]
    + [{"task": "x", "goal": goal} for goal in ("much", "0", "101", "nan", "-5")],
)
def test_a_link_without_task_or_bar_from_1_to_100_is_no_exercise(query: dict[str, str]) -> None:
    assert Exercise.of_query(query, MOONS) is None


def test_a_code_gives_run_and_accuracy_back() -> None:
    code = write_code(KEY, EXERCISE, RUN, 0.7524, "ann")
    read = read_code(KEY, EXERCISE, f"  {code}\n")
    assert (read.run_id, read.accuracy) == (RUN, 0.752)


def test_a_code_that_was_changed_or_is_of_another_exercise_or_server_is_refused() -> None:
    code = write_code(KEY, EXERCISE, RUN, 0.70, "ann")
    for key, exercise, given in (
        (KEY, EXERCISE, code.replace("700", "900", 1)),
        (KEY, EXERCISE, code.replace("b" * 8, "c" * 8)),
        (KEY, Exercise("Another.", 0.75, False, MOONS), code),
        (KEY, Exercise("Reach the bar.", 0.75, True, MOONS), code),
        (KEY, Exercise("Reach the bar.", 0.75, False, DataSpec()), code),
        (b"o" * 32, EXERCISE, code),
    ):
        with pytest.raises(UserError, match="did not write this code"):
            read_code(key, exercise, given)
    with pytest.raises(UserError, match="not a results code"):
        read_code(KEY, EXERCISE, "752")


def test_two_codes_of_one_visitor_have_one_mark_and_it_is_not_their_name() -> None:
    def mark(visitor: str, accuracy: float) -> str:
        return read_code(KEY, EXERCISE, write_code(KEY, EXERCISE, RUN, accuracy, visitor)).mark

    assert mark("ann", 0.7) == mark("ann", 0.8) != mark("bob", 0.7)
    assert "ann" not in write_code(KEY, EXERCISE, RUN, 0.7, "ann")


@pytest.mark.parametrize(
    ("experiment", "accuracy", "why"),
    [
        (Experiment(data=MOONS), 0.75, None),
        (Experiment(data=MOONS), 0.74, "not reached"),
        (Experiment(data=MOONS), None, "no labels"),
        (Experiment(), 0.9, "other data"),
        (Experiment(data=MOONS, method=MethodSpec(name="fine_tuning")), 0.9, "labels of the target"),
        (Experiment(data=MOONS, method=MethodSpec(name="oracle")), 0.9, "labels of the target"),
    ],
)
def test_what_meets_an_exercise(experiment: Experiment, accuracy: float | None, why: str | None) -> None:
    refusal = EXERCISE.refusal(experiment, accuracy)
    assert (refusal is None) if why is None else (why in str(refusal))
    if why == "labels of the target":
        assert Exercise("Labels are allowed.", 0.75, True, MOONS).refusal(experiment, accuracy) is None
