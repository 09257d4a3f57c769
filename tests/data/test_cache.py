"""Pairs are made once, whoever asks, and whatever happens to the disk."""

from __future__ import annotations

import csv
import errno
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from da_core.data.loading import cache, limited_reading
from da_core.data.loading.cache import inspect_files, load_pair
from da_core.data.pair import Domain, DomainPair
from da_core.data.readers.uploads import keep_upload, resolve_place
from da_core.data.source import DataSource
from da_core.data.sources.own_files import Files
from da_core.errors import UserError
from da_core.events import Notice
from da_core.experiment import DataSpec
from da_core.params import Params, hyper
from da_core.settings import settings

ROOT = Path(__file__).parents[2]


class ToyParams(Params):
    count: int = hyper(40, ge=4, le=10_000, title="", help="")


class Toy(DataSource):
    """Random pictures, and a count of how often they were made."""

    name: ClassVar[str] = "toy"
    title = summary = origin = licence = "Toy"
    area = kind = "pictures"
    shift = "appearance"
    Params = ToyParams
    params: ToyParams
    made: ClassVar[int] = 0

    def load(self, seed: int) -> DomainPair:
        type(self).made += 1
        rng = np.random.default_rng(seed)
        day, night = (
            Domain(
                name,
                rng.integers(0, 256, (self.params.count, 8, 8, 3), dtype=np.uint8),
                np.arange(self.params.count, dtype=np.int64) % 2,
            )
            for name in ("day", "night")
        )
        return replace(self.pair(day, night, ("a", "b"), flips=True), notices=(Notice("{count} left.", {"count": 3}),))


@pytest.fixture(autouse=True)
def fresh(data_dir: Path) -> Iterator[Path]:
    """An empty data folder and an empty memory."""
    forget()
    yield data_dir
    forget()


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> type[Toy]:
    monkeypatch.setattr(Toy, "made", 0)
    monkeypatch.setattr(cache, "sources", lambda: {"toy": Toy})
    return Toy


def forget() -> None:
    """What a restart does."""
    cache._memory.clear()


def spec(**params: int) -> DataSpec:
    return DataSpec(name="toy", params=params)


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "pairs").iterdir())


def assert_same(one: DomainPair, other: DomainPair) -> None:
    for ours, theirs in ((one.source, other.source), (one.target, other.target)):
        assert ours.name == theirs.name
        np.testing.assert_array_equal(ours.X, theirs.X)
        np.testing.assert_array_equal(ours.y, theirs.y)
        assert (ours.X.dtype, ours.y.dtype) == (theirs.X.dtype, theirs.y.dtype)
    assert (one.classes, one.provenance, one.flips, one.notices) == (
        other.classes,
        other.provenance,
        other.flips,
        other.notices,
    )


def test_points_that_are_drawn_at_once_are_not_kept_on_disk() -> None:
    first = load_pair(DataSpec(name="drawn", params={"count": 40, "turn": 12.0}))
    assert load_pair(DataSpec(name="drawn", params={"count": 40, "turn": 12.0})) is first
    assert not list((settings().data_dir / "pairs").glob("*.npz"))


def test_a_pair_is_shared_and_cannot_be_changed(toy: type[Toy]) -> None:
    pair = load_pair(spec())
    assert load_pair(spec(count=40)) is pair  # a default that is spelt out is the same pair
    assert toy.made == 1
    for domain in (pair.source, pair.target):
        for array in (domain.X, domain.y):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0


def test_another_setting_or_seed_is_another_pair(toy: type[Toy]) -> None:
    sizes = [len(load_pair(spec(count=count), seed).source) for count in (40, 50) for seed in (0, 1)]
    assert (sizes, toy.made) == ([40, 40, 50, 50], 4)
    assert (load_pair(spec(), 0).source.X != load_pair(spec(), 1).source.X).any()


def test_a_restart_finds_it_on_disk(toy: type[Toy]) -> None:
    before = load_pair(spec())
    forget()
    after = load_pair(spec())
    assert after is not before
    assert toy.made == 1
    assert_same(before, after)
    with pytest.raises(ValueError, match="read-only"):
        after.target.X[0] = 0


@pytest.mark.parametrize("harm", ["cut", "empty", "noise", "bit"])
def test_a_broken_file_is_made_anew(toy: type[Toy], fresh: Path, harm: str) -> None:
    before = load_pair(spec())
    (file,) = kept(fresh)
    data = file.read_bytes()
    bit = bytearray(data)
    bit[len(data) // 2] ^= 1
    file.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "noise": b"x" * 999, "bit": bytes(bit)}[harm])
    forget()
    assert_same(load_pair(spec()), before)
    assert toy.made == 2
    forget()
    assert_same(load_pair(spec()), before)
    assert toy.made == 2


