"""The form says before it starts when a method will take minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cachetools import LRUCache

from da_core import i18n, params
from da_core.data.loading import cache
from da_core.data.sources import sources
from da_core.experiment import DataSpec, Experiment, MethodSpec, NetworkSpec
from da_core.methods import methods
from da_core.methods.base import FeatureAlignment, Labels, Rows
from da_core.params import hyper
from da_core.training import estimate as estimating
from da_core.training.estimate import estimate
from tests.support import made_up_run
from tests.support.lab import visit


class Slow(FeatureAlignment):
    """Takes a hundredth of a second for each source sample and landmark's thousandth."""

    title = "CORAL"  # a name that has a translation
    summary = "Gives the source features the target's mean and covariance, by one linear map."
    paper = "Nobody 2000"
    costly = "landmarks"

    class Params(params.Params):
        landmarks: int = hyper(100, ge=1, le=1000, title="Features", help="Passes over the labelled target samples.")

    params: Params

    def seconds(self, n_s: int, n_t: int, d: int) -> float:
        return (n_s + n_t) * d / 128 * self.params.landmarks / 1400

    def fit(self, Xs: Rows, Xt: Rows, ys: Labels | None = None) -> Slow:
        return self


@pytest.fixture(autouse=True)
def _slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is in memory, and CORAL is slow."""
    found: dict[str, Any] = {**methods(), "slow": Slow}
    monkeypatch.setattr(Slow, "name", classmethod(lambda cls: "slow"))
    monkeypatch.setattr(Slow, "family", classmethod(lambda cls: "alignment"))
    monkeypatch.setattr(estimating, "methods", lambda: found)
    monkeypatch.setattr("da_core.methods.methods", lambda: found)
    monkeypatch.setattr(cache, "_memory", LRUCache(2**30, getsizeof=cache._memory.getsizeof))
    monkeypatch.setattr(cache, "_sizes", LRUCache(1000))
    i18n.missing.clear()


def experiment(**data: Any) -> Experiment:
    return Experiment(method=MethodSpec(name="slow"), data=DataSpec(**data))


def test_sizes_come_from_the_datas_settings_and_the_network() -> None:
    found = estimate(experiment(params={"count": 1000}))
    assert found is not None
    assert (found.source, found.target) == (700, 700), "the held-out part is not the method's"
    assert found.seconds == pytest.approx(100)
    assert found.lower == "Features"
    wide = experiment().model_copy(update={"network": NetworkSpec(params={"features": 256})})
    twice = estimate(wide)
    assert twice is not None
    assert twice.seconds == pytest.approx(2 * 200)


def test_a_pair_in_memory_tells_its_sizes() -> None:
    spec = DataSpec(name="digits_mnist")
    assert estimate(experiment(name="digits_mnist")) is None, "it has no count, and is not read for this"
    cache._cached(cache._key_of(spec, sources()[spec.name](), 0), made_up_run.pair, on_disk=False)
    found = estimate(experiment(name="digits_mnist"))
    assert found is not None
    assert (found.source, found.target) == (21, 21)


def test_what_was_loaded_is_found_and_nothing_else(tmp_path: Path) -> None:
    for name in ("source", "target"):
        np.savez(tmp_path / f"{name}.npz", X=np.eye(6, dtype=np.float32), y=np.arange(6) % 2)
    spec = DataSpec(name="files", source=str(tmp_path / "source.npz"), target=str(tmp_path / "target.npz"))
    assert cache.pair_in_memory(spec) is None
    pair = cache.load_pair(spec)
    assert cache.pair_in_memory(spec) is pair
    assert cache.pair_in_memory(spec.model_copy(update={"target": str(tmp_path / "gone.npz")})) is None


def test_a_method_without_a_formula_has_no_estimate() -> None:
    assert estimate(Experiment(method=MethodSpec(name="coral"))) is None


@pytest.mark.parametrize("page", ["method", "train"])
def test_the_notice_stands_where_the_run_is_started_but_not_below_a_minute(page: str) -> None:
    notice = visit(f"walk/{page}.py", method="slow", method__landmarks="100").info[0].value
    assert "About 3 min for 1,400 + 1,400 samples with CORAL." in notice
    assert "Lower “Features” to make it faster." in notice
    assert not visit(f"walk/{page}.py", method="slow", method__landmarks="20").info
