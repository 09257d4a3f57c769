"""Make example files, to try an upload and to see what such files look like."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from da_core.data.scenes.street import CLASSES, Time, pictures
from da_core.data.sources.vowels import TABLE
from da_core.i18n import Language

_PICTURES = 120
"""Of each domain: enough to see something learned."""
_SIDE = 32
_TIMES: tuple[Time, ...] = ("day", "night")
_SPEAKERS = ("men", "children")


@dataclass(frozen=True)
class ExampleFile:
    """A file that holds both domains. ``summary`` is a message; ``layout`` shows its inside in a few lines."""

    name: str
    summary: str
    layout: Callable[[Language], str]
    make: Callable[[Language], bytes]


def _picture_path(time: str, label: int, number: int, language: Language) -> str:
    return f"{language.word(time)}/{language.word(CLASSES[label])}/{number}.png"


def _pictures(language: Language) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for seed, time in enumerate(_TIMES):
            for number, (sample, label) in enumerate(zip(*pictures(_PICTURES, _SIDE, time, seed), strict=True)):
                picture = io.BytesIO()
                Image.fromarray(np.asarray(sample)).save(picture, "PNG")
                # ZipInfo has a date of its own: the same pictures are the same file
                archive.writestr(zipfile.ZipInfo(_picture_path(time, label, number, language)), picture.getvalue())
    return file.getvalue()


def _picture_layout(language: Language) -> str:
    return "\n".join(_picture_path(time, label, 0, language) for time in _TIMES for label in (0, 1)) + "\n…"


def _table(_language: Language) -> bytes:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["speakers"] in _SPEAKERS]
    written = io.StringIO()
    writer = csv.DictWriter(written, [name for name in rows[0] if name != "speaker"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


def _table_layout(language: Language) -> str:
    lines = _table(language).decode().splitlines()
    return "\n".join([*lines[:3], "…", lines[-1]])


EXAMPLE_FILES = (
    ExampleFile(
        "street.zip",
        "Pictures: one folder per domain, each with one folder per class.",
        _picture_layout,
        _pictures,
    ),
    ExampleFile(
        "vowels.csv",
        "A table: one row per sample, one column for its class, and one for its domain.",
        _table_layout,
        _table,
    ),
)
