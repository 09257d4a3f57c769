"""Guess the encoding of a text that does not name it."""

from __future__ import annotations


def looks_chinese(text: bytes) -> bool:
    """Tell whether bytes that are no UTF-8 are Chinese, as GBK and GB 18030 write it.

    Both bytes of a common Chinese character are high ones, which words of Western letters hardly ever have.
    """
    foreign = [sign for sign in text.decode("gb18030", errors="ignore") if ord(sign) > 127]
    common = sum(bool(sign.encode("gb2312", errors="ignore")) for sign in foreign)
    return bool(foreign) and common > 0.9 * len(foreign)
