"""The session cookie: the random name by which a browser's visitor is known here. Nobody's person is behind it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

NAME = "da_lab_owner"
LIFETIME = 365 * 24 * 3600
"""Seconds: a year."""
_VALUE = re.compile(r"[\w-]{1,64}", re.ASCII)


def read(cookies: Mapping[str, str]) -> str | None:
    """Return the visitor's name; None where there is none, or one that `give` cannot have given."""
    value = cookies.get(NAME)
    return value if isinstance(value, str) and _VALUE.fullmatch(value) else None  # AppTest has a mock there


def give(request: Request, response: Response, path: str) -> None:
    """Set the cookie below ``path`` where the browser has none; no script of a page can read it.

    It is for https alone where the request came so, also to a proxy that uvicorn trusts: one on this machine, or those
    that ``FORWARDED_ALLOW_IPS`` names.
    """
    if read(request.cookies) is None:
        response.set_cookie(
            NAME,
            secrets.token_urlsafe(24),
            max_age=LIFETIME,
            path=path,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
