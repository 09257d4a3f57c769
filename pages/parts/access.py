"""Whether this visitor sits at the machine that serves the page: only then may any folder on it be opened."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from da_core.data.places import check_allowed
from da_core.experiment import DataSpec

_LOCAL = {"localhost", "127.0.0.1", "::1"}


def localhost_only() -> bool:
    """True if the server listens on localhost alone and the browser, too, believes to be talking to localhost.

    The second half refuses what a proxy on the same machine or a rebound name lets through.
    """
    asked = [st.context.headers.get("Host"), st.context.headers.get("Origin")]
    return st.get_option("server.address") in _LOCAL and all(_host(of) in _LOCAL for of in asked)


def check_places(spec: DataSpec) -> None:
    """Raise `UserError` where the data are files that this visitor may not open."""
    for place in filter(None, (spec.source, spec.target)):
        check_allowed(place, localhost_only=localhost_only())


def _host(of: str | None) -> str | None:
    return urlsplit(of if of and "//" in of else f"//{of or ''}").hostname
