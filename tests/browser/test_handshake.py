"""What the running server takes: websockets of its own pages, under its own names, messages and files of theirs."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.support.server import Server, serving


def shaken(server: Server, host: str, origin: str | None) -> int:
    """The status with which the server answers a websocket's handshake: 101 where it takes it."""
    port = urlsplit(server.url).port
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: streamlit",
        *([f"Origin: {origin}"] if origin else []),
    ]
    with socket.create_connection(("localhost", port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(connection.makefile("rb").readline().split()[1])


def test_only_pages_of_this_very_server_open_a_session(server: Server) -> None:
    own = urlsplit(server.url)
    assert shaken(server, own.netloc, server.url) == 101
    assert shaken(server, f"127.0.0.1:{own.port}", f"http://127.0.0.1:{own.port}") == 101
    for origin in ("http://localhost:3000", "https://evil.example", "null"):
        assert shaken(server, own.netloc, origin) == 403
    for host in ("evil.example", f"evil.example:{own.port}"):  # a name that was made to point here
        assert shaken(server, host, f"http://{host}") == 403
    assert "external IP" not in server.log.read_text(), "Streamlit has asked outside for this machine's address"


def test_a_proxy_on_this_machine_may_hand_on_a_name_that_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_ALLOWED_HOSTS", "localhost lab.example")
    with serving(tmp_path) as server:
        assert shaken(server, "lab.example", "https://lab.example") == 101
        assert shaken(server, "lab.example:443", "https://lab.example") == 101
        assert shaken(server, "lab.example", "https://evil.example") == 403
        assert shaken(server, "evil.example", "https://evil.example") == 403
        assert "external IP" not in server.log.read_text()


def hung_up(server: Server, message: bytes) -> int:
    """The code with which the server ends a session that sends this message."""
    own = urlsplit(server.url)
    with connect(f"ws://{own.netloc}/_stcore/stream", origin=Origin(server.url), max_size=None) as session:
        session.send(message)
        with suppress(ConnectionClosed):
            while True:
                session.recv(timeout=30)
        assert session.close_code is not None
        return session.close_code


def test_a_message_of_any_size_is_not_read(server: Server) -> None:
    assert hung_up(server, b"\x00" * 1000) == 1002  # no message of Streamlit's either, but one of a size that is read
    assert hung_up(server, b"\x00" * 5_000_000) == 1009


def test_nothing_is_uploaded_without_the_token_of_a_page(server: Server) -> None:
    """A form on another server's page has the cookies, but cannot read the token from them."""
    cookies = {"Cookie": "_streamlit_xsrf=2|00000000|00000000000000000000000000000000|0"}
    for headers in ({}, cookies):
        upload = Request(f"{server.url}/_stcore/upload_file/session/file", b"x", headers, method="PUT")
        with pytest.raises(HTTPError) as refused:
            urlopen(upload, timeout=30)
        assert refused.value.code == 403
