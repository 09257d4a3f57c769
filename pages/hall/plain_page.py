"""A page that is no screen of the app: one file, with its style in it, that asks for nothing more."""

from __future__ import annotations

from html import escape


def plain_page(language: str, title: str, style: str, body: str, *, look: str = "") -> str:
    """Write a page. ``body`` is markup, ``look`` the body's class; the empty icon saves a request."""
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        f'<body class="{look}">\n{body}\n</body>\n</html>\n'
    )
