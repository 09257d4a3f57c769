"""Signing in, with a real provider of identities: whose runs are whose, and what is told to nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pages.session import session_cookie
from tests.browser.conftest import PATIENCE_MS
from tests.support.identity_provider import CLIENT_SECRET, IdentityProvider, providing
from tests.support.screen import SMALL, finished, main, open_screen, settle, shoot, start
from tests.support.server import Server, serving

PEOPLE = {
    "a-1": {"name": "Ada *Lovelace*", "email": "Ada@lab.example", "email_verified": True},
    "b-2": {"name": "Bo", "email": "bo@lab.example", "email_verified": False},
}
COOKIE = "_streamlit_user"


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with providing(PEOPLE) as one:
        yield one


@pytest.fixture(scope="module")
def server(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which people may sign in."""
    folder = tmp_path_factory.mktemp("accounts")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text(provider.secrets_file())
    with serving(folder) as one:
        yield one


@pytest.fixture
def come(server: Server, browser: Browser) -> Iterator[object]:
    """New browsers, each with the page of a visitor."""
    contexts: list[BrowserContext] = []

    def one() -> Page:
        contexts.append(browser.new_context(base_url=server.url, locale="en-US"))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page

    yield one
    for context in contexts:
        context.close()


def sidebar(page: Page):
    return page.get_by_test_id("stSidebar")


def sign_in(page: Page, name: str) -> None:
    open_screen(page, "Start")
    sidebar(page).get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=name).click()
    expect(sidebar(page)).to_contain_text(f"Signed in as {name}")
    settle(page)


def test_two_people(come, server: Server, provider: IdentityProvider) -> None:
    page = come()
    sign_in(page, "Ada *Lovelace*")
    shoot(page, "signed-in")
