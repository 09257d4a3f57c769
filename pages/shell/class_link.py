"""The link that an instructor gives to a class: what it hides, its language and seed, as text and as a QR code."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st

from da_core.i18n import LANGUAGES
from da_core.palette import LIGHT
from pages.session import keys, origin, state, words
from pages.session.words import _
from pages.shell import cards, navigation

MOST_IN_A_CODE = 2331
"""Bytes in the largest QR code with this much correction (ISO/IEC 18004, version 40-M); a drawn pair has more."""


def draw() -> None:
    """Draw the button that opens the choice of what students see, and their link."""
    with opening(_("Link for students"), keys.CLASS_LINK, 42) as is_open:
        if is_open:
            _choose()
        else:
            state.keep(keys.CLASS_HIDES, keys.CLASS_LANGUAGE, keys.CLASS_TRAINS)


@contextmanager
def opening(label: str, key: str, height: int) -> Iterator[bool]:
    """Draw a button of the sidebar, ``height`` rem high when open, whose content is drawn in the ``with``.

    Every screen has it and few open it: its inside would take a fifth of what a screen does. Until it comes, an empty
    one holds its place, for the box is put where what it holds as it opens has room.
    """
    opened = st.popover(label, type="tertiary", key=key, on_change="rerun")
    with opened:
        if not opened.open:
            st.html(f'<div style="height: {height}rem"></div>')
        yield bool(opened.open)


def _choose() -> None:
    st.caption(_("Students see the current experiment and, if you are viewing one, the finished run."))
    hint = _("You have made these choices; students do not see their steps.")
    hide = choose_hidden(state.PARTS, keys.CLASS_HIDES, hint)
    own = words.language().code
    spoken = cards.segments(_("Language"), LANGUAGES, keys.CLASS_LANGUAGE, default=own, shown=True)
    own_run = st.toggle(
        _("Let each student train"),
        key=keys.CLASS_TRAINS,
        help=_(
            "The link omits the seed and the finished run: each student chooses a seed and trains, and the class "
            "compares results."
        ),
    )
    query = state.shared(spoken, [part for part in state.PARTS if part in hide])
    if own_run:
        query = {name: value for name, value in query.items() if name not in ("seed", "run")}
    show(query, code=True)


def choose_hidden(parts: Sequence[str], key: str, help: str | None = None) -> list[str]:
    """Ask which of some parts of the experiment are hidden from students."""
    titles = {"data": _("Data"), "network": _("Network"), "method": _("Method"), "training": _("Training")}
    return st.pills(
        _("Steps to hide"), parts, selection_mode="multi", format_func=titles.__getitem__, key=key, help=help
    )


def show(query: Mapping[str, str], *, code: bool = False, screen: str = "") -> None:
    """Show the address of this screen, or of another, with ``query``, to copy; with ``code`` as a QR code too."""
    here = st.context.url or ""
    if screen:
        here = f"{here.rpartition('/')[0]}/{screen}"
    show_address(f"{here}?{urlencode(query)}", code=code)


def show_address(address: str, *, code: bool) -> None:
    """Show an address to copy, with ``code`` as a QR code too; say where it works on this computer alone."""
    st.code(address, language=None, wrap_lines=True)
    if code and len(address.encode()) > MOST_IN_A_CODE:
        st.caption(_("This link is too long for a QR code; share it as text."))
    elif code:
        st.image(qr_code(address), width=220, alt=_("QR code of the link"))
    if urlsplit(address).hostname in origin.LOCAL:
        st.caption(
            _(
                "This address works on this computer only. “Teaching with it” explains how to make the app reachable "
                "for a class."
            )
        )
        navigation.link_to("teaching", _("Teaching with it") + " →")


def qr_code(address: str) -> str:
    """Draw an address as a QR code, as SVG of any size, dark on light in either theme: few phones read it otherwise."""
    file = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        file, kind="svg", border=3, dark=LIGHT.ink, light=LIGHT.paper, omitsize=True, xmldecl=False
    )
    return file.getvalue().decode()
