"""Measure what it costs to read own files in a child process: as ratios to reading them in this one.

    python -m tests.bench.reading_speed [--rounds 5]

Ordinary files of each kind are loaded in turns with their reading here and in a child, with no cache. Wanted are at
most 1.1 times as long for files that take a second, and at most 0.3 s to start a child.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd
import soundfile
from PIL import Image

from da_core.data.loading import cache, limited_reading
from da_core.data.loading.limited_reading import call_limited
from da_core.data.pair import DomainPair
from da_core.experiment import DataSpec
from da_core.settings import settings

rng = np.random.default_rng(0)


def pictures(folder: Path) -> Path:
    """Write 3,000 JPEG pictures of 256 pixels as a zip."""
    path = folder / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3000):
            colours = rng.integers(0, 255, (16, 16, 3), np.uint8)
            file = io.BytesIO()
            Image.fromarray(colours).resize((256, 256)).save(file, "JPEG")
            place = f"{('day', 'night')[number % 2]}/{('car', 'bus')[number // 2 % 2]}/{number}.jpg"
            archive.writestr(place, file.getvalue())
    return path


def sounds(folder: Path) -> Path:
    """Write 2,000 sounds of a second as a zip."""
    path = folder / "sounds.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2000):
            file = io.BytesIO()
            soundfile.write(file, rng.normal(0, 0.1, 16000), 16000, format="WAV")
            place = f"{('day', 'night')[number % 2]}/{('yes', 'no')[number // 2 % 2]}/{number}.wav"
            archive.writestr(place, file.getvalue())
    return path


def arrays(folder: Path) -> Path:
    """Write 60,000 + 10,000 rows of 784 features, 220 MB."""
    path = folder / "arrays.npz"
    Xs, Xt = rng.normal(size=(60_000, 784)).astype(np.float32), rng.normal(size=(10_000, 784)).astype(np.float32)
    np.savez(path, Xs=Xs, ys=np.arange(60_000) % 10, Xt=Xt, yt=np.arange(10_000) % 10)
    return path


def _table(rows: int) -> pd.DataFrame:
    table = pd.DataFrame(rng.normal(size=(rows, 30)), columns=[f"x{number}" for number in range(30)])
    table["label"] = np.where(np.arange(rows) % 3, "yes", "no")
    table["domain"] = np.where(np.arange(rows) % 2, "north", "south")
    return table


def text_table(folder: Path) -> Path:
    """Write 20,000 rows of 30 columns as CSV."""
    _table(20_000).to_csv(path := folder / "table.csv", index=False)
    return path


def workbook(folder: Path) -> Path:
    """Write 4,000 rows of 30 columns as a workbook of Excel."""
    _table(4_000).to_excel(path := folder / "table.xlsx", index=False)
    return path


def parquet(folder: Path) -> Path:
    """Write 20,000 rows of 30 columns as Parquet."""
    _table(20_000).to_parquet(path := folder / "table.parquet")
    return path


def seconds(work: Callable[[], object]) -> float:
    """Measure how long work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def load_afresh(spec: DataSpec, *, in_child: bool) -> DomainPair:
    """Load a pair that is neither in memory nor on disk."""
    cache._memory.clear()
    shutil.rmtree(settings().data_dir / "pairs", ignore_errors=True)
    setattr(limited_reading, "IS_SUPPORTED", in_child)  # noqa: B010  # a constant to mypy
    return cache.load_pair(spec)


def main() -> None:
    """Print a line for each kind of file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"first child, with the imports: {seconds(lambda: call_limited(['nothing'], int)):.2f} s")
    starts = [seconds(lambda: call_limited(["nothing"], int)) for _ in range(20)]
    print(f"each further one: median {median(starts):.3f} s, longest {max(starts):.3f} s")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DA_LAB_DATA_DIR"] = folder
        for write in (pictures, sounds, arrays, text_table, workbook, parquet):
            path = write(Path(folder))
            columns = {"domain": "domain", "label": "label", "source_domain": "north"} if "table" in path.name else {}
            spec = DataSpec(name="files", source=str(path), params=columns)
            load_afresh(spec, in_child=False)
            pairs = [
                (
                    seconds(partial(load_afresh, spec, in_child=False)),
                    seconds(partial(load_afresh, spec, in_child=True)),
                )
                for _ in range(rounds)
            ]
            here, there = (median(times) for times in zip(*pairs, strict=True))
            ratio = median(child / own for own, child in pairs)
            print(f"{path.name:14} here {here:6.2f} s, child {there:6.2f} s, ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
