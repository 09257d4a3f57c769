"""Render the templates of exported and printed pages in ``assets/export``; what is put into HTML is escaped."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from da_core import palette
from da_core.i18n import Language
from da_core.system.app_files import ASSETS

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = ASSETS / "export"


@functools.cache
def environment() -> Environment:
    """Return what reads and renders the templates."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is not None and ".html" in name,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )


def render(template: str, language: Language, **values: Any) -> str:
    """Render a template, in which ``_`` translates."""
    names = {"_": language.translate, "language": language, "light": palette.LIGHT}
    return environment().get_template(template).render(names | values)
