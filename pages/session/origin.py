"""Limit who may connect to the server: its own pages, under its own names."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_ADDRESS = re.compile(r"(?:(https?)://)?(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?", re.ASCII | re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_READING = {"GET", "HEAD", "OPTIONS"}


class Address(NamedTuple):
    """An address as the headers Origin (with a scheme) and Host (without) write it."""

    scheme: str | None
    host: str
    port: int | None

    @classmethod
    def read(cls, header: str | None) -> Address | None:
        """Parse a header; None where it has no address, as in the Origin “null” of a page in a sandbox."""
        match = _ADDRESS.fullmatch(header or "")
        if match is None:
            return None
        scheme, six, name, port = match.groups()
        return cls(scheme and scheme.lower(), (six or name).lower(), int(port) if port else None)


def is_own(origin: str | None, host: str | None) -> bool:
    """Tell whether a page of ``origin`` was served under ``host``: the same name and the same port.

    A proxy that ends TLS need not say so: what the browser calls https://name arrives with the Host “name”, so a
    missing port is the usual one of the Origin's scheme.
    """
    page, server = Address.read(origin), Address.read(host)
    if page is None or page.scheme is None or server is None:
        return False
    usual = _PORTS[page.scheme]
    return (page.host, page.port or usual) == (server.host, server.port or usual)


def is_local(host: str | None) -> bool:
    """Tell whether the Host is one of localhost's names, at any port."""
    address = Address.read(host)
    return address is not None and address.host in LOCAL


def names() -> Collection[str]:
    """Return the names that the server answers to, “*” for any.

    They are those that its operator lists in Streamlit's ``server.allowedHosts``, which by itself guards only the
    websocket. Where nothing is listed, a server on localhost has localhost's own: no other can be meant, and a page
    whose name was made to point here, after it was loaded from elsewhere, comes under its own.
    """
    named: list[str] = st.get_option("server.allowedHosts")
    if named:
        return {name.strip().lower() for name in named}
    return LOCAL if st.get_option("server.address") in LOCAL else {"*"}


def is_named(host: str | None, known: Collection[str]) -> bool:
    """Tell whether the Host is among the known names; “*.example.org” are all below that one."""
    if "*" in known:
        return True
    address = Address.read(host)
    if address is None:
        return False
    return any(address.host.endswith(name[1:]) if name.startswith("*.") else address.host == name for name in known)


def base_path() -> str:
    """Return the path at which the app begins below the host: "" or, behind a proxy, "/lab"."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


class OwnPages:
    """Middleware that refuses requests under another name, and changes from another server's page.

    Streamlit lets any port of localhost connect, and to judge other pages it asks a service outside for the address of
    this machine while everybody waits.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("Host"), headers.get("Origin")
        if not is_named(host, names()):
            await _refuse("This server does not go by that name; its operator lists names.", scope, receive, send)
        elif origin is None or scope.get("method") in _READING:
            await self.app(scope, receive, send)
        elif not is_own(origin, host):
            await _refuse("This server is for pages of its own.", scope, receive, send)
        else:
            await self.app(_alike(scope, origin), receive, send)


def _alike(scope: Scope, origin: str) -> Scope:
    """Write the Host as the Origin is: Streamlit compares letters, and would go and ask where only a “:443” differs."""
    scope = {**scope, "headers": list(scope["headers"])}
    MutableHeaders(scope=scope)["Host"] = origin.partition("//")[2]
    return scope


async def _refuse(why: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await PlainTextResponse(why, status_code=403)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": why})  # before it is accepted: a 403
