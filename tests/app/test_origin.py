"""Which names the server answers to, which pages may use it, and who counts as sitting at its machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest
import streamlit as st
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from pages.session import access
from pages.session.origin import OwnPages, is_own

Configure = Callable[..., None]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Set where the server listens and the names that its operator lists: on localhost and none, unless told."""

    def configure(address: str | None = "localhost", hosts: Sequence[str] = ()) -> None:
        options = {"server.address": address, "server.allowedHosts": list(hosts)}
        monkeypatch.setattr(st, "get_option", options.__getitem__)

    configure()
    return configure


def answered(host: str, origin: str | None = None, method: str = "GET") -> int:
    """The status with which a guarded server answers."""
    sent, _host = asked({"type": "http", "method": method, "path": "/"}, host, origin)
    return sent[0]["status"]


def connects(host: str, origin: str | None) -> bool:
    """Whether a guarded server takes a websocket; as its Host it sees what stands in the Origin."""
    sent, seen = asked({"type": "websocket", "path": "/"}, host, origin)
    if sent[0]["type"] == "websocket.close":
        return False
    assert seen == [origin.partition("//")[2] if origin else host]
    return sent[0]["type"] == "websocket.accept"


def asked(scope: Scope, host: str, origin: str | None) -> tuple[list[Message], list[str | None]]:
    """What a guarded server that takes everything sends, and the Host that it sees if it is asked at all."""
    sent: list[Message] = []
    seen: list[str | None] = []

    async def takes_everything(scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append(Headers(scope=scope).get("Host"))
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "websocket.accept"})

    async def receive() -> Message:
        raise AssertionError("nothing is read of what is refused")

    async def send(message: Message) -> None:
        sent.append(message)

    given = {"Host": host} if origin is None else {"Host": host, "Origin": origin}
    asyncio.run(OwnPages(takes_everything)({**scope, "headers": Headers(given).raw}, receive, send))
    return sent, seen


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8501", "localhost:8501"),
        ("http://[::1]:8501", "[::1]:8501"),
        ("http://LocalHost", "localhost:80"),
        ("https://lab.example", "lab.example"),  # a proxy ended TLS
        ("https://lab.example", "lab.example:443"),
        ("https://lab.example:8443", "lab.example:8443"),
    ],
)
def test_a_page_of_this_server_is_its_own(origin: str, host: str) -> None:
    assert is_own(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:3000", "localhost:8501"),
        ("http://localhost", "localhost:8501"),
        ("http://localhost:3000", "localhost"),
        ("http://127.0.0.1:8501", "localhost:8501"),
        ("https://evil.example", "lab.example"),
        ("https://lab.example.evil.example", "lab.example"),
        ("http://localhost:8501@evil.example", "localhost:8501"),
        ("http://evil.example#@localhost:8501", "localhost:8501"),
        ("localhost:8501", "localhost:8501"),
        ("file://localhost:8501", "localhost:8501"),
        ("http://[", "["),
        ("null", "null"),
        ("", ""),
        (None, "localhost:8501"),
        ("http://localhost:8501", None),
    ],
)
def test_other_pages_are_not(origin: str | None, host: str | None) -> None:
    assert not is_own(origin, host)


def test_other_pages_change_nothing(configured: Configure) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert answered("localhost:8501", "http://localhost:8501", method) == 200
        assert answered("localhost:8501", None, method) == 200  # no browser
        for origin in ("http://localhost:3000", "https://evil.example", "null"):
            assert answered("localhost:8501", origin, method) == 403
    assert answered("localhost:8501", "http://localhost:3000") == 200  # a link


def test_other_pages_open_no_session(configured: Configure) -> None:
    assert connects("localhost:8501", "http://localhost:8501")
    assert connects("localhost:8501", None)
    for origin in ("http://localhost:3000", "https://evil.example", "null"):
        assert not connects("localhost:8501", origin)


def test_streamlit_sees_the_host_as_the_page_writes_it(configured: Configure) -> None:
    """Otherwise it takes the page for another's and asks outside for the machine's address."""
    configured(address=None)
    assert connects("lab.example:443", "https://lab.example")
    assert connects("Lab.example", "https://lab.example")


def test_a_server_on_localhost_answers_to_its_names_alone(configured: Configure) -> None:
    for host in ("localhost", "localhost:8501", "LOCALHOST:1", "127.0.0.1:8501", "[::1]:8501"):
        assert answered(host) == 200
    for host in ("evil.example", "evil.example:8501", "localhost.evil.example", "lab.example", "", "a b"):
        assert answered(host) == 403
    assert not connects("evil.example:8501", "http://evil.example:8501")


def test_a_name_that_the_operator_lists_is_answered_to(configured: Configure) -> None:
    configured(hosts=["Lab.example", "*.labs.example"])
    assert connects("lab.example", "https://lab.example")
    assert answered("one.labs.example") == 200
    assert [answered(host) for host in ("evil.example", "labs.example", "localhost:8501")] == [403] * 3


def test_a_server_for_others_answers_to_any_name_unless_some_are_listed(configured: Configure) -> None:
    configured(address=None)
    assert connects("lab.example:8501", "http://lab.example:8501")
    configured(address="0.0.0.0", hosts=["lab.example"])
    assert not connects("evil.example:8501", "http://evil.example:8501")


@pytest.mark.parametrize(
    ("host", "origin", "local"),
    [
        ("localhost:8501", "http://localhost:8501", True),
        ("127.0.0.1:8501", "http://127.0.0.1:8501", True),
        ("[::1]:8501", "http://[::1]:8501", True),
        ("localhost:8501", "http://localhost:3000", False),
        ("localhost:8501", "http://127.0.0.1:8501", False),
        ("localhost:8501", "null", False),
        ("localhost:8501", None, False),
        (None, "http://localhost:8501", False),
        ("evil.example:8501", "http://evil.example:8501", False),
        ("evil.example:8501", "http://localhost:8501", False),
    ],
)
def test_only_a_page_of_localhost_is_at_the_machine(
    configured: Configure, monkeypatch: pytest.MonkeyPatch, host: str | None, origin: str | None, local: bool
) -> None:
    comes(monkeypatch, host, origin)
    assert access.localhost_only() == local


def test_nobody_is_at_the_machine_of_a_server_with_other_names(
    configured: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through its proxy a stranger may send any Host and Origin."""
    comes(monkeypatch, "localhost:8501", "http://localhost:8501")
    for others in ({"address": None}, {"address": "0.0.0.0"}, {"hosts": ["lab.example", "localhost"]}):
        configured(**others)
        assert not access.localhost_only()
    configured(hosts=["localhost"])
    assert access.localhost_only()


def comes(monkeypatch: pytest.MonkeyPatch, host: str | None, origin: str | None) -> None:
    """Make the visitor's websocket one with these headers."""
    sent = {"Host": host, "Origin": origin}
    headers = {name: value for name, value in sent.items() if value is not None}
    monkeypatch.setattr(st, "context", SimpleNamespace(headers=headers))
