"""Hold one domain as it was read from a user's files, before its classes have numbers, and match the classes of two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from da_core.data.pair import UNKNOWN, Domain
from da_core.data.readers.archive import short_list
from da_core.errors import UserError
from da_core.events import Notice
from da_core.settings import settings

_MOST_CLASSES = 1000
_LONGEST_NAME = 80

ClassNames = list[str | None]
"""The class of each sample; None where a target sample has no label."""


@dataclass
class RawDomain:
    """``X`` as in `Domain`, each sample's class if it is known, and what there is to say about how they were read."""

    name: str
    X: NDArray[Any]
    labels: ClassNames
    captions: list[str] | None = None
    notices: list[Notice] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    reading: dict[str, Any] = field(default_factory=dict)

    def subset(self, rows: list[int]) -> RawDomain:
        """Return the samples of some rows as a domain of their own."""
        captions = None if self.captions is None else [self.captions[row] for row in rows]
        return replace(self, X=self.X[rows], labels=[self.labels[row] for row in rows], captions=captions)

    def to_domain(self, classes: list[str]) -> Domain:
        """Number the classes by their places in ``classes``."""
        number: dict[str | None, int] = {name: index for index, name in enumerate(classes)}
        number[None] = UNKNOWN
        y = np.array([number[label] for label in self.labels], np.int64)
        return Domain(self.name, self.X, y, None if self.captions is None else np.array(self.captions))


def check_memory(size: int, place: str) -> None:
    """Raise `UserError` where the samples of a place take more bytes in memory than the settings give a domain."""
    if size > settings().samples_megabytes * 2**20:
        raise UserError(
            "The samples of “{place}” need {size} MB of memory, but the limit is {most} MB; make them smaller or use "
            "fewer per class.",
            place=place,
            size=size // 2**20,
            most=settings().samples_megabytes,
        )


def common_classes(source: RawDomain, target: RawDomain) -> list[str]:
    """List the classes of both domains, numbers by value, else names by letter.

    Raises `UserError` where the domains differ, as far as the target's classes are known, and for names that cannot be
    shown.
    """
    of_source, of_target = ({label for label in domain.labels if label is not None} for domain in (source, target))
    if None in target.labels and of_target <= of_source:
        of_target = of_source
    if of_source - of_target and of_target - of_source:
        raise UserError(
            "The classes differ: only the source has {source}, only the target has {target}; give both the same "
            "classes.",
            source=short_list(sorted(of_source - of_target)),
            target=short_list(sorted(of_target - of_source)),
        )
    for message, names in (
        ("The classes differ: only the source has {names}; give both the same classes.", of_source - of_target),
        ("The classes differ: only the target has {names}; give both the same classes.", of_target - of_source),
    ):
        if names:
            raise UserError(message, names=short_list(sorted(names)))
    if len(of_source) > _MOST_CLASSES:
        raise UserError(
            "There are {count} classes, but the limit is {most}. Are these class labels?",
            count=len(of_source),
            most=_MOST_CLASSES,
        )
    for name in of_source:
        if len(name) > _LONGEST_NAME or not name.isprintable() or not name.strip():
            raise UserError(
                "A class is named {name}; use 1 to {most} letters, digits and signs.",
                name=ascii(name[:_LONGEST_NAME]),
                most=_LONGEST_NAME,
            )
    try:
        return sorted(of_source, key=int)
    except ValueError:
        return sorted(of_source)
