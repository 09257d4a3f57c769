"""One format of hostile files: the attacks on its reader, and mutants of good files."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Attack = Callable[[random.Random], bytes]
"""Makes the bytes of a file; all that is drawn comes from the generator that it gets."""


@dataclass(frozen=True)
class HostileFormat:
    """``attacks`` are by their names, one file each; all further files are mutants.

    ``share`` is the format's part of all cases, out of 1,000. ``target`` is a good file for readers that want a second
    one. ``strays`` says that the files have endings of any format, and those of other formats only now and then.
    """

    name: str
    ending: str
    share: int
    attacks: Mapping[str, Attack]
    mutant: Attack
    target: bytes = b""
    strays: bool = False
