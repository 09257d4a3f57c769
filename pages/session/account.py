"""Identify the visitor: by signing in, where the server offers that, else by the browser's cookie."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

import streamlit as st
from starlette.requests import Request

from pages.session import keys, session_cookie

_LONGEST_NAME = 40


def is_offered() -> bool:
    """Tell whether this server's operator has set up signing in: the section ``[auth]`` of Streamlit's secrets."""
    return "is_logged_in" in st.user


def providers() -> list[str]:
    """List the names of the providers to choose from: [“”] where there is only one, which needs none."""
    sections = {name: value for name, value in st.secrets["auth"].items() if isinstance(value, Mapping)}
    return [name for name, section in sections.items() if "client_id" in section] or [""]


def owner() -> str:
    """Return the name under which this visitor's runs are kept: the person, the cookie, or one for this session."""
    if (person := _person(st.user)) is not None:
        return person
    return browser() or str(st.session_state.setdefault(keys.OWNER, secrets.token_urlsafe(16)))


def browser() -> str | None:
    """Return the name in the browser's cookie, which stays when its user signs in and out; None without a cookie."""
    return session_cookie.read(st.context.cookies)


def signed_in_as() -> str | None:
    """Return what to call the person who signed in; None for a visitor who did not."""
    if _person(st.user) is None:
        return None
    name = st.user.get("name") or st.user.get("email") or ""
    return str(name)[:_LONGEST_NAME]


def verified_email() -> str | None:
    """Return the e-mail address, in lower case, that the provider vouches for as the signed-in person's; else None."""
    email = st.user.get("email")
    vouched = _person(st.user) is not None and st.user.get("email_verified") is True
    return email.lower() if vouched and isinstance(email, str) and email else None


def owner_of(request: Request) -> str:
    """Return what `owner` is in the sessions of the browser that sends a request; "" where it has no cookie."""
    return _person(_claims(request)) or session_cookie.read(request.cookies) or ""


def _person(claims: Mapping[str, Any]) -> str | None:
    """Name who signed in: a provider vouches for its own subjects alone. No cookie can say it, for its colon."""
    issuer, subject = claims.get("iss"), claims.get("sub")
    if claims.get("is_logged_in") is not True or not all(
        isinstance(claim, str) and claim for claim in (issuer, subject)
    ):
        return None
    return "person:" + hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()


def _claims(request: Request) -> Mapping[str, Any]:
    """Read what Streamlit has signed into its cookie, as it does itself for a session; empty for what is not its."""
    from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri, get_secrets_auth_section
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

    if USER_COOKIE_NAME not in request.cookies or not get_secrets_auth_section():  # it reads the secrets' file
        return {}
    secret = get_cookie_secret()
    signed = get_cookie_with_chunks(
        lambda name: decode_signed_value(secret, name, request.cookies.get(name, "")), USER_COOKIE_NAME
    )
    claims = json.loads(signed) if signed else {}
    is_ours = isinstance(claims, dict) and claims.get("origin") == get_origin_from_redirect_uri()
    return claims if is_ours else {}
