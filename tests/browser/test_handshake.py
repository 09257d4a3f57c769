"""Which websockets the running server takes: those of its own pages, under its own names."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

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
