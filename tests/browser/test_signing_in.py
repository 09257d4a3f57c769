"""Signing in, with a real provider of identities: whose runs are whose, and what is told to nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from pages.session import session_cookie
from tests.browser.conftest import PATIENCE_MS
from tests.support.identity_provider import CLIENT_SECRET, IdentityProvider, providing
from tests.support.screen import finished, go, main, open_screen, settle, start
from tests.support.server import Server, serving

ADA, BO = "Ada *Lovelace*", "Bo"
PEOPLE: dict[str, dict[str, Any]] = {
    "a-1": {"name": ADA, "email": "Ada@lab.example", "email_verified": True},
    "b-2": {"name": BO, "email": "bo@lab.example"},
}
QUICK = {"data": "moons", "network": "identity", "method": "coral", "training.epochs": "1", "device": "cpu"}
SIGNED = "_streamlit_user"
"""Streamlit's cookie of who has signed in."""
Come = Callable[[], Page]


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
def come(server: Server, browser: Browser) -> Iterator[Come]:
    """Have a new visitor come, with a browser of their own."""
    contexts: list[BrowserContext] = []

    def one() -> Page:
        contexts.append(browser.new_context(base_url=server.url, locale="en-US"))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page

    yield one
    for context in contexts:
        context.close()


def sidebar(page: Page) -> Locator:
    return page.get_by_test_id("stSidebar")


def sign_in(page: Page, name: str) -> None:
    """Sign in from the screen that is open."""
    sidebar(page).get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=name).click()
    expect(sidebar(page)).to_contain_text(f"Signed in as {name}.")
    settle(page)


def listed(page: Page) -> Locator:
    """The rows of the visitor's own list."""
    go(page, "Runs")
    return page.locator('[class*="st-key-lab-open-"]')


def cookies(page: Page) -> dict[str, Any]:
    return {str(cookie["name"]): cookie for cookie in page.context.cookies()}


def test_runs_belong_to_who_signed_in_and_nobody_is_told_a_secret(
    come: Come, server: Server, provider: IdentityProvider
) -> None:
    ada = come()
    start(ada, **QUICK)
    finished(ada)
    link = ada.url
    sign_in(ada, ADA)
    assert ada.url == link, "she is where she was"
    expect(listed(ada)).to_have_count(0)
    expect(main(ada)).to_contain_text("Runs of this browser from before you signed in: 1.")
    ada.get_by_role("button", name="Add them to my list").click()
    expect(listed(ada)).to_have_count(1)

    bo = come()
    open_screen(bo, "Start")
    sign_in(bo, BO)
    expect(listed(bo)).to_have_count(0)
    bo.goto(link)
    settle(bo)
    expect(main(bo)).to_contain_text("See what moved")  # by its link anybody sees it

    told = [ada.url, bo.url, ada.content(), bo.content(), server.log.read_text(errors="replace")]
    signed = [cookies(page)[SIGNED]["value"] for page in (ada, bo)]
    browsers = [cookies(page)[session_cookie.NAME]["value"] for page in (ada, bo)]
    secrets = [*signed, *browsers, *provider.given_out, CLIENT_SECRET, provider.cookie_secret]
    assert not [secret for secret in secrets for text in told if secret in unquote(text)]

    sidebar(ada).get_by_role("button", name="Sign out").click()
    expect(sidebar(ada).get_by_role("button", name="Sign in")).to_be_visible()
    settle(ada)
    expect(listed(ada)).to_have_count(0)
    assert SIGNED not in cookies(ada)


def test_a_cookie_that_was_changed_signs_nobody_in(come: Come) -> None:
    page = come()
    open_screen(page, "Start")
    sign_in(page, BO)
    cookie: Any = cookies(page)[SIGNED]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    body, _dot, rest = cookie["value"].partition(".")
    changed = body[:-2] + ("AA" if body[-2:] != "AA" else "BB")
    page.context.add_cookies([cookie | {"value": f"{changed}.{rest}"}])
    page.reload()
    settle(page)
    expect(sidebar(page).get_by_role("button", name="Sign in")).to_be_visible()
    expect(sidebar(page)).not_to_contain_text("Signed in")
