"""A disk that is full for the log: pages are drawn and runs go on, though nothing of it can be written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load.browser_tab import Tab, link
from tests.support.server import serving

FULL = Path("/dev/full")
QUICK = {"data": "blobs", "network": "identity", "method": "coral", "device": "cpu"}


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="has no device that is always full")
def test_a_server_whose_log_finds_no_room_draws_pages_and_trains(tmp_path: Path) -> None:
    into_nothing = ["sh", "-c", f'exec "$0" "$@" >{FULL} 2>&1']
    # Streamlit's greeting comes before any line of the app's: where it cannot be written Streamlit does not start
    with serving(tmp_path, before=into_nothing, STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE="true") as server:
        tab = Tab(server.url)
        tab.open(link("train", **QUICK))
        tab.press("Start training")
        while tab.page.every:
            tab.watch(0.5)
        tab.expect("See what moved")
        tab.close()
        assert server.process.poll() is None
