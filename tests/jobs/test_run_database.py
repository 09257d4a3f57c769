"""The list of runs: the same in SQLite and PostgreSQL, each visitor's own, and never at odds with the disk."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from da_core.errors import UserError
from da_core.events import DomainScores, Evidence, Result
from da_core.experiment import Experiment, MethodSpec
from da_core.jobs.database.database_engine import UnreachableError
from da_core.jobs.database.run_database import MOST_TAGS, RunDatabase
from da_core.jobs.owners import EVERYONE
from da_core.jobs.store import Store, new_run_id

pytestmark = pytest.mark.xdist_group("postgresql")  # its server is started once

ANN, BOB = "ann", "bob"
Save = Callable[..., str]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "sqlite":
        return Store(tmp_path / "runs")
    store = Store(tmp_path / "runs", database=request.getfixturevalue("postgresql"))
    store.database.forget(store.database.run_ids())  # of the test before
    return store


@pytest.fixture
def saved(result: Result, evidence: Evidence) -> Save:
    def save(store: Store, *owners: str, gain: float = 0.0, **changes: Any) -> str:
        experiment = Experiment(**changes)
        run_id = new_run_id(experiment)
        scores = result.adapted.target.model_copy(update={"accuracy": result.adapted.target.accuracy + gain})
        changed = result.model_copy(update={"adapted": DomainScores(target=scores, source=scores)})
        assert store.save(run_id, experiment, changed, evidence, (), owners) is None
        return run_id

    return save


def names(store: Store, owner: str) -> list[str]:
    return [run.run_id for run in store.database.listed(owner) if run.deleted_at is None]


def test_a_run_is_listed_with_what_one_compares(store: Store, saved: Save) -> None:
    run = saved(store, ANN, gain=0.25, method=MethodSpec(name="coral"), seed=7)

    (listed,) = store.database.listed(ANN)

    assert (listed.run_id, listed.experiment.method.name, listed.experiment.seed) == (run, "coral", 7)
    assert listed.before == pytest.approx(2 / 3)
    assert listed.gain == pytest.approx(0.25)
    assert listed.seconds == 0.25
    assert abs(datetime.now(UTC) - listed.finished_at) < timedelta(minutes=1)
    assert store.database.run_ids() == [run]


def test_each_visitor_sees_and_changes_their_own_list_alone(store: Store, saved: Save) -> None:
    shared, anns = saved(store, ANN, BOB), saved(store, ANN, seed=1)
    assert names(store, ANN) == [anns, shared]
    assert names(store, BOB) == [shared]

    store.database.rename(shared, ANN, "mine")
    store.database.tag(shared, ANN, ["a", "夜"])
    assert [(run.name, run.tags) for run in store.database.listed(ANN)] == [("", ()), ("mine", ("a", "夜"))]
    assert [(run.name, run.tags) for run in store.database.listed(BOB)] == [("", ())]

    for change in (
        lambda: store.database.rename(anns, BOB, "stolen"),
        lambda: store.database.tag(anns, BOB, ["stolen"]),
        lambda: store.database.delete([anns], BOB),
        lambda: store.database.restore([anns], BOB),
    ):
        with pytest.raises(UserError, match="not in your list"):
            change()
    store.database.delete([shared], BOB)
    store.empty_bin(BOB)
    assert names(store, ANN) == [anns, shared]
    assert store.load(shared) is not None


def test_a_run_seen_by_its_link_can_be_kept(store: Store, saved: Save) -> None:
    run = saved(store, ANN)
    for _twice in range(2):
        store.database.keep(run, BOB)
    assert names(store, BOB) == [run]
    with pytest.raises(UserError, match="There is no run"):
        store.database.keep("0" * 16 + "-" + "0" * 8, BOB)


def test_the_bin_gives_back_and_when_emptied_takes_the_files(store: Store, saved: Save) -> None:
    one, other = saved(store, ANN), saved(store, ANN, seed=1)
    store.database.delete([one, other], ANN)
    assert names(store, ANN) == []
    assert store.load(one) is not None

    store.database.restore([one], ANN)
    assert names(store, ANN) == [one]

    store.empty_bin(ANN)
    assert [run.run_id for run in store.database.listed(ANN)] == [one]
    assert store.load(other) is None


def test_the_house_has_every_run_in_its_list(store: Store, saved: Save) -> None:
    run, nobodys = saved(store, ANN), saved(store, seed=1)
    store.database.rename(run, EVERYONE, "all mine")
    assert [(listed.run_id, listed.name) for listed in store.database.listed(EVERYONE)] == [
        (nobodys, ""),
        (run, "all mine"),
    ]
    store.database.delete([run], EVERYONE)
    store.empty_bin(EVERYONE)
    assert [listed.run_id for listed in store.database.listed(EVERYONE)] == [nobodys]
    assert store.load(run) is None


def test_the_least_missed_go_first(tmp_path: Path, saved: Save) -> None:
    store = Store(tmp_path / "runs", kept=2)
    named, plain = saved(store, ANN), saved(store, ANN, seed=1)
    store.database.rename(named, ANN, "the good one")
    third = saved(store, ANN, seed=2)
    assert names(store, ANN) == [third, named], "the unnamed one goes before an older one with a name"
    assert store.load(plain) is None
    store.database.delete([named], ANN)
    fourth = saved(store, ANN, seed=3)
    assert names(store, ANN) == [fourth, third], "what lies in the bin goes first"


def test_what_lies_in_the_bin_for_long_is_gone(tmp_path: Path, saved: Save) -> None:
    store = Store(tmp_path / "runs", bin_days=0)
    old = saved(store, ANN, BOB)
    store.database.delete([old], ANN)
    first = saved(store, ANN, seed=1)
    assert store.load(old) is not None, "Bob still has it"
    store.database.delete([old], BOB)
    second = saved(store, ANN, seed=2)
    assert names(store, ANN) == [second, first]
    assert store.load(old) is None


def test_names_and_tags_are_one_plain_line(store: Store, saved: Save) -> None:
    run = saved(store, ANN)
    store.database.rename(run, ANN, " two\nlines\x00 ‮and more " + "x" * 200)
    store.database.tag(run, ANN, ["", " a ", "a", "b\tc"])
    (listed,) = store.database.listed(ANN)
    assert listed.name.startswith("two lines and more x")
    assert len(listed.name) == 80
    assert listed.tags == ("a", "b c")
    with pytest.raises(UserError, match="at most 8 tags"):
        store.database.tag(run, ANN, map(str, range(MOST_TAGS + 1)))


def test_folders_of_an_older_version_are_entered_and_lost_ones_forgotten(
    store: Store, saved: Save, tmp_path: Path
) -> None:
    lost, kept = saved(store, ANN), saved(store, ANN, seed=1)
    shutil.rmtree(tmp_path / "runs" / lost)
    shutil.copytree(tmp_path / "runs" / kept, tmp_path / "runs" / ("0" * 16 + "-" + "a" * 8))
    (tmp_path / "runs" / ("0" * 16 + "-" + "a" * 8) / "owners.json").unlink()  # an older version wrote none
    (tmp_path / "runs" / ("1" * 16 + "-" + "b" * 8)).mkdir()  # damaged

    again = Store(tmp_path / "runs", database=store._database)

    assert names(again, ANN) == [kept]
    assert set(names(again, EVERYONE)) == {kept, "0" * 16 + "-" + "a" * 8}


def test_a_disk_that_is_not_there_makes_nobody_forget(store: Store, saved: Save, tmp_path: Path) -> None:
    run = saved(store, ANN)
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    assert names(Store(tmp_path / "runs", database=store._database), ANN) == [run]


def test_list_and_folder_come_together_or_not_at_all(
    store: Store, saved: Save, monkeypatch: pytest.MonkeyPatch, result: Result, evidence: Evidence
) -> None:
    saved(store, ANN)

    def no_disk(*_: object) -> None:
        raise OSError("no")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", no_disk)
        experiment = Experiment(seed=1)
        notice = store.save(new_run_id(experiment), experiment, result, evidence, (), [ANN])
    assert notice is not None
    assert len(store.database.run_ids()) == len(names(store, ANN)) == 1


def test_a_run_that_was_killed_between_folder_and_list_is_its_owners_again(
    store: Store, tmp_path: Path, result: Result, evidence: Evidence
) -> None:
    """The folder is there, and the transaction that was to list it was never committed."""
    run, experiment = new_run_id(Experiment()), Experiment()
    store.save(run, experiment, result, evidence, (), [ANN])
    store.database.forget([run])

    again = Store(tmp_path / "runs", database=store._database)

    assert names(again, ANN) == names(again, EVERYONE) == [run]
    assert names(again, BOB) == []


@pytest.mark.parametrize(
    "garbage", [b"\x00nonsense" * 1000, b"SQLite format 3\x00" + b"\xff" * 4084], ids=["bytes", "a header of SQLite"]
)
def test_a_list_that_is_garbage_is_set_aside_and_made_anew(tmp_path: Path, saved: Save, garbage: bytes) -> None:
    before = Store(tmp_path / "runs")
    run = saved(before, ANN)
    before.database._engine.dispose()
    for left in tmp_path.glob("runs.db-*"):
        left.unlink()
    (tmp_path / "runs.db").write_bytes(garbage)

    after = Store(tmp_path / "runs")

    assert names(after, ANN) == [run]
    assert names(after, BOB) == []
    assert after.rebuilt_notice is not None
    assert (tmp_path / str(after.rebuilt_notice.values["file"])).read_bytes() == garbage
    assert Store(tmp_path / "runs").rebuilt_notice is None, "it is told once"
    assert names(Store(tmp_path / "runs"), ANN) == [run]


def test_many_threads_at_once(store: Store, saved: Save) -> None:
    run = saved(store, ANN)
    trouble: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                saved(store, ANN, seed=100 * number + turn)
                store.database.keep(run, BOB)
                store.database.rename(run, BOB, f"{number}/{turn}")
                store.database.listed(ANN)
        except Exception as error:
            trouble.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    assert len(names(store, ANN)) == 21
    assert names(store, BOB) == [run]


def test_without_its_database_a_run_is_still_kept(tmp_path: Path, result: Result, evidence: Evidence) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "runs", database=f"sqlite:///{tmp_path / 'file' / 'runs.db'}")
    run = new_run_id(Experiment())

    notice = store.save(run, Experiment(), result, evidence, (), [ANN])

    assert notice is not None
    assert notice.message.startswith("The storage or the list of runs cannot be reached")
    assert store.load(run).result == result
    assert store.find(Experiment(seed=1)) is None
    store.keep(run, ANN)
    with pytest.raises(UnreachableError):
        store.database.listed(ANN)
    # once there is one, the run is entered
    assert Store(tmp_path / "runs").find(Experiment()) == run


@pytest.mark.parametrize("url", ["nonsense", "nosuch://here", "mysql+nosuch://here/x"])
def test_a_setting_that_is_no_database_is_told(url: str) -> None:
    with pytest.raises(UserError, match="DA_LAB_DATABASE"):
        RunDatabase(url)


def test_an_experiment_of_another_version_does_not_spoil_the_list(store: Store, saved: Save) -> None:
    from sqlalchemy import text

    odd, good = saved(store, ANN), saved(store, ANN, seed=1)
    with store.database.begin() as connection:
        changed = text("update runs set experiment = :json where run_id = :run")
        connection.execute(changed, {"json": '{"flavour": "mint"}', "run": odd})
    assert {run.run_id: run.is_readable for run in store.database.listed(ANN)} == {odd: False, good: True}
