"""A page that is no screen of the app: one file, with its style in it, that asks for nothing more."""

from __future__ import annotations

import functools
from html import escape
from pathlib import Path

_ASSETS = Path(__file__).parents[2] / "assets" / "hall"


def plain_page(language: str, title: str, style: str, body: str, *, look: str = "") -> str:
    """Write a page. ``body`` is markup, ``look`` the body's class; the empty icon saves a request."""
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        f'<body class="{look}">\n{body}\n</body>\n</html>\n'
    )


@functools.cache
def asset(name: str) -> str:
    """Read a script or a style sheet of the lecture hall."""
    return (_ASSETS / name).read_text(encoding="utf-8")
