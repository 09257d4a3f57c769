"""What the server adds to Streamlit: its document, a cookie, headers, and a light first page."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from streamlit.runtime.scriptrunner.exec_code import modified_sys_path

import app
from pages.session import session_cookie

ROOT = Path(__file__).parents[2]


def asked(path: str = "/data", query: str = "", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "server": ("localhost", 80),
        "path": path,
        "query_string": query.encode(),
        "headers": raw,
    }
    return Request(scope)


def test_a_new_visitor_gets_a_name_that_scripts_cannot_read() -> None:
    first, second = (app.document(asked()).headers["set-cookie"] for _ in range(2))
    assert first.startswith(f"{session_cookie.NAME}=")
    assert "HttpOnly" in first
    assert "samesite=lax" in first.lower()
    assert first.split(";")[0] != second.split(";")[0]


def test_a_visitor_keeps_the_name() -> None:
    assert "set-cookie" not in app.document(asked(cookie=f"{session_cookie.NAME}=abc")).headers


def test_the_document_speaks_the_visitors_language() -> None:
    def spoken(**of: str) -> str:
        return bytes(app.document(asked(**of)).body).decode().partition('<html lang="')[2][:2]

    assert spoken(accept_language="zh-CN,zh;q=0.9,en;q=0.8") == "zh"
    assert spoken(accept_language="de,en;q=0.8") == "en"
    assert spoken(accept_language="en", query="lang=zh") == "zh"
    assert spoken() == "en"


def test_every_answer_has_the_security_headers() -> None:
    async def plain(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    asyncio.run(app.Headers(plain)({"type": "http"}, receive, send))
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "http:" not in headers["content-security-policy"]


def test_the_first_page_imports_nothing_heavy() -> None:
    script = (
        "import sys, app\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"at = AppTest.from_file({str(ROOT / 'pages' / 'frame.py')!r}, default_timeout=60).run()\n"
        "assert at.title and not at.exception\n"
        "print(*{name.partition('.')[0] for name in sys.modules} & {'torch', 'sklearn', 'umap', 'numba', 'mlxtend'})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == ""


def test_a_script_that_runs_leaves_the_import_path_alone() -> None:
    """Streamlit would change it for each page of each visitor, and an import in a run's thread may miss an entry."""
    server = app.app
    before = list(sys.path)
    with modified_sys_path(str(server._resolve_script_path())):
        assert sys.path == before
