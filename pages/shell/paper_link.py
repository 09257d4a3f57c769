"""A method's paper, as a link where it is known where the paper is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.session.words import safe

if TYPE_CHECKING:
    from da_core.methods.base import Method


def markdown(method: type[Method]) -> str:
    """Write the paper as Markdown."""
    return f"[{safe(method.paper)}]({method.link})" if method.link else safe(method.paper)