def test_threads_that_ask_together_get_one_pair(toy: type[Toy]) -> None:
    start, pairs = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        pairs.append(load_pair(spec(count=5000)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert toy.made == 1
    assert len({id(pair) for pair in pairs}) == 1


@pytest.mark.slow
def test_processes_that_ask_together_do_not_disturb_each_other(fresh: Path) -> None:
    code = (
        "from da_core.data.loading.cache import load_pair; from da_core.experiment import DataSpec; import hashlib;"
        "pair = load_pair(DataSpec(name='street', params={'count': 100}));"
        "print(hashlib.sha256(pair.source.X.tobytes() + pair.target.X.tobytes()).hexdigest())"
    )
    asked = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    answers = {process.communicate()[0] for process in asked}
    assert [process.returncode for process in asked] == [0, 0]
    assert len(answers) == 1
    assert [file.suffix for file in kept(fresh)] == [".npz"]  # and no half-written file


def test_disk_is_bounded(toy: type[Toy], fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_pair(spec())
    monkeypatch.setattr(cache, "_DISK_BYTES", int(2.5 * kept(fresh)[0].stat().st_size))
    for seed in range(1, 5):
        load_pair(spec(), seed)
    assert len(kept(fresh)) == 2
    forget()
    load_pair(spec(), 4)
    assert toy.made == 5  # the newest are those that stayed


def test_a_full_disk_costs_only_the_cache(toy: type[Toy], fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert len(load_pair(spec()).source) == 40
    assert kept(fresh) == []


def test_what_cannot_be_made_says_so(toy: type[Toy]) -> None:
    for wrong, start in (
        (DataSpec(name="nothing"), "There is no {kind} “{name}”"),
        (spec(count=1), "{name} of {of} is {given}; it must be at least {low}."),
        (spec(colour=1), "{of} has no setting called “{name}”"),
        (DataSpec(name="toy", source="x"), "“{name}” does not use files of yours"),
    ):
        with pytest.raises(UserError) as raised:
            load_pair(wrong)
        assert raised.value.message.startswith(start)


# The user's own files ----------------------------------------------------------------------------------------------


def rows(place: Path, value: float) -> Path:
    np.savez(place, X=np.full((4, 2), value), y=[0, 1, 0, 1])
    return place


def test_files_are_read_again_when_they_change(tmp_path: Path) -> None:
    source, target = rows(tmp_path / "s.npz", 1), rows(tmp_path / "t.npz", 2)
    asked = DataSpec(name="files", source=str(source), target=str(target))
    pair = load_pair(asked)
    assert load_pair(asked) is pair
    rows(source, 33)
    assert load_pair(asked).source.X[0, 0] == 33
    assert load_pair(asked).target.X[0, 0] == 2


def test_an_upload_can_be_loaded_and_is_kept_once(tmp_path: Path, fresh: Path) -> None:
    data = rows(tmp_path / "s.npz", 1).read_bytes()
    with (tmp_path / "s.npz").open("rb") as stream:
        place = keep_upload("Mine.NPZ", stream)
    again = keep_upload("other.npz", data)
    assert resolve_place(again) == resolve_place(place)
    assert [file.read_bytes() for file in (fresh / "uploads").iterdir()] == [data]
    other = keep_upload("t.npz", rows(tmp_path / "t.npz", 2).read_bytes())
    asked = DataSpec(name="files", source=place, target=other)
    pair = load_pair(asked)
    assert (pair.source.X[0, 0], pair.target.X[0, 0]) == (1, 2)
    assert (pair.source.name, pair.target.name, pair.provenance.title) == ("Mine", "t", "Mine.NPZ → t.npz")
    assert load_pair(asked) is pair


@pytest.fixture
def rows_parsed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The rows of text tables that are parsed from now on; files are read in this process."""
    parsed: list[list[str]] = []
    reader = csv.reader

    def counting(lines: Iterator[str], **how: Any) -> Iterator[list[str]]:
        for row in reader(lines, **how):
            parsed.append(row)
            yield row

    monkeypatch.setattr(csv, "reader", counting)
    monkeypatch.setattr(limited_reading, "IS_SUPPORTED", False)
    return parsed


def shops(place: Path) -> DataSpec:
    """A table that begins with one shop, and in which several columns may be the label."""
    lines = [f"{n},{'ab'[n % 2]},{'xy'[n // 2 % 2]},{'test' if n % 3 else 'train'}" for n in range(3000)]
    place.write_text("\n".join(["x,class,outcome,domain", *lines]), encoding="utf-8")
    return DataSpec(name="files", source=str(place))


def test_a_table_is_read_once_for_its_preview_and_its_use(tmp_path: Path, rows_parsed: list[list[str]]) -> None:
    guessed = shops(tmp_path / "shops.csv")
    preview = inspect_files(guessed)
    settled = preview.settle(guessed)
    assert settled.params == {"label": "class", "domain": "domain", "source_domain": "train"}
    assert rows_parsed.count(["2999", "b", "y", "test"]) == 1
    rows_parsed.clear()
    used, again = load_pair(settled), inspect_files(settled)
    forget()
    restarted = inspect_files(settled)
    assert rows_parsed == []
    assert used is again.pair
    assert preview.pair is not None
    assert restarted.pair is not None
    np.testing.assert_array_equal(used.source.X, preview.pair.source.X)
    assert_same(used, restarted.pair)
    assert preview.layout == again.layout == restarted.layout


def test_what_is_kept_for_use_is_what_a_reading_gives(tmp_path: Path) -> None:
    guessed = shops(tmp_path / "shops.csv")
    settled = inspect_files(guessed).settle(guessed)
    kept = load_pair(settled)
    resolved = Path(str(settled.source))
    read = Files(**settled.params).load_places(resolved, resolved)
    assert_same(kept, read)
    assert kept.reading == read.reading
    assert {notice.message for notice in load_pair(guessed).notices} > {notice.message for notice in kept.notices}


def test_arrays_whose_source_is_plain_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "a.npz", X=np.eye(8), y=[0, 0, 1, 1] * 2, domain=["day", "night"] * 4)
    guessed = DataSpec(name="files", source=str(tmp_path / "a.npz"))
    found = inspect_files(guessed)
    monkeypatch.setattr(cache, "call_limited", lambda *_args: pytest.fail("it was read again"))
    assert found.settle(guessed).params == {"source_domain": "day"}
    assert load_pair(found.settle(guessed)).source.name == "day"
