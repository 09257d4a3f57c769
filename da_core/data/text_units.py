"""Count a text's words, or the characters of a writing that has no spaces between words."""

from __future__ import annotations

import re
from collections.abc import Iterable

UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Characters of Chinese and Japanese, as a range of a regular expression."""
_UNIT = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
_UNSPACED = re.compile(f"[{UNSPACED}]")
_LETTER = re.compile(r"[^\W\d_]")


def count_units(text: str) -> int:
    """Count a text's words; of Chinese and Japanese each character counts."""
    return sum(1 for _ in _UNIT.finditer(text))


def are_unspaced(texts: Iterable[str]) -> bool:
    """Tell whether most letters of the texts are of a writing without spaces."""
    text = " ".join(texts)
    return 2 * len(_UNSPACED.findall(text)) > len(_LETTER.findall(text))
