"""Hostile files of every format that is read here: a format, a number and a seed always give the same file.

The first numbers of a format are its attacks, which are written by hand; all others are mutants of small good files.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.load.hostile.delimited_tables import CSV
from tests.load.hostile.hdf5_files import MAT73
from tests.load.hostile.hostile_format import HostileFormat
from tests.load.hostile.matlab_files import MAT4, MAT5
from tests.load.hostile.numpy_arrays import NPY, NPZ
from tests.load.hostile.parquet_tables import PARQUET
from tests.load.hostile.picture_files import PICTURE
from tests.load.hostile.plain_texts import LECTURE, OTHER, SVMLIGHT
from tests.load.hostile.sound_files import SOUND
from tests.load.hostile.xlsx_workbooks import XLSX
from tests.load.hostile.zip_archives import ZIP

FORMATS = {
    each.name: each
    for each in (ZIP, PICTURE, SOUND, CSV, XLSX, PARQUET, NPZ, NPY, MAT5, MAT73, MAT4, SVMLIGHT, LECTURE, OTHER)
}
_ENDINGS = sorted({each.ending for each in FORMATS.values()} | {".txt", ".pdf", ".tsv", ".jpg", ".h5", ""})
_STRAY_SHARE = 0.03
"""Of mutants, those whose ending is not their format's."""


@dataclass(frozen=True)
class Case:
    """One hostile file. As text it is “format:number”."""

    format: str
    number: int
    seed: int

    def __str__(self) -> str:
        return f"{self.format}:{self.number}"

    @property
    def title(self) -> str:
        """Return what the file is: the name of its attack, or “mutant”."""
        attacks = list(FORMATS[self.format].attacks)
        return attacks[self.number] if self.number < len(attacks) else "mutant"

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write the file into a folder, and beside it the target where its reader wants one; return their paths."""
        kind, rng = FORMATS[self.format], random.Random(f"{self.format}:{self.number}:{self.seed}")
        attack = kind.attacks.get(self.title)
        content = (attack or kind.mutant)(rng)
        is_stray = kind.strays or (attack is None and rng.random() < _STRAY_SHARE)
        files = {f"hostile{rng.choice(_ENDINGS) if is_stray else kind.ending}": content}
        if kind.target:
            files[f"target{kind.ending}"] = kind.target
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return tuple(folder / name for name in files)


def attack_case(name: str, title: str, seed: int = 0) -> Case:
    """Return the case of a format's attack."""
    return Case(name, list(FORMATS[name].attacks).index(title), seed)


def plan_cases(count: int, seed: int, only: Sequence[str] = ()) -> list[Case]:
    """Choose about ``count`` cases of all formats, by their shares and in mixed order.

    ``only`` has the beginnings of formats' names (“mat”), or cases (“mat5:1”), which are taken as they are. Raises
    `ValueError` where there is no such format.
    """
    singled = [Case(name, int(number), seed) for name, _, number in (each.partition(":") for each in only) if number]
    beginnings = tuple(each for each in only if ":" not in each)
    _check_known(beginnings, [case.format for case in singled])
    formats = [each for each in FORMATS.values() if each.name.startswith(beginnings)] if beginnings else []
    formats = formats if only else list(FORMATS.values())
    rng, whole = random.Random(seed), sum(each.share for each in formats)
    cases = [
        Case(each.name, number, seed)
        for each in formats
        for number in _choose_numbers(each, round(count * each.share / whole), rng)
    ]
    rng.shuffle(cases)
    return singled + cases


def _choose_numbers(kind: HostileFormat, count: int, rng: random.Random) -> list[int]:
    """All attacks and then mutants; or some of the attacks, where there are more of them."""
    return rng.sample(range(max(count, len(kind.attacks))), count)


def _check_known(beginnings: Iterable[str], names: Iterable[str]) -> None:
    unknown = [name for name in names if name not in FORMATS]
    unknown += [start for start in beginnings if not any(name.startswith(start) for name in FORMATS)]
    if unknown:
        raise ValueError(f"there is no format {unknown[0]}; there are {', '.join(FORMATS)}")
