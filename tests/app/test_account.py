"""Who a visitor is: the person who signed in, else the browser's cookie, and never what a cookie merely says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message
from streamlit import auth_util
from streamlit.web.server import server_util
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import app
from da_core.jobs.store import store
from pages.session import access, account, session_cookie
from tests.support.lab import Lab, button, texts

ADA = {"is_logged_in": True, "iss": "https://id.example", "sub": "a-1", "name": "Ada"}
HOME = "https://lab.example"


def session(monkeypatch: pytest.MonkeyPatch, user: Mapping[str, Any], cookie: str = "abc") -> str:
    """The name of a visitor whose session has this user and whose browser this cookie."""
    monkeypatch.setattr(st, "user", user)
    monkeypatch.setattr(st, "context", SimpleNamespace(cookies={session_cookie.NAME: cookie}))
    return account.owner()


def test_a_person_is_told_apart_by_provider_and_subject_and_by_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = session(monkeypatch, ADA)
    assert session(monkeypatch, {**ADA, "name": "Bo", "email": "bo@lab.example"}, cookie="other") == ada
    assert session(monkeypatch, {**ADA, "sub": "a-2"}) != ada
    assert session(monkeypatch, {**ADA, "iss": "https://evil.example"}) != ada
    assert "a-1" not in ada
    for nobody in ({}, {**ADA, "is_logged_in": False}, {**ADA, "sub": ""}, {**ADA, "iss": None}):
        assert session(monkeypatch, nobody) == "abc"


def test_a_cookie_that_says_a_persons_name_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = session(monkeypatch, ADA)
    for said in (ada, "", "a" * 65, "a b"):
        monkeypatch.setattr(st, "session_state", {})
        assert session(monkeypatch, {}, cookie=said) != said


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email": "Ada@lab.example", "email_verified": True}, "ada@lab.example"),
        ({"email": "ada@lab.example"}, None),
        ({"email": "ada@lab.example", "email_verified": "true"}, None),
        ({"email_verified": True}, None),
        ({"email": "ada@lab.example", "email_verified": True, "is_logged_in": False}, None),
    ],
)
def test_an_address_counts_where_the_provider_vouches_for_it(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], email: str | None
) -> None:
    session(monkeypatch, {**ADA, **claims})
    assert account.verified_email() == email


def test_where_people_sign_in_nobody_sits_at_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    at_home = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}
    monkeypatch.setattr(st, "context", SimpleNamespace(headers=at_home))
    monkeypatch.setattr(st, "get_option", {"server.address": "localhost", "server.allowedHosts": []}.__getitem__)
    assert access.localhost_only()
    monkeypatch.setattr(st, "user", {"is_logged_in": False})
    assert not access.localhost_only()


# Requests outside of a session, as those of the lecture hall ---------------------------------------------------------


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    """The secret with which a server signs, on which people may sign in."""
    section = {"redirect_uri": f"{HOME}/oauth2callback"}
    monkeypatch.setattr(auth_util, "get_secrets_auth_section", lambda: section)
    monkeypatch.setattr(server_util, "get_cookie_secret", lambda: "the secret of this server")
    return "the secret of this server"


def requested(**cookies: str) -> Request:
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return Request({"type": "http", "headers": [(b"cookie", header.encode())]})


def signed(secret: str, **claims: Any) -> str:
    return create_signed_value(secret, "_streamlit_user", json.dumps(claims)).decode()


def test_a_request_is_its_persons(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    cookies = {"_streamlit_user": signed(secret, **ADA, origin=HOME), session_cookie.NAME: "abc"}
    assert account.owner_of(requested(**cookies)) == session(monkeypatch, ADA)


@pytest.mark.parametrize(
    ("signer", "origin"),
    [("another secret", HOME), ("the secret of this server", "https://evil.example")],
)
def test_a_request_is_not_a_persons_whose_cookie_another_wrote(secret: str, signer: str, origin: str) -> None:
    cookies = {"_streamlit_user": signed(signer, **ADA, origin=origin), session_cookie.NAME: "abc"}
    assert account.owner_of(requested(**cookies)) == "abc"
    assert account.owner_of(requested(_streamlit_user="x.y.z")) == ""


# The cookie ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("peer", "secure"), [("127.0.0.1", True), ("192.0.2.7", False)])
def test_the_cookie_is_for_https_alone_where_a_trusted_proxy_says_so(peer: str, secure: bool) -> None:
    """As uvicorn does it for Streamlit: who is no trusted proxy may say what it wants."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/data",
        "query_string": b"",
        "client": (peer, 1),
        "headers": [(b"host", b"lab.example"), (b"x-forwarded-proto", b"https")],
    }
    trusting = uvicorn.Config(app.app).forwarded_allow_ips
    routed: Any = Starlette(routes=[Route("/data", app.document)])
    served: Any = ProxyHeadersMiddleware(routed, trusting)
    asyncio.run(served(scope, receive, send))
    assert ("Secure" in dict(sent[0]["headers"])[b"set-cookie"].decode()) == secure


def test_what_a_browser_did_before_its_user_signed_in_is_taken_along(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lab.finish()
    database = store().database
    database.rename(run, "one", "mine")
    database.count_progress("one", "chapter", "shifts", "read")
    monkeypatch.setattr(account, "browser", lambda: "one")
    monkeypatch.setattr(account, "signed_in_as", lambda: "Ada")
    lab.visitor = "person:ada"
    screen = lab.screen("runs", section="lab")
    assert "from before you signed in: 1" in texts(screen)
    button(screen, "Add them to my list").click().run()
    assert "from before" not in texts(screen)
    assert [kept.name for kept in database.listed("person:ada")] == ["mine"]
    assert database.progress("person:ada").times("chapter", "shifts", "read") == 1
    assert database.listed("one") == []
