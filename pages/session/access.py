"""Whether this visitor sits at the machine that serves the page: only then may any folder on it be opened."""

from __future__ import annotations

import streamlit as st

from da_core.data.readers.uploads import check_allowed
from da_core.experiment import DataSpec
from pages.session import origin


def localhost_only() -> bool:
    """True if the server listens on localhost alone, goes by its names only, and the page, too, is localhost's.

    A server with another name has a proxy before it, and what a stranger sends through that may say anything. Of the
    page, host and port count: whatever else listens on this machine is not this app. A browser always sends an Origin
    to a websocket, so who sends none is no browser.
    """
    asked = st.context.headers
    return (
        st.get_option("server.address") in origin.LOCAL
        and origin.LOCAL.issuperset(origin.names())
        and origin.is_local(asked.get("Host"))
        and origin.is_own(asked.get("Origin"), asked.get("Host"))
    )


def check_places(spec: DataSpec) -> None:
    """Raise `UserError` where the data are files that this visitor may not open."""
    for place in filter(None, (spec.source, spec.target)):
        check_allowed(place, localhost_only=localhost_only())
