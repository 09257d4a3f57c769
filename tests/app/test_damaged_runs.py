"""A run whose files are damaged gets one sentence on every screen that opens it, and the way to run it again."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from da_core.experiment import Experiment
from da_core.jobs.run_bucket import RunBucket
from da_core.jobs.store import new_run_id, store
from da_core.object_storage import ObjectStorage
from pages.session import keys
from tests.support.lab import Lab, texts

DAMAGED = "**The files of this run are damaged**"


def _flip(path: Path) -> None:
    """Turn one byte in eight round, those at the end apart: there stands where everything is."""
    data = bytearray(path.read_bytes())
    for place in range(0, len(data) * 3 // 4, 8):
        data[place] ^= 0xFF
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("screen", "file", "damage"),
    [
        ("features", "evidence.npz", _flip),
        ("results", "evidence.npz", _cut),
        ("features", "evidence.npz", Path.unlink),
        ("results", "result.json", _flip),
        ("features", "experiment.json", _make_a_folder),
        ("results", "history.json", Path.unlink),
    ],
)
def test_a_damaged_run_is_told_and_offered_to_be_run_again(
    lab: Lab, tmp_path: Path, screen: str, file: str, damage: Callable[[Path], None]
) -> None:
    run = lab.finish()
    damage(tmp_path / "runs" / run / file)
    store.cache_clear()  # what is in memory
    app = lab.screen(screen, run)
    assert not app.error
    assert texts(app).count(DAMAGED) == 1
    assert "nothing to show yet" not in texts(app)


def test_damaged_runs_beside_whole_ones_are_named_and_the_rest_is_compared(lab: Lab, tmp_path: Path) -> None:
    whole, rotten = lab.finish(), lab.finish()
    _flip(tmp_path / "runs" / rotten / "evidence.npz")
    store.cache_clear()  # what is in memory
    app = lab.screen("runs", section="lab")
    for run in (whole, rotten):
        app.checkbox(key=keys.tick(run)).check()
    app.run()
    app.button(key=keys.COMPARE).click().run()
    assert not app.exception
    assert not app.error
    (warning,) = app.warning
    assert rotten[-4:] in warning.value
    assert whole[-4:] not in warning.value
    assert app.table[0].value.shape[1] == 3


def test_a_run_whose_folder_has_gone_is_not_called_damaged(lab: Lab, tmp_path: Path) -> None:
    run = lab.finish()
    shutil.rmtree(tmp_path / "runs" / run)
    store.cache_clear()  # what is in memory
    app = lab.screen("results", run)
    assert DAMAGED not in texts(app)
    assert "not here any more" in texts(app)


@pytest.mark.parametrize(
    ("screen", "lang", "said"),
    [
        ("train", "en", "This run still exists"),
        ("features", "en", "This run still exists"),
        ("results", "zh", "仍然存在"),
    ],
)
def test_a_run_whose_storage_is_away_is_still_there(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: str, lang: str, said: str
) -> None:
    run = lab.finish()
    shutil.rmtree(tmp_path / "runs" / run)
    store()._recent.clear()
    away = ObjectStorage("memory://lab")
    away._resting_until = math.inf
    monkeypatch.setattr(store(), "_bucket", RunBucket(away, tmp_path / "copies", 0))
    app = lab.screen(screen, run, lang=lang)
    (warning,) = app.warning
    assert said in warning.value
    assert DAMAGED not in texts(app)
    assert "nothing to show yet" not in texts(app)
    (warning,) = lab.screen(screen, new_run_id(Experiment()), lang=lang).warning
    assert said not in warning.value, "nobody has listed it"


def test_a_damaged_list_is_told_on_runs_and_lists_them_again(lab: Lab, tmp_path: Path) -> None:
    run = lab.finish()
    store().database._engine.dispose()
    for left in tmp_path.glob("runs.db-*"):
        left.unlink()
    (tmp_path / "runs.db").write_bytes(b"garbage" * 1000)
    store.cache_clear()  # what is in memory
    app = lab.screen("runs", section="lab")
    (warning,) = app.warning
    assert "has been rebuilt" in warning.value
    assert app.checkbox(key=keys.tick(run))
