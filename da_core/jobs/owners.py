"""Digest the owners of runs: the cookie or address that names a visitor is never kept."""

from __future__ import annotations

import hashlib

EVERYONE = ""
"""The owner on a machine that serves nobody else: every run is in their list."""


class OwnerDigest(str):
    """A visitor's name as tables and queue keep it: the name may be a cookie that identifies them."""

    __slots__ = ()


def digest(owner: str) -> OwnerDigest:
    """Digest a visitor's name; `EVERYONE` stays, and so does what is a digest already."""
    if isinstance(owner, OwnerDigest):
        return owner
    return OwnerDigest(hashlib.sha256(owner.encode()).hexdigest()[:32] if owner else EVERYONE)
