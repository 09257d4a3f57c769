"""A Chromium for the tests: one that is here, or one that is got now. There is no way to go on without."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright
from playwright.sync_api import Error as PlaywrightError

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_COMMANDS = ("chromium", "chromium-browser", "google-chrome")
_INSTALL_SECONDS = 900


def launch(playwright: Playwright) -> Browser:
    """The first Chromium that starts: the system's, Playwright's, one that Playwright gets, one from Debian."""
    for path in _candidates(playwright):
        try:
            return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        except PlaywrightError as error:  # Ubuntu's chromium-browser, for one, may be a note that it is a snap
            print(f"{path} does not start: {error.message.splitlines()[0]}", file=sys.stderr)
    pytest.fail(
        "The browser tests need a Chromium, and none was found nor could be got; install one, for example with "
        "“python -m playwright install --with-deps chromium”.",
        pytrace=False,
    )


def _candidates(playwright: Playwright) -> Iterator[str]:
    yield from filter(None, map(shutil.which, _COMMANDS))
    own = Path(playwright.chromium.executable_path)
    if not own.exists():
        install = [sys.executable, "-m", "playwright", "install"]
        if not (_is_root() and _succeeds([*install, "--with-deps", "chromium"])):
            _succeeds([*install, "chromium"])
    if own.exists():
        yield str(own)
    if _is_root() and shutil.which("apt-get"):
        fonts = [] if _shows_chinese() else ["fonts-noto-cjk"]
        _succeeds(["apt-get", "update"])
        _succeeds(["apt-get", "install", "-y", "--no-install-recommends", "chromium", *fonts])
        yield from filter(None, [shutil.which("chromium")])


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0  # there is none on Windows


def _shows_chinese() -> bool:
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False).stdout)


def _succeeds(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, env=environment, timeout=_INSTALL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{command[0]}: {error}", file=sys.stderr)
        return False
    return done.returncode == 0
