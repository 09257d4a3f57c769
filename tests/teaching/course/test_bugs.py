"""The bug hunt's scripts do what the page says of them."""

from __future__ import annotations

import contextlib
import functools
import io
import re
import traceback

import pytest

from da_core.errors import UserError
from da_core.teaching.course.bugs import SCRIPTS, Output, Version, bugs, code, run


@functools.cache
def did(name: str, version: Version) -> Output:
    """What `run` says of a script, but in this process, which has imported torch already."""
    text, printed = code(name, version), io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(text, "<stdin>", "exec"), {"__name__": "__main__"})
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<stdin>"]
        return Output(printed.getvalue(), traceback.format_exception_only(error)[-1].strip(), lines[-1])
    return Output(printed.getvalue())


@pytest.mark.slow
def test_a_script_does_in_a_process_of_its_own_what_it_does_here() -> None:
    assert run("no_such_layer", "wrong") == did("no_such_layer", "wrong")


def numbers(output: Output) -> list[float]:
    assert output.error == "", output
    return [float(number) for number in re.findall(r"-?\d+\.\d+", output.printed)]


def test_every_script_has_its_story_and_every_story_its_scripts() -> None:
    assert {folder.name for folder in SCRIPTS.iterdir()} == set(bugs())


@pytest.mark.parametrize("name", bugs())
def test_the_lines_that_are_wrong_stand_in_the_wrong_script_alone(name: str) -> None:
    bug = bugs()[name]
    wrong = [line.strip() for line in code(name, "wrong").splitlines()]
    right = [line.strip() for line in code(name, "right").splitlines()]
    assert all(wrong.count(line) == 1 for line in (bug.line, *bug.also))
    assert bug.line not in right


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("unequal_counts", "The size of tensor a (100) must match the size of tensor b (120)"),
        ("weights_on_target", "could not be broadcast together with shapes (200,2) (300,1)"),
        ("frozen_too_early", "does not require grad"),
        ("no_such_layer", "has no attribute 'classifier'"),
        ("untrained_and_aligned", "has no attribute 'align'"),
    ],
)
def test_a_wrong_script_stops_where_the_page_says(name: str, error: str) -> None:
    output = did(name, "wrong")
    assert error in output.error
    stopped = code(name, "wrong").splitlines()[output.line - 1]
    assert bugs()[name].is_wrong(stopped) or "backward" in stopped, "what was frozen shows when gradients are asked for"


@pytest.mark.slow
def test_the_other_wrong_scripts_run_and_mislead() -> None:
    distance, shuffled, shrunk = numbers(did("paired_by_order", "wrong"))
    assert distance > 1.5
    assert shuffled != distance
    assert shrunk < 0.001
    one, again, sorted_by_class = numbers(did("scored_while_training", "wrong"))
    assert one != again
    assert sorted_by_class < one - 0.1
    precision, recall = numbers(did("averaged_away", "wrong"))
    assert min(precision, recall) >= 0.96


@pytest.mark.slow
def test_the_right_scripts_show_what_the_page_says() -> None:
    between, within = numbers(did("unequal_counts", "right"))
    assert between > 0.5
    assert within < 0.05

    same, shuffled, shrunk, shifted = numbers(did("paired_by_order", "right"))
    assert same == shuffled == shrunk < 0.05 < 0.2 < shifted

    plain, weighted = numbers(did("weights_on_target", "right"))
    assert weighted > 0.9 > 0.5 > plain

    first, *_, last = numbers(did("frozen_too_early", "right"))
    assert first == pytest.approx(1.39, abs=0.1)
    assert last < first - 0.3

    assert "(2, 4)" in did("no_such_layer", "right").printed

    _, source_only, _, together = numbers(did("untrained_and_aligned", "right"))
    assert source_only < 0.6
    assert together > 0.9

    assert len(set(numbers(did("scored_while_training", "right")))) == 1

    averages = numbers(did("averaged_away", "right"))[-2:]
    assert all(0.7 < average < 0.8 for average in averages)
    assert "bus      precision 0.00, recall 0.00" in did("averaged_away", "right").printed


def test_chinese_texts_have_no_space_where_their_lines_were_folded() -> None:
    texts = [text.zh for bug in bugs().values() for text in (bug.meant, bug.happens, bug.after)]
    assert [text for text in texts if re.search("[，。；：！？] ", text)] == []


def test_an_unknown_bug_is_refused() -> None:
    with pytest.raises(UserError, match="There is no bug"):
        code("../../../etc", "wrong")
