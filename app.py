"""The server's entry: what starts and stops with it, routes and headers. The screens begin in ``pages/frame.py``.

streamlit run app.py
"""

from __future__ import annotations

import functools
import json
import logging
import re
import secrets
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from da_core.errors import UserError
from da_core.i18n import LANGUAGES, Language
from da_core.settings import settings
from da_core.system import freed_memory
from da_core.system.open_files import allow_many
from da_core.system.structured_logs import about_run
from da_core.teaching.course.terms import glossary
from pages.hall import room_routes
from pages.learn.film_route import film
from pages.operations import server_log
from pages.operations.metrics_route import metrics
from pages.operations.readiness import ready
from pages.samples.shown_samples import sound
from pages.session import session_cookie, state
from pages.session.origin import OwnPages, base_path
from pages.session.words import _, explain, negotiated
from pages.shell.navigation import SCREENS
from pages.shell.scripts import as_script, bundle
from pages.shell.theme import style_sheet

log = logging.getLogger("da_lab")

WARM_UP_AFTER = 5.0
"""Seconds that a new server leaves to its first page, before the heavy imports share the processor with it."""

SWEEP_EVERY = 3600.0
"""Seconds between two looks for uploads that nobody uses any more."""


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Let many connect, and warm up in the background while the server runs; at its end close the queue."""
    allow_many()
    freed_memory.share()
    server_log.set_up()
    stopping = threading.Event()
    threading.Thread(target=warm_up, args=(stopping,), name="warm-up", daemon=True).start()
    threading.Thread(target=sweep, args=(stopping,), name="sweep", daemon=True).start()
    yield
    stopping.set()
    if "da_core.jobs.queue" in sys.modules:
        from da_core.jobs.queue import queue

        queue().close()
    if "da_core.teaching.films.film_cache" in sys.modules:
        from da_core.teaching.films.film_cache import film_cache

        film_cache().close()


def warm_up(stopping: threading.Event) -> None:
    """Load the first page's example while the browser loads its scripts, and later what runs need, before one waits."""
    import pandas  # noqa: F401  # Streamlit needs it for the first page's picture

    from da_core.teaching import showcase

    with suppress(UserError, OSError):  # the first page shows it
        showcase.read(showcase.FOLDER)
    if stopping.wait(WARM_UP_AFTER):
        return
    from da_core.data.loading.cache import load_pair
    from da_core.experiment import DataSpec

    load_pair(DataSpec())  # what “Try day → night” needs first; on a new machine it is drawn for seconds
    import da_core.run  # noqa: F401  # torch, the methods and the networks come with it
    import pages.charts.curves  # noqa: F401  # the live charts
    from da_core.evaluation import umap_and_pca
    from da_core.jobs.queue import queue
    from da_core.jobs.store import store
    from da_core.teaching.films import film_cache
    from da_core.training import loop

    with suppress(UserError):  # shown where the list is asked for
        _ = store().database
    queue().recover()  # what a server before this one left goes on, though nobody looks yet
    for warm in (loop.warm_up, film_cache.warm_up, umap_and_pca.warm_up):
        if not stopping.is_set():
            warm()


def sweep(stopping: threading.Event) -> None:
    """Delete, now and then, the uploads that nobody has used for long."""
    while not stopping.wait(SWEEP_EVERY):
        from da_core.jobs.upload_list import upload_list

        try:
            upload_list().sweep()
        except (UserError, OSError):
            log.warning("old uploads stay for now", exc_info=True)


def show_error(error: Exception) -> bool:
    """Show one sentence in the reader's language; the trace goes to the log, under the number in the sentence."""
    if isinstance(error, UserError):
        st.error(explain(error))
        return True
    number = secrets.token_hex(4)
    with about_run(state.run_id() or ""):
        log.error("error %s on a page", number, exc_info=error)
    st.error(
        _(
            "Something went wrong on this page. Reload it; if that does not help, give the administrator the number "
            "{number}.",
            number=number,
        )
    )
    return True


STREAMLITS_OWN = (
    "Skip to main content",
    "Help for {name}",
    "Increment",
    "Decrement",
    "Fullscreen",
    "Close fullscreen",
    "Close",
    "Copy to clipboard",
    "Clear value",
    "Clear all",
    "Open",
    "Sidebar",
    "Notifications",
    "Remove {name}",
    "Cancel upload of {name}",
    "Upload {name}",
    "Add files",
    "Error: ",
    "No results",
    "Scroll tabs left",
    "Scroll tabs right",
)
"""What Streamlit says of itself, most of it to screen readers, in English only."""

TEXTS = {
    "File must be {} or smaller.": "This file is larger than {name}; choose a smaller one.",
    "Unexpected error. Please try again.": "The upload failed; try again.",
    "Click to retry upload": "The upload failed; press to try again.",
}
"""What Streamlit answers to a file that it does not take, and what is said instead; {} is the limit."""


