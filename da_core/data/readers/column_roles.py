"""Decide from names and cells which column of a table is the label, the domain, the text or a feature."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from da_core.data.layout import MOST_WORDS, CellKind, Column, Outline, Roles
from da_core.data.readers.archive import SingleDomainError, short_list, short_name
from da_core.data.readers.columns import DOMAIN_NAMES, LABEL_NAMES, MOST_NAMES, TEXT_NAMES, find_column
from da_core.errors import UserError

_ROW_NUMBER = {"", "id", "index", "idx", "row", "编号", "序号"}


def assign_roles(
    place: Path,
    outline: Outline,
    chosen: Roles,
    *,
    with_domain: bool,
    labelled: bool,
    kinds: Collection[CellKind] = ("numbers", "words", "dates"),
) -> Roles:
    """Decide which columns are what: as ``chosen``, and from names and cells where nothing is.

    ``with_domain``: whether a column has to say which domain a row is of. ``labelled``: whether there must be a label.
    ``kinds``: which columns are taken for features. Raises `UserError` where a column is not there, and where it would
    have to be guessed among several that fit alike: its value ``option`` says which setting decides it.
    """
    for name in filter(None, (chosen.domain, chosen.text, *chosen.features)):
        find_column(name, outline, place)
    taken = {chosen.text, chosen.label, chosen.domain, *chosen.features} - {""}
    free = [column for column in outline.columns if column.name not in taken]
    domain = chosen.domain if with_domain else ""
    if with_domain and not domain:
        domain = _find_domain(place, outline, free)
    free = [column for column in free if column.name != domain]
    label = _choose_label(place, outline, chosen.label, free, labelled)
    if chosen.text or chosen.features:
        return Roles(label, domain, chosen.text, () if chosen.text else chosen.features)
    free = [column for column in free if column.name != label]
    text, features = _guess_sample(place, outline, free, kinds)
    return Roles(label, domain, text, features)


def other_candidates(outline: Outline, roles: Roles) -> tuple[list[str], list[str]]:
    """List the columns that would do as label, and those that would do as domain, beside the ones that were taken."""
    spare = [column for column in outline.columns if column.name not in (roles.label, roles.domain, roles.text)]
    labels = [
        column.name
        for column in _few_valued(spare, outline.rows)
        if column.cells == "words" or _rank(column, LABEL_NAMES)
    ]
    domains = [column.name for column in spare if column.has_few_words or _rank(column, DOMAIN_NAMES)]
    return labels, domains if roles.domain else []


def _find_domain(place: Path, outline: Outline, free: Sequence[Column]) -> str:
    """Find the column that is plainly the domain: by its name, else as the only one of two words that is no label."""
    free = [column for column in free if not _rank(column, LABEL_NAMES)]
    several = [column for column in free if 2 <= column.distinct <= MOST_WORDS]
    # a sorted table begins with one domain
    named = _plainest(several, DOMAIN_NAMES[:2]) or _plainest(free, DOMAIN_NAMES[:2])
    places = _plainest(several, DOMAIN_NAMES[2:])
    pairs = _two_valued(column for column in several if column.cells == "words")
    if named:
        likely = _two_valued(named) or named
    elif _two_valued(places) or not pairs:
        likely = _two_valued(places) or places
    else:  # a city beside a column of two words: either may be it
        likely = [*places, *pairs]
    if len(likely) != 1:  # of two that might be it, one is as likely the label
        raise SingleDomainError(
            "“{place}” holds one domain; choose the column that says which domain a row belongs to, or bring the "
            "target as a file of its own. It has {names}.",
            place=short_name(place),
            names=_first_names(outline),
            option="domain",
        )
    return likely[0].name


def _choose_label(place: Path, outline: Outline, chosen: str, free: Sequence[Column], labelled: bool) -> str:
    """Take the chosen label, which may be absent where there need be none; else the one that is plainly it."""
    if chosen:
        if labelled or chosen in {column.name for column in outline.columns}:
            find_column(chosen, outline, place)
            return chosen
        return ""
    likely = _likely_labels(free, outline)
    if len(likely) == 1:
        return likely[0].name
    if not labelled:
        return ""
    names = [column.name for column in likely]
    if names:
        raise UserError(
            "It is unclear which column of “{place}” is the label: {names} fit equally well; choose it.",
            place=short_name(place),
            names=short_list(names),
            option="label",
        )
    raise UserError(
        "It is unclear which column of “{place}” is the label; choose it. It has {names}.",
        place=short_name(place),
        names=_first_names(outline),
        option="label",
    )


def _likely_labels(columns: Sequence[Column], outline: Outline) -> list[Column]:
    """List the columns that may be the label, those with the plainest name alone where names speak."""
    few = _few_valued(columns, outline.rows)
    named = _plainest(few, LABEL_NAMES) or _plainest(columns, LABEL_NAMES[:-1])
    if named:
        return named
    words = [column for column in few if column.cells == "words" and not _rank(column, DOMAIN_NAMES)]
    numbers = [column for column in few if column.cells == "numbers" and column.distinct <= MOST_WORDS]
    likely = _two_valued(words) or words or numbers
    return likely if outline.header else likely[-1:]


def _few_valued(columns: Iterable[Column], rows: int) -> list[Column]:
    return [column for column in columns if 2 <= column.distinct <= min(100, rows / 2)]


def _two_valued(columns: Iterable[Column]) -> list[Column]:
    return [column for column in columns if column.distinct == 2]


def _plainest(columns: Sequence[Column], names: Sequence[set[str]]) -> list[Column]:
    """List the columns whose names speak most plainly, by the ranks of ``names``."""
    ranks = [_rank(column, names) for column in columns]
    best = min(filter(None, ranks), default=0)
    return [column for column, rank in zip(columns, ranks, strict=True) if best and rank == best]


def _rank(column: Column, names: Sequence[set[str]]) -> int:
    """Rank a column by the set, from 1, that has its name or its last word (customer_class, 客户类型); else 0."""
    name = column.name.lower()
    last = re.split(r"[\W_]+", name)[-1]
    for rank, group in enumerate(names, start=1):
        endings = tuple(word for word in group if len(word) > 1 and not word.isascii())  # Chinese has no spaces
        if name in group or (last in group and len(last) > 1) or name.endswith(endings):
            return rank
    return 0


def _guess_sample(
    place: Path, outline: Outline, free: Sequence[Column], kinds: Collection[CellKind]
) -> tuple[str, tuple[str, ...]]:
    """Guess the column of texts that a sample is, or else its features: columns of ``kinds`` that are mostly there."""
    texts = [column for column in free if column.cells == "texts"]
    usable = [
        column
        for column in free
        if column.cells in kinds
        and (column.cells != "words" or column.has_few_words)
        and column.missing <= outline.rows / 2
        and not _numbers_the_rows(column)
    ]
    features = tuple(column.name for column in usable)
    numbers = any(column.cells == "numbers" for column in usable)
    text = [column for column in texts if column.name.lower() in TEXT_NAMES] or (texts if not numbers else [])
    if text:
        return text[0].name, ()
    if not features:
        raise UserError(
            "“{place}” has no columns of numbers, of few words or of texts besides the label; choose the columns.",
            place=short_name(place),
        )
    return "", features


def _numbers_the_rows(column: Column) -> bool:
    """Check by its name, or where it has none, by counting up, that a column only numbers the rows."""
    return column.name.lower() in _ROW_NUMBER or (column.name.startswith("column ") and column.counts_up)


def _first_names(outline: Outline) -> str:
    return ", ".join(column.name for column in outline.columns[:MOST_NAMES])
