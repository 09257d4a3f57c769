"""Words on the screens, in the visitor's language: `da_core.i18n` with the language that the browser asks for."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Concatenate, ParamSpec

import streamlit as st
from babel import Locale
from babel.dates import get_timezone

from da_core.errors import UserError
from da_core.i18n import LANGUAGES, Language
from pages.session import keys

P = ParamSpec("P")

_HAIR_SPACE = "\u200a"

_speaking: ContextVar[Language | None] = ContextVar("speaking", default=None)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Have all in the ``with`` said in ``language``: for answers to requests, where there is no visitor's session."""
    token = _speaking.set(language)
    try:
        yield
    finally:
        _speaking.reset(token)


def language() -> Language:
    """Return the language of this visitor: chosen by switch or link, else the browser's, else English."""
    if (spoken := _speaking.get()) is not None:
        return spoken
    chosen = st.session_state.get(keys.LANGUAGE)
    wishes = (st.context.locale or "", st.context.headers.get("Accept-Language", ""))
    return Language(chosen if chosen in LANGUAGES else negotiated(*wishes))


def _for_visitor(write: Callable[Concatenate[Language, P], str]) -> Callable[P, str]:
    """Make a function of a method of `Language`, for the language of the page's visitor."""

    @functools.wraps(write)
    def in_their_language(*args: P.args, **kwargs: P.kwargs) -> str:
        return write(language(), *args, **kwargs)

    return in_their_language


_ = _for_visitor(Language.translate)
paragraph = _for_visitor(Language.paragraph)
listing = _for_visitor(Language.listing)
word = _for_visitor(Language.word)
choice = _for_visitor(Language.choice)
number = _for_visitor(Language.number)
percent = _for_visitor(Language.percent)
points = _for_visitor(Language.points)
signed = _for_visitor(Language.signed)
seconds = _for_visitor(Language.seconds)
day = _for_visitor(Language.day)


def bold_first(words: str, rest: str) -> str:
    """Write Markdown that begins with words in bold. Some space has to follow a full stop there, or stars are seen:
    in Chinese, which has none, the thinnest.
    """
    return f"**{words}**{_HAIR_SPACE if language().code == 'zh' else ' '}{rest}"


def moment(when: datetime) -> str:
    """Write a date and time as they are where the reader is."""
    zone = st.context.timezone
    return language().moment(when, get_timezone(zone) if zone else None)


def translate_message(message: str, values: Mapping[str, object]) -> str:
    """Translate a sentence of ``da_core`` (a notice, an error) as Markdown, and the words among its ``values``.

    Some are the visitor's own (names of files, classes, columns): none is read as Markdown.
    """
    known = {name: safe(word(value)) if isinstance(value, str) else value for name, value in values.items()}
    return _(message, **known)


_ADDRESS = re.compile(r"(?<=http)(?=s?://)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
"""Where Markdown as GitHub has it would see an address in plain words, escaped or not."""
_WORD_JOINER = "\u2060"  # not seen, and no line is broken there


def safe(name: str) -> str:
    """Escape a name, so that Markdown shows it as it is, and makes no link of what looks like an address."""
    apart = _ADDRESS.sub(_WORD_JOINER, name)
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>()#+-.!|$:~" else sign for sign in apart)


def linked(text: str, address: str) -> str:
    """Write a plain text as Markdown, as a link where its address is known."""
    return f"[{safe(text)}]({address})" if address else safe(text)


def explain(error: UserError) -> str:
    """Say what went wrong, in the visitor's language."""
    return translate_message(error.message, error.values)


@contextmanager
def explaining() -> Iterator[None]:
    """Show what went wrong where a `UserError` ends the ``with``."""
    try:
        yield
    except UserError as error:
        st.error(explain(error))


@functools.lru_cache(maxsize=256)
def negotiated(*wishes: str) -> str:
    """Return the first language that a browser wishes for and there is, else English."""
    names = [part.partition(";")[0].strip() for header in wishes for part in header.split(",")]
    locale = Locale.negotiate([name for name in names if name], list(LANGUAGES), sep="-")
    return locale.language if locale else "en"
