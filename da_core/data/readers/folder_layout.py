"""Find out which folder means which domain and which class.

One domain is laid out as for torchvision's ImageFolder: ``class/…/picture.jpg``. Two domains in one place are
distinguished by the words in their folders' names, so that ``day/cat``, ``night/cat``, ``source/train/cat``,
``train/day/cat`` and CODaN's ``train/cat``, ``test_night/cat`` are all understood; or, by whatever names in whatever
language, as outer folders that hold the same classes (``amazon/mug``, ``webcam/mug``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from da_core.data.readers.archive import File, Listing, SingleDomainError
from da_core.data.readers.domain_choice import SOURCE_WORDS, TARGET_WORDS, choose_domains, target_name
from da_core.own_names import OwnName

_SPLIT = {"train", "training", "val", "valid", "validation", "test"}

NO_CLASS = "{count} files in “{place}” were left out because they are in no class folder: {names}."


def split_domains(
    listing: Listing, chosen_source: str = "", chosen_target: str = ""
) -> tuple[tuple[str, Listing], tuple[str, Listing]]:
    """Split the listing of a place by domain, source first, each with the name that its folders give it.

    A folder for one part of the data (``train``, ``val`` …) that names no domain belongs to the source. Which of
    several outer folders is the source, and which is the target, is as chosen, else as `choose_domains` says. Raises
    `UserError` if there are not two domains.
    """
    if names := domain_folders(listing):
        first, rest = choose_domains(names, chosen_source, chosen_target, listing.place)
        return (OwnName(first), _below(listing, [first])), (target_name(rest), _below(listing, rest))
    source, target = (_part(_unwrap(listing), domain) for domain in (SOURCE_WORDS, TARGET_WORDS))
    if not (source[1].files and target[1].files):
        raise SingleDomainError(
            "“{place}” holds one domain. Bring the target as a place of its own or put both into one, as two folders "
            "(“source” and “target”, or any names) with the class folders inside; or have it made of the source: "
            "“Simulated night” for pictures, “Background noise” for sounds.",
            place=listing.place,
        )
    return source, target


def domain_folders(listing: Listing) -> list[str]:
    """List the outer folders that are domains though no word says so: all of them hold the same classes."""
    inside = _unwrap(listing)
    within: dict[str, set[str]] = {}
    for file in inside.files:
        if len(file.parts) > 2:
            within.setdefault(file.parts[0], set()).add(file.parts[1])
    if any(_domain_words((name,))[1] for name in within):
        return []
    shared = set[str]().union(*within.values()).intersection(*within.values())
    classes = {name for name in shared if name.lower() not in _SPLIT}
    return sorted(within) if len(within) > 1 and len(classes) > 1 else []


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


def _select(listing: Listing, depth_of: Callable[[tuple[str, ...]], int | None]) -> Listing:
    """List what lies in some folders, without the outer ones: ``depth_of`` says how many; None leaves a folder out."""
    depths = ((file, depth_of(file.parts[:-1])) for file in listing.files)
    files = [replace(file, parts=file.parts[depth:]) for file, depth in depths if depth is not None]
    inner = (parts[depth:] for parts in listing.folders if (depth := depth_of(parts)) is not None)
    return Listing(listing.place, files, set(filter(None, inner)))


def _below(listing: Listing, names: list[str]) -> Listing:
    """List what lies in some of the outer folders, without them."""
    return _select(_unwrap(listing), lambda folders: 1 if folders and folders[0] in names else None)


def _part(listing: Listing, domain: set[str]) -> tuple[str, Listing]:
    """List what belongs to one domain, without the folders that say so."""

    def depth_of(folders: tuple[str, ...]) -> int | None:
        words, depth = _domain_words(folders)
        return depth if words & domain else None

    names = {word for file in listing.files for word in _domain_words(file.parts[:-1])[0] & domain}
    return OwnName(min(names, default="")), _select(listing, depth_of)


def _domain_words(folders: tuple[str, ...]) -> tuple[set[str], int]:
    """Find the words for a domain in the leading folders' names, and how many folders are made of such words only."""
    leading: set[str] = set()
    depth = 0
    for name in folders:
        words = set(re.split(r"[\W_]+", name.lower()))
        if not words <= SOURCE_WORDS | TARGET_WORDS | _SPLIT:
            break
        leading |= words
        depth += 1
    if leading & TARGET_WORDS:
        return leading & TARGET_WORDS, depth
    return leading & SOURCE_WORDS or ({"source"} if depth else set()), depth
