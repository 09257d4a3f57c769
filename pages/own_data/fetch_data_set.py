"""Getting a known set: what it is, a button, and a bar while a thread of the server's downloads it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import closing
from urllib.parse import urlsplit

import streamlit as st

from da_core.data.download import MissingError, Remote, fetch
from da_core.errors import UserError
from da_core.settings import settings
from pages.session.words import _, explain, number, safe

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5


class Download:
    """One download in a thread of its own, for whoever looks; to stop it keeps what has come."""

    def __init__(self, remotes: Sequence[Remote]) -> None:
        self.share = 0.0
        self.error: UserError | None = None
        self._remotes = remotes
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="download", daemon=True)
        self._thread.start()

    @property
    def going(self) -> bool:
        return self._thread.is_alive() and not self._stopped.is_set()

    def stop(self) -> None:
        self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Return when the thread has ended, or after so many seconds."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            with closing(fetch(self._remotes)) as shares:
                for self.share in shares:
                    if self._stopped.is_set():
                        break
        except UserError as error:
            self.error = error
        except Exception:
            log.exception("a download failed")
            self.error = UserError("The download failed; the server's log says why.")


class Downloads:
    """This server's downloads, by the files they bring."""

    def __init__(self) -> None:
        self._known: dict[tuple[Remote, ...], Download] = {}
        self._lock = threading.Lock()

    def of(self, remotes: tuple[Remote, ...]) -> Download | None:
        return self._known.get(remotes)

    def start(self, remotes: tuple[Remote, ...]) -> None:
        """Begin, or go on where an earlier attempt ended; nothing where it is going already."""
        with self._lock:
            known = self._known.get(remotes)
            if known is None or not known.going:
                self._known[remotes] = Download(remotes)


@st.cache_resource
def downloads() -> Downloads:
    return Downloads()


def offer(lacking: MissingError) -> None:
    """Say what has to be downloaded, and do so when asked."""
    found = downloads().of(lacking.remotes)
    going = found is not None and found.going
    with st.container(border=True):
        if going:
            st.fragment(_watch, run_every=_POLL_SECONDS)(lacking)
            return
        if found is not None and found.error is not None:
            st.error(explain(found.error))
        size = number(sum(remote.size for remote in lacking.remotes) / 2**20, 1)
        hosts = ", ".join(dict.fromkeys(urlsplit(remote.urls[0]).netloc for remote in lacking.remotes))
        if settings().downloads:
            st.markdown(_("**This set is downloaded once**, {size} MB from {hosts}.", size=size, hosts=safe(hosts)))
            st.button(_("Download"), type="primary", on_click=downloads().start, args=(lacking.remotes,))
        st.caption(
            _(
                "Where it cannot be downloaded, put {files} into {folder} on the server.",
                files=safe(", ".join(remote.name for remote in lacking.remotes)),
                folder=safe(", ".join(dict.fromkeys(str(remote.path.parent) for remote in lacking.remotes))),
            )
        )


def _watch(lacking: MissingError) -> None:
    found = downloads().of(lacking.remotes)
    if found is None or not found.going:
        st.rerun()
    size = sum(remote.size for remote in lacking.remotes) / 2**20
    st.progress(
        found.share,
        _("Downloading: {here} of {size} MB.", here=number(found.share * size, 1), size=number(size, 1)),
    )
    if st.button(_("Stop")):
        found.stop()
        st.rerun()
