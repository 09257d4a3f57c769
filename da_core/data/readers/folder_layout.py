"""Which folder means which domain and which class.

One domain is laid out as for torchvision's ImageFolder: ``class/…/picture.jpg``. Two domains in one place are
distinguished by the words in their folders' names, so that ``day/cat``, ``night/cat``, ``source/train/cat``,
``train/day/cat`` and CODaN's ``train/cat``, ``test_night/cat`` are all understood.
"""

from __future__ import annotations

import re
from dataclasses import replace

from da_core.data.readers.archive import File, Listing, OneDomainError

SOURCE_WORDS = {"source", "day"}
_TARGET = {"target", "night"}
_SPLIT = {"train", "training", "val", "valid", "validation", "test"}

NO_CLASS = "{count} files in “{place}” were left out, because they lie in no class folder: {names}."


def split_domains(listing: Listing) -> tuple[tuple[str, Listing], tuple[str, Listing]]:
    """Split the listing of a place by domain, source first, each with the name that its folders give it.

    A folder for one part of the data (``train``, ``val`` …) that names no domain belongs to the source. Raises
    `UserError` if there are not two domains.
    """
    inside = _unwrap(listing)
    source, target = (_part(inside, domain) for domain in (SOURCE_WORDS, _TARGET))
    if not (source[1].files and target[1].files):
        raise OneDomainError(
            "“{place}” does not hold two domains; give it the folders “source” and “target” (or “day” and “night”) "
            "with the class folders inside, or bring the target as a place of its own.",
            place=listing.place,
        )
    return source, target


def group_by_class(listing: Listing) -> tuple[dict[str, list[File]], list[File]]:
    """Group files by class folder (empty folders too), sorted by class; then come the files in none of them."""
    inside = _unwrap(listing)
    classes: dict[str, list[File]] = {parts[0]: [] for parts in sorted(inside.folders)}
    stray = []
    for file in inside.files:
        if len(file.parts) > 1:
            classes[file.parts[0]].append(file)
        else:
            stray.append(file)
    return classes, stray


def _unwrap(listing: Listing) -> Listing:
    """Leave out the folders that everything else lies in, as zips often have one."""
    tops = {parts[0] for parts in listing.folders}
    if len(tops) != 1 or not any(len(parts) > 1 for parts in listing.folders):
        return listing
    files = [replace(file, parts=file.parts[1:]) if len(file.parts) > 1 else file for file in listing.files]
    return _unwrap(Listing(listing.place, files, {parts[1:] for parts in listing.folders if len(parts) > 1}))


def _part(listing: Listing, domain: set[str]) -> tuple[str, Listing]:
    """What belongs to one domain, without the folders that say so."""
    names = set()
    files, folders = [], set()
    for file in listing.files:
        words, depth = _domain_words(file.parts[:-1])
        if words & domain:
            names |= words & domain
            files.append(replace(file, parts=file.parts[depth:]))
    for parts in listing.folders:
        words, depth = _domain_words(parts)
        if words & domain and parts[depth:]:
            folders.add(parts[depth:])
    return min(names, default=""), Listing(listing.place, files, folders)


def _domain_words(folders: tuple[str, ...]) -> tuple[set[str], int]:
    """The words for a domain in the leading folders' names, and how many folders are made of such words only."""
    leading: set[str] = set()
    depth = 0
    for name in folders:
        words = set(re.split(r"[\W_]+", name.lower()))
        if not words <= SOURCE_WORDS | _TARGET | _SPLIT:
            break
        leading |= words
        depth += 1
    if leading & _TARGET:
        return leading & _TARGET, depth
    return leading & SOURCE_WORDS or ({"source"} if depth else set()), depth
