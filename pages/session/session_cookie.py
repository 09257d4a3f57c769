"""The session cookie: the random name by which a browser's visitor is known here. Nobody's person is behind it."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import Response

NAME = "da_lab_owner"
LIFETIME = 365 * 24 * 3600
"""Seconds: a year."""


def give(request: Request, response: Response, path: str) -> None:
    """Set the cookie below ``path`` where the browser has none; no script of a page can read it."""
    if NAME not in request.cookies:
        response.set_cookie(
            NAME,
            secrets.token_urlsafe(24),
            max_age=LIFETIME,
            path=path,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
