"""Words on the screens, in the visitor's language: `da_core.i18n` with the language that the browser asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import streamlit as st
from babel import Locale
from babel.dates import get_timezone

from da_core.errors import UserError
from da_core.i18n import LANGUAGES, Language, missing, translations

__all__ = ["CHOSEN", "LANGUAGES", "missing", "translations"]

CHOSEN = "lab.language"
"""Where session state keeps the language that a visitor chose; absent while the browser decides."""


def language() -> str:
    """The language of this visitor: chosen by switch or link, else the browser's, else English."""
    chosen = st.session_state.get(CHOSEN)
    return chosen if chosen in LANGUAGES else _of_browser()


def spoken() -> Language:
    """The same as something that speaks, for what is made outside the script's thread."""
    return Language(language())


def _(message: str, /, **values: object) -> str:
    """``message`` in the visitor's language with its ``{fields}`` filled."""
    return spoken().translate(message, **values)


def translate_message(message: str, values: Mapping[str, object]) -> str:
    """A sentence from ``da_core`` (a notice, an error) as Markdown: as `_`, and words among ``values`` are translated.

    Some are people's own (names of files, classes, columns): none is read as Markdown.
    """
    known = {name: safe(word(value)) if isinstance(value, str) else value for name, value in values.items()}
    return _(message, **known)


def safe(name: str) -> str:
    """A name of a person's own as Markdown that says just that."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>()#+-.!|$:~" else sign for sign in name)


def explain(error: UserError) -> str:
    """What went wrong, in the visitor's language."""
    return translate_message(error.message, error.values)


def word(name: str) -> str:
    """``name`` translated where the catalogue knows it (class names, stages), else as it is: people's own names."""
    return spoken().word(name)


def number(x: float, digits: int = 0) -> str:
    """``x`` with ``digits`` decimals, grouped as the language groups."""
    return spoken().number(x, digits)


def percent(x: float, digits: int = 1) -> str:
    """A fraction as a percentage: .5213 → 52.1 %, as the language writes it."""
    return spoken().percent(x, digits)


def points(difference: float) -> str:
    """A difference of two fractions in percentage points, with its sign: .213 → +21.3 points."""
    return spoken().points(difference)


def signed(difference: float) -> str:
    """The same less its unit."""
    return spoken().signed(difference)


def seconds(x: float) -> str:
    """A duration, coarse enough to read at a glance: 12 s, or minutes from ninety seconds on."""
    return spoken().seconds(x)


def day(moment: datetime) -> str:
    """A date, as the language writes it."""
    return spoken().day(moment)


def moment(when: datetime) -> str:
    """A date and time where the reader is, as the language writes it."""
    zone = st.context.timezone
    return spoken().moment(when, get_timezone(zone) if zone else None)


def negotiated(*wishes: str) -> str:
    """The first language that a browser wishes for and there is; a wish may be a whole Accept-Language header."""
    names = [part.partition(";")[0].strip() for wish in wishes for part in wish.split(",")]
    found = Locale.negotiate([name for name in names if name], list(LANGUAGES), sep="-")
    return found.language if found else "en"


def _of_browser() -> str:
    return negotiated(st.context.locale or "", st.context.headers.get("Accept-Language", ""))
