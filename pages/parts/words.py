"""Words on the screens: English in the source is the key, ``assets/locale/<language>`` has the translations.

The catalogues are gettext files read as text at first use, so nothing has to be compiled. A message without a
translation is shown in English and remembered in `missing`, where a test finds it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import streamlit as st
from babel import Locale
from babel.dates import format_date, format_datetime, get_timezone
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from da_core.errors import UserError

LANGUAGES = {"en": "English", "zh": "中文"}
CHOSEN = "lab.language"
"""Where session state keeps the language that a visitor chose; absent while the browser decides."""

missing: set[tuple[str, str]] = set()
"""(language, message) of everything that was shown untranslated."""

_LOCALES = Path(__file__).parents[2] / "assets" / "locale"


def language() -> str:
    """The language of this visitor: chosen by switch or link, else the browser's, else English."""
    chosen = st.session_state.get(CHOSEN)
    return chosen if chosen in LANGUAGES else _of_browser()


@functools.cache
def catalogue(of: str) -> dict[str, str]:
    """Every finished translation into ``of`` by its English message; empty for English itself."""
    path = _LOCALES / of / "LC_MESSAGES" / "app.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        messages = read_po(file, locale=of, charset="utf-8")
    return {str(m.id): str(m.string) for m in messages if m.id and m.string and not m.fuzzy}


def _(message: str, /, **values: object) -> str:
    """``message`` in the visitor's language with its ``{fields}`` filled."""
    return _translated(message, language()).format(**values) if values else _translated(message, language())


def told(message: str, values: Mapping[str, object]) -> str:
    """A sentence from ``da_core`` (a notice, an error): as `_`, and words among ``values`` are translated too."""
    return _(message, **{name: word(value) if isinstance(value, str) else value for name, value in values.items()})


def explain(error: UserError) -> str:
    """What went wrong, in the visitor's language."""
    return told(error.message, error.values)


def word(name: str) -> str:
    """``name`` translated where the catalogue knows it (class names, stages), else as it is: people's own names."""
    return catalogue(language()).get(name, name)


def number(x: float, digits: int = 0) -> str:
    """``x`` with ``digits`` decimals, grouped as the language groups."""
    return str(format_decimal(x, format="#,##0" + ("." + "0" * digits if digits else ""), locale=_locale()))


def percent(x: float, digits: int = 1) -> str:
    """A fraction as a percentage: .5213 → 52.1 %, as the language writes it."""
    return str(format_percent(x, format="#,##0" + ("." + "0" * digits if digits else "") + "%", locale=_locale()))


def seconds(x: float) -> str:
    """A duration, coarse enough to read at a glance: 12 s, or minutes from ninety seconds on."""
    unit, amount = ("minute", x / 60) if x >= 90 else ("second", x)
    rounded = round(amount, 1) if unit == "second" and amount < 10 else round(amount)
    return format_unit(rounded, f"duration-{unit}", length="short", locale=_locale())


def negotiated(*wishes: str) -> str:
    """The first language that a browser wishes for and there is; a wish may be a whole Accept-Language header."""
    names = [part.partition(";")[0].strip() for wish in wishes for part in wish.split(",")]
    found = Locale.negotiate([name for name in names if name], list(LANGUAGES), sep="-")
    return found.language if found else "en"


def day(moment: datetime) -> str:
    """A date, as the language writes it."""
    return format_date(moment, format="long", locale=_locale())


def moment(when: datetime) -> str:
    """A date and time where the reader is, as the language writes it."""
    zone = st.context.timezone
    return str(format_datetime(when, format="short", tzinfo=get_timezone(zone) if zone else None, locale=_locale()))


def _translated(message: str, into: str) -> str:
    if into == "en":
        return message
    found = catalogue(into).get(message)
    if found is None:
        missing.add((into, message))
        return message
    return found


def _of_browser() -> str:
    return negotiated(st.context.locale or "", st.context.headers.get("Accept-Language", ""))


def _locale() -> Locale:
    return Locale.parse(language())
