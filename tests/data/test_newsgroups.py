"""Newsgroups, from an archive laid out like the published one: letters go to their topic and domain, in plain words."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import _twenty_newsgroups as theirs

from da_core.data.download import MissingError
from da_core.data.sources import sources
from da_core.data.sources.newsgroups import ARCHIVE, GROUPS, strip_letter
from da_core.errors import UserError
from tests.support.pairs import load

LETTER = """From: a@b.c (A)
Subject: Re: {group}

In article <1@x> b@c.d writes:
> what he said
: and she

I think {group} is fine.
Really.
--
A, somewhere
"""


@pytest.fixture(autouse=True)
def folder(data_dir: Path) -> Path:
    return data_dir / "downloads" / "newsgroups"


def keep(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True)
    with tarfile.open(folder / ARCHIVE.name, "w:gz") as archive:
        for name in names:
            content = LETTER.format(group=name.split("/")[-2]).encode("latin-1")
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_letters_go_to_their_topic_and_domain(folder: Path) -> None:
    groups = [group for topic in GROUPS["science or recreation"].values() for side in topic for group in side]
    names = [f"20news-bydate-{part}/{group}/{n}" for part in ("train", "test") for group in groups for n in range(3)]
    keep(folder, [*names, "20news-bydate-train/alt.atheism/1", "../../outside/1"])
    pair = load(sources()["newsgroups"], {"count": 100})
    assert pair.classes == ("science", "recreation")
    for domain, side in ((pair.source, 0), (pair.target, 1)):
        assert len(domain) == 2 * 3 * 4
        for text, label in zip(domain.X, domain.y, strict=True):
            group = text.split()[2]
            assert group in GROUPS["science or recreation"][pair.classes[label]][side]
            assert text == f"I think {group} is fine. Really."
    again = load(sources()["newsgroups"], {"count": 100})
    np.testing.assert_array_equal(again.target.X, pair.target.X)


def test_every_group_is_one_of_the_twenty_and_in_one_domain_only() -> None:
    for topics in GROUPS.values():
        groups = [group for sides in topics.values() for side in sides for group in side]
        assert len(set(groups)) == len(groups)


def test_the_file_is_the_one_that_scikit_learn_downloads() -> None:
    archive = theirs.ARCHIVE
    assert (ARCHIVE.name, ARCHIVE.urls, ARCHIVE.digest) == (archive.filename, (archive.url,), archive.checksum)


def test_a_letter_without_words_of_its_own_is_left_out() -> None:
    assert strip_letter("From: x\n\n> all quoted\n--\nme") == ""
    assert strip_letter("no header, no body") == ""


def test_where_it_is_not_downloaded_one_sentence_says_so() -> None:
    with pytest.raises(MissingError, match="20 newsgroups is not on this machine yet"):
        load(sources()["newsgroups"], {})


def test_a_damaged_archive_is_explained(folder: Path) -> None:
    keep(folder, [f"t/{group}/1" for group in ("sci.med", "rec.autos", "sci.crypt", "rec.motorcycles")])
    file = folder / ARCHIVE.name
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(UserError, match="cannot be read"):
        load(sources()["newsgroups"], {})
