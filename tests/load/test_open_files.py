"""More visitors come than the usual limit of open files has room for."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.load.browser_tab import Tab
from tests.support.server import serving

LIMIT = 128
"""A server without visitors has about thirty open; each visitor takes four."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_the_soft_limit_of_open_files_turns_nobody_away(tmp_path: Path) -> None:
    limited = ["sh", "-c", f'ulimit -S -n {LIMIT} && exec "$0" "$@"']
    with serving(tmp_path, before=limited) as server, ExitStack() as leaving:
        for _ in range(LIMIT // 3):
            tab = Tab(server.url)
            tab.open()
            leaving.callback(tab.close)
        assert "Too many open files" not in server.log.read_text()
