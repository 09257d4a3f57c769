"""Names that the user gave: of files, columns, classes and domains. They are shown as they are, in every language."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any


class OwnName(str):
    """A name of the user's own, which no dictionary translates, though it may be a word that one knows (“class”)."""

    __slots__ = ()


def mark_own(value: Any, names: Container[str] | None = None) -> Any:
    """Return ``value`` with the texts in it, at any depth of lists, tuples and dictionaries' values, as own names.

    Of texts only those in ``names``, where such are given.
    """
    match value:
        case str():
            return OwnName(value) if names is None or value in names else value
        case list():
            return [mark_own(item, names) for item in value]
        case tuple():
            return tuple(mark_own(item, names) for item in value)
        case dict():
            return {key: mark_own(item, names) for key, item in value.items()}
        case _:
            return value


def own_names_in(value: Any) -> Iterator[str]:
    """Yield every own name in ``value``, as deep as `mark_own` goes: JSON forgets which texts are such."""
    match value:
        case OwnName():
            yield str(value)
        case list() | tuple():
            for item in value:
                yield from own_names_in(item)
        case dict():
            for item in value.values():
                yield from own_names_in(item)
