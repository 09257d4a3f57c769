"""Hostile files, in short: some of every format, and all that once took a server down or held it up."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from da_core.data.loading import limited_reading
from da_core.data.loading.limited_reading import call_limited
from da_core.data.pair import DomainPair
from da_core.errors import UserError
from tests.load import hostile_trial
from tests.load.hostile_files import FORMATS, Case, attack_case, plan_cases
from tests.load.hostile_trial import Offence, Outcome, try_cases
from tests.support.own_places import load
from tests.support.server import ROOT

SHORT: dict[str, tuple[str, ...]] = {
    "zip": (
        *("nothing wrong", "900 folders deep", "3000 folders deep", "a name that leads up", "overlapping files"),
        *("a folder of 60,000 letters", "a name that leads up after 60,000 letters"),
    ),
    "picture": ("nothing wrong", "cut somewhere", "PNG headers"),
    "sound": ("nothing wrong", "WAV headers", "Ogg in Ogg"),
    "csv": ("nothing wrong", "2,001 columns", "a quotation mark that stays open", "hostile cells 0"),
    "xlsx": (
        *("nothing wrong", "column ZZZ", "column XFD", "400,000 cell formats", "500 sheets that are one"),
        *("5,000 sheets", "200,000 defined names", "entities", "a file of the server"),
    ),
    "parquet": (
        *("nothing wrong", "a text of 1.5 million letters", "a text of 5 million letters"),
        *("8 texts of a million letters", "60 lists of a million numbers"),
    ),
    "npz": ("nothing wrong", "Xs with a pickle", "10¹² samples of nothing", "sparse, columns outside"),
    "mat5": ("nothing wrong", "byte 145 is 8", "numbers as type 10"),
    "mat73": ("nothing wrong", "codes below nothing", "a link to another file"),
    "mat4": ("nothing wrong", "2¹⁸ bytes"),
    "svmlight": ("nothing wrong", "two rows as wide as is allowed"),
    "lecture": ("nothing wrong", "the title a number of base 60"),
    "other": ("nothing", "NUL"),
}


@pytest.mark.slow
def test_hostile_files_come_to_a_pair_or_to_one_sentence() -> None:
    cases = [attack_case(name, title) for name, titles in SHORT.items() for title in titles]
    cases += [Case(name, len(kind.attacks), 0) for name, kind in FORMATS.items()]
    command = [sys.executable, "-m", "tests.load.fuzz_files", "--workers", "1", "--only", ",".join(map(str, cases))]
    limits = {"DA_LAB_READING_SECONDS": "3", "DA_LAB_READING_MEMORY_MB": "800"}  # so that it is over sooner
    done = subprocess.run(command, cwd=ROOT, env=os.environ | limits, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"0 of {len(cases)} cases offend" in done.stdout


# The trial -----------------------------------------------------------------------------------------------------------


def _leave_a_file() -> None:
    Path(os.environ["TMPDIR"], "left").touch()


def _leave_a_process() -> None:
    subprocess.Popen(["sleep", "60"], start_new_session=True)


def _take_memory() -> None:
    np.ones(50_000_000)  # 400 MB


def _raise() -> None:
    raise KeyError("x")


def _try_readers(monkeypatch: pytest.MonkeyPatch, *readers: Callable[[], object]) -> list[Outcome]:
    """Try readers that need nothing of the app, in their order."""
    monkeypatch.setattr(hostile_trial, "_calls", lambda case, _paths: [readers[case.number]])
    monkeypatch.setattr(hostile_trial, "read_lecture", lambda _text: None)
    monkeypatch.setattr(limited_reading, "warm", lambda: None)
    outcomes = try_cases([Case("other", number, 0) for number in range(len(readers))])
    return sorted(outcomes, key=lambda outcome: outcome.case.number)


def test_a_trial_finds_what_a_reader_must_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile_trial, "_QUIET", 0.2)
    raised, died, file, process = _try_readers(monkeypatch, _raise, os.abort, _leave_a_file, _leave_a_process)
    assert (raised.answer, [offence.kind for offence in raised.offences]) == ("exception", ["KeyError"])
    assert (died.answer, [offence.kind for offence in died.offences]) == ("death", ["SIGABRT"])
    assert file.offences == (Offence("left behind", "temp/left"),)
    assert process.offences == (Offence("left running", "sleep"),)


def test_a_trial_finds_a_reader_that_never_ends_or_takes_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"MOST_SECONDS": 1.0, "_SECONDS_TO_END": 0.0, "_STOP_SECONDS": 2.0, "MOST_MEGABYTES": 0.0}
    for name, most in limits.items():
        monkeypatch.setattr(hostile_trial, name, most)
    endless, greedy = _try_readers(monkeypatch, threading.Event().wait, _take_memory)
    assert endless.answer == "stopped"
    assert "too slow" in {offence.kind for offence in endless.offences}
    assert "too much memory" in {offence.kind for offence in greedy.offences}


# The files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"npy", "lecture", "other"}))
def test_a_good_file_gives_a_pair_and_a_damaged_one_a_pair_or_a_sentence(name: str, tmp_path: Path) -> None:
    source, *targets = attack_case(name, "nothing wrong").write(tmp_path)
    pair, whole = load(source, *targets), source.read_bytes()
    assert min(len(pair.source), len(pair.target)) > 0

    @hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8), st.floats(0.5, 1))
    def damage(changes: list[tuple[int, int]], kept: float) -> None:
        damaged = bytearray(whole)
        for at, value in changes:
            damaged[at] = value
        source.write_bytes(damaged[: int(kept * len(damaged))])
        with suppress(UserError):
            assert isinstance(call_limited([name], load, source, *targets), DomainPair)

    damage()


def _digests() -> dict[str, str]:
    """Compute the digests of some cases of each format."""
    firsts = {name: len(kind.attacks) for name, kind in FORMATS.items()}
    cases = [Case(name, number, 0) for name, first in firsts.items() for number in (0, *range(first, first + 4))]
    with tempfile.TemporaryDirectory() as folder:
        return {str(case): hashlib.sha256(case.write(Path(folder))[0].read_bytes()).hexdigest() for case in cases}


def test_a_case_is_the_same_file_in_another_process() -> None:
    code = f"import json; from {__name__} import _digests; print(json.dumps(_digests()))"
    other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    digests = _digests()
    assert json.loads(other.stdout) == digests
    assert len(set(digests.values())) > 0.9 * len(digests)


def test_formats_and_cases_can_be_chosen() -> None:
    assert {case.format for case in plan_cases(30, 0, ["mat", "zip"])} == {"mat4", "mat5", "mat73", "zip"}
    assert plan_cases(30, 7, ["mat5:3", "zip:900"]) == [Case("mat5", 3, 7), Case("zip", 900, 7)]
    with pytest.raises(ValueError, match="no format docx"):
        plan_cases(30, 0, ["docx"])