@functools.cache
def page_script() -> str:
    """Write the script of every screen (``assets/page.js``), with what it translates and the glossary."""
    languages = [Language(code) for code in LANGUAGES]
    messages = {own: own for own in STREAMLITS_OWN} | {own.format("{name}"): ours for own, ours in TEXTS.items()}
    phrases = [
        {"streamlit": own, **{each.code: each.translate(message) for each in languages}}
        for own, message in messages.items()
    ]
    terms = glossary().items()
    links = {
        "terms": {code: {name: term.forms(code) for name, term in terms} for code in LANGUAGES},
        "meanings": {code: {name: term.means.text(code) for name, term in terms} for code in LANGUAGES},
        "titles": {each.code: each.translate("Terms on this screen:") for each in languages},
        "more": {each.code: each.translate("More in the glossary →") for each in languages},
    }
    texts = as_script({"phrases": phrases, "glossary": links})
    return (
        f'<script id="lab-page" type="application/json">{texts}</script>\n'
        f'    <script type="module">{bundle("page.js")}</script>'
    )


SIGNED_IN = "/oauth2callback"
"""Where Streamlit is told by a provider who signed in."""


class UnknownPages:
    """Middleware that answers an address without a screen by the first screen, which says so.

    Streamlit's own answer is in English only.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.known = {base_path() + address for address in (*_addresses(), "/ready", "/metrics", SIGNED_IN)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            path = scope["path"].removeprefix(base_path())
            is_page = re.fullmatch(r"/[^/.]+/?", path) and "text/html" in Request(scope).headers.get("accept", "")
            if is_page and base_path() + path.rstrip("/") not in self.known:
                query = urlencode({"missing": path.strip("/")})
                await RedirectResponse(f"{base_path()}/?{query}")(scope, receive, send)
                return
        await self.app(scope, receive, send)


def document(request: Request) -> HTMLResponse:
    """Serve Streamlit's page with the address at which the app begins, the language, and a cookie for the visitor.

    Without the address it asks each folder of a deep link whether the server is there, and logs the failures.
    """
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    start = f"window.location.origin + {json.dumps(base_path() + '/')}"
    script = f"<script>window.__streamlit = {{BACKEND_BASE_URL: {start}, MAIN_PAGE_BASE_URL: {start}}}</script>"
    head = f"<title>Domain Adaptation Lab</title>\n    {script}\n    {page_script()}"
    page = page.replace("<title>Streamlit</title>", head)
    page = page.replace("</body>", f"  <style>{style_sheet()}</style>\n  </body>")  # after Streamlit's own
    chosen = request.query_params.get("lang", "")
    language = chosen if chosen in LANGUAGES else negotiated(request.headers.get("Accept-Language", ""))
    embedded = ' class="lab-embedded"' if request.query_params.get("embed") == "1" else ""
    page = page.replace('<html lang="en">', f'<html lang="{language}"{embedded}>')
    response = HTMLResponse(page, headers={"Cache-Control": "no-cache"})
    session_cookie.give(request, response, base_path() or "/")
    return response


class Headers:
    """Middleware that sets security headers. Streamlit needs inline styles, our elements and vega scripts as blobs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        policy = {
            "default-src": "'self'",
            "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
            "style-src": "'self' 'unsafe-inline'",
            "img-src": "'self' data: blob:",
            "font-src": "'self' data:",
            "worker-src": "'self' blob:",
            "connect-src": "'self' ws: wss: blob: data:",
            "object-src": "'none'",
            "base-uri": "'self'",
            "form-action": "'self'",
            "frame-ancestors": settings().frame_ancestors,
        }
        self.headers = {
            "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _addresses() -> list[str]:
    return ["/", *(f"/{Path(screen.path).stem}" for step, screen in SCREENS.items() if step != "home")]


app = st.App(
    "pages/frame.py",
    lifespan=lifespan,
    on_script_error=show_error,
    routes=[
        *(Route(base_path() + address, document) for address in _addresses()),
        Route(base_path() + "/sound/{run}/{sample:int}.wav", sound),
        Route(base_path() + "/film", film),
        Route(base_path() + "/ready", ready),
        Route(base_path() + "/metrics", metrics),
        *room_routes.routes(),
    ],
    middleware=[
        Middleware(Headers),
        Middleware(OwnPages),
        Middleware(UnknownPages),
    ],  # the outer first: what is refused has headers, too
)

# Streamlit puts the folder of its script first in the path for each page of each visitor, and takes it out again,
# unless it is there already. An import in a run's thread that walks along the path at that moment would miss the next
# entry.
if (folder := str(Path(__file__).resolve().parent / "pages")) not in sys.path:
    sys.path.append(folder)
