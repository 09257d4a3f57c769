"""Choose which of the domains that one place holds is the source and which is the target."""

from __future__ import annotations

from collections.abc import Sequence

from da_core.data.readers.archive import short_list
from da_core.errors import UserError
from da_core.own_names import OwnName

SOURCE_WORDS = {"source", "day", "源域", "源", "白天"}
TARGET_WORDS = {"target", "night", "目标域", "目标", "夜晚", "黑夜"}
_FIRST_PART = {"train", "training", "训练", "训练集"}


def plain_source(names: Sequence[str]) -> str:
    """Return the one of ``names`` that plainly is the source, by its own name or the other's; empty if none is."""
    for words in (SOURCE_WORDS, _FIRST_PART):
        if matches := [name for name in names if name.lower() in words]:
            return matches[0] if len(matches) == 1 else ""
    rest = [name for name in names if name.lower() not in TARGET_WORDS]
    return rest[0] if len(names) == 2 and len(rest) == 1 else ""


def choose_domains(names: Sequence[str], source: str, target: str, place: str) -> tuple[str, list[str]]:
    """Choose which of the domains ``names`` of a place is the source and which ones are the target.

    ``source`` and ``target`` are the visitor's choice. Without one the source is the plain one or else the first, and
    all others are the target. Raises `UserError` where a chosen one is not there or there are not two.
    """
    for name in filter(None, (source, target)):
        if name not in names:
            raise UserError(
                "“{place}” has no domain “{name}”; it has {names}.",
                place=place,
                name=name,
                names=short_list(list(names)),
            )
    candidates = [name for name in names if name != target]
    source = source or plain_source(candidates) or next(iter(candidates), "")
    targets = [target] if target else [name for name in names if name != source]
    if not source or not targets or source in targets:
        raise UserError("All of “{place}” belongs to one domain; two are needed.", place=place)
    return source, targets


def target_name(domains: Sequence[str]) -> str:
    """Name a target that is made of one domain or of several."""
    return OwnName(domains[0]) if len(domains) == 1 else "others"
