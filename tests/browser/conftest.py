"""A server, a Chromium, and visitors who must not be sent elsewhere nor meet an error in the console."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.support import chromium, screen
from tests.support.server import Server, serving

PATIENCE_MS = 120_000

WIDE = (1280, 900)


_failed = pytest.StashKey[bool]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two processes share the browser tests, every second file each, with a server and a Chromium of their own.

    Alone one comes to them last, because they are slow; of several processes each has its half early, because
    together they take longest (pytest-xdist begins with the largest groups). A page moves while it finds its place,
    longer on a busy machine: a test of it fails when it fails twice, and a second try is named in the summary.
    """
    here = Path(__file__).parent
    files = sorted({item.path for item in items if here in item.path.parents})
    for item in items:
        if item.path in files:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group(f"browser {files.index(item.path) % 2}"))
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: item.path in files)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


@pytest.fixture(scope="package")  # while Playwright runs, its event loop is in the way of other tests
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    screen.SCREENSHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        found = chromium.launch(playwright)
        yield found
        found.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that tests share."""
    with serving(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server that nobody has asked for anything yet."""
    with serving(tmp_path) as one:
        yield one


class Watched:
    """A browser context, and what went wrong or left the house in it."""

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.context, self.home = context, home
        self.trouble: list[str] = []
        context.on("request", lambda request: self._left(request.url))
        context.on("console", self._said)
        context.on("weberror", lambda error: self.trouble.append(f"page error: {error.error}"))

    def page(self) -> Page:
        """Open a page for a new visitor: nothing is left of the last one but what the browser has loaded."""
        page = self.context.new_page()
        self.context.clear_cookies()
        kept = {"origin": self.home, "storageTypes": "local_storage,indexeddb"}
        self.context.new_cdp_session(page).send("Storage.clearDataForOrigin", kept)
        page.on("websocket", lambda socket: self._left(socket.url))
        page.set_default_timeout(PATIENCE_MS)
        return page

    def leave(self) -> list[str]:
        """Close the visitor's pages, and return what went wrong."""
        for page in self.context.pages:
            page.close()
        trouble, self.trouble = self.trouble, []
        return trouble

    def _left(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in ("data", "blob") and address.netloc != urlsplit(self.home).netloc:
            self.trouble.append(f"outside request: {url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.trouble.append(f"console: {message.text} ({message.location.get('url')})")


@pytest.fixture(scope="package")
def contexts() -> defaultdict[str, list[Watched]]:
    """Browser contexts that no visitor uses, by their settings: the app's scripts are loaded into each once."""
    return defaultdict(list)


@pytest.fixture
def visitor(
    request: pytest.FixtureRequest, browser: Browser, contexts: defaultdict[str, list[Watched]]
) -> Iterator[screen.Visitor]:
    """Make a new visitor with ``visitor(server, locale=…, dark=…, size=(width, height))``; it gives a blank page.

    At the end of the test no visitor may have asked another host for anything nor have an error in the console.
    """
    visitors: list[tuple[str, Watched]] = []

    def come(server: Server, *, locale: str = "en-US", dark: bool = False, size: tuple[int, int] = WIDE) -> Page:
        settings = f"{server.url} {locale} {dark} {size}"
        if not contexts[settings]:
            context = browser.new_context(
                base_url=server.url,
                locale=locale,
                color_scheme="dark" if dark else "light",
                viewport={"width": size[0], "height": size[1]},
                has_touch=size[0] < 500,
            )
            contexts[settings].append(Watched(context, server.url))
        visitors.append((settings, contexts[settings].pop()))
        return visitors[-1][1].page()

    yield come
    trouble: list[str] = []
    for number, (settings, one) in enumerate(visitors):
        if request.node.stash.get(_failed, False):
            for page in one.context.pages:
                page.screenshot(path=screen.SCREENSHOTS / f"failed-{request.node.name}-{number}.png")
        trouble += one.leave()
        contexts[settings].append(one)
    assert trouble == []


@pytest.fixture
def page(visitor: screen.Visitor, server: Server) -> Page:
    """A visitor with nothing special about them."""
    return visitor(server)


@pytest.fixture(scope="package")
def finished_run(browser: Browser, server: Server) -> dict[str, str]:
    """The query of a link to a small finished run, made by a visitor who has left."""
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    screen.start(page, **screen.SMALL, seed="100")
    screen.finished(page)
    query = dict(parse_qsl(urlsplit(page.url).query))
    context.close()
    return query
