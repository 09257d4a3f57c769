"""Limit the files of the server that a visitor may open: any folder only on the visitor's own machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import streamlit as st

from da_core.data.readers import uploads
from da_core.jobs.owners import EVERYONE
from pages.session import account, origin, state


def localhost_only() -> bool:
    """Tell whether the server listens on localhost alone, goes by its names only, and the page, too, is localhost's.

    A server with another name has a proxy before it, and what a stranger sends through that may say anything; one where
    people sign in is for more than who sits at its machine. Of the
    page, host and port count: whatever else listens on this machine is not this app. A browser always sends an Origin
    to a websocket, so who sends none is no browser.
    """
    headers = st.context.headers
    return (
        not account.is_offered()
        and st.get_option("server.address") in origin.LOCAL
        and origin.LOCAL.issuperset(origin.names())
        and origin.is_local(headers.get("Host"))
        and origin.is_own(headers.get("Origin"), headers.get("Host"))
    )


def address() -> str:
    """Return the visitor's network address: of IPv6 the part that one house shares, and "" for this machine's own."""
    ip = st.context.ip_address
    if not isinstance(ip, str):  # AppTest has a mock there
        return ""
    return counted_address(ip)


def counted_address(text: str) -> str:
    """Reduce an address to what visitors are counted by; "" for this machine's own."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return text
    if ip.is_loopback:
        return ""
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


def list_owner() -> str:
    """Return whose runs and uploads this visitor sees: their own, or everyone's where the app serves one person."""
    return EVERYONE if localhost_only() else state.owner()


def check_places(places: Iterable[str]) -> None:
    """Refuse places of files that this visitor may not open. Raises `UserError` for the first of them."""
    uploads.check_all_allowed(places, localhost_only=localhost_only())
