"""Load 20 newsgroups: two topics each, from some of their groups to others. They are downloaded once."""

from __future__ import annotations

import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from typing import Literal

import numpy as np

from da_core import params
from da_core.data.download import Remote, damaged
from da_core.data.pair import Domain, DomainPair
from da_core.data.source import DataSource
from da_core.params import hyper

ARCHIVE = Remote(
    "20 newsgroups",
    "newsgroups",
    "20news-bydate.tar.gz",
    ("https://ndownloader.figshare.com/files/5975967",),
    "8f1b2514ca22a5ade8fbb9cfa5727df95fa587f4c87b786e15c759fa66d95610",
    14_464_277,
)

Topics = Literal["science or recreation", "computers or science", "recreation or politics"]

GROUPS: dict[Topics, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "science or recreation": {
        "science": (("sci.med", "sci.space"), ("sci.crypt", "sci.electronics")),
        "recreation": (("rec.autos", "rec.sport.baseball"), ("rec.motorcycles", "rec.sport.hockey")),
    },
    "computers or science": {
        "computers": (
            ("comp.graphics", "comp.os.ms-windows.misc"),
            ("comp.sys.ibm.pc.hardware", "comp.sys.mac.hardware", "comp.windows.x"),
        ),
        "science": (("sci.crypt", "sci.electronics"), ("sci.med", "sci.space")),
    },
    "recreation or politics": {
        "recreation": (("rec.autos", "rec.motorcycles"), ("rec.sport.baseball", "rec.sport.hockey")),
        "politics": (
            ("talk.politics.guns", "talk.politics.misc"),
            ("talk.politics.mideast", "talk.religion.misc"),
        ),
    },
}
"""Groups of the source and of the target by topic, split as by Dai, Xue, Yang and Yu (KDD 2007)."""

_LONGEST = 2000  # letters of a letter that are kept
_QUOTED = re.compile(r"(?m)^(?:[>|}:].*|.*(?:writes|wrote|says|said):?)$\n?")
_SPACE = re.compile(r"\s+")


class Newsgroups(DataSource):
    """Letters without their headers, quotations and signatures, by topic; other groups are the target."""

    name = "newsgroups"
    title = "Newsgroups"
    summary = "Usenet posts by topic; the target's posts come from other groups on the same topics."
    area = "text"
    kind = "texts"
    shift = "appearance"
    origin = "The 20 newsgroups collected by Ken Lang, 1995, sorted by date by Jason Rennie, in scikit-learn's version."
    licence = "Usenet posts belong to their authors; widely used for research."

    class Params(params.Params):
        topics: Topics = hyper("science or recreation", title="Topics", help="Pair of topics to separate.")
        count: int = hyper(1500, ge=100, le=2500, step=100, title="Posts", help="Maximum posts per domain.")

    params: Params

    def remotes(self) -> tuple[Remote, ...]:
        return (ARCHIVE,)

    def load(self, seed: int) -> DomainPair:
        topics = GROUPS[self.params.topics]
        label_of = {group: place for place, sides in enumerate(topics.values()) for side in sides for group in side}
        letters: dict[str, list[str]] = {group: [] for group in label_of}
        for group, text in _letters(ARCHIVE.read(), set(label_of)):
            letters[group].append(text)
        rng = np.random.default_rng([seed, 0x20E5])

        def domain(name: str, side: int) -> Domain:
            ours = [
                (text, label_of[group]) for sides in topics.values() for group in sides[side] for text in letters[group]
            ]
            rows = rng.permutation(len(ours))[: self.params.count]
            return Domain(
                name, np.array([ours[row][0] for row in rows]), np.array([ours[row][1] for row in rows], np.int64)
            )

        return self.pair(domain("some groups", 0), domain("other groups", 1), tuple(topics))


def _letters(archive: bytes, groups: set[str]) -> Iterator[tuple[str, str]]:
    """Group and text of every letter of some groups; nothing is unpacked to the disk. Raises `UserError`."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as members:
            for member in members:
                group = member.name.rpartition("/")[0].rpartition("/")[2]
                file = members.extractfile(member) if member.isfile() and group in groups else None
                if file is not None and (text := strip_letter(file.read().decode("latin-1"))):
                    yield group, text
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        raise damaged([ARCHIVE]) from None


def strip_letter(letter: str) -> str:
    """Strip a letter of header, quotations and signature, so that its own words are left, on one line."""
    body = letter.replace("\r", "").partition("\n\n")[2]
    own = ("\n" + _QUOTED.sub("", body)).partition("\n--")[0]
    return _SPACE.sub(" ", own).strip()[:_LONGEST]
