"""Download a public data set: what it is, a button, and a bar while a thread of the server gets it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from urllib.parse import urlsplit

import streamlit as st

from da_core.data.download import MissingError, Remote, fetch
from da_core.errors import UserError
from da_core.settings import settings
from pages.session.polling import follow
from pages.session.words import _, explain, listing, number, safe

log = logging.getLogger(__name__)


class Download:
    """A download in a thread of its own, which any visitor may watch; when it is stopped, what has come stays."""

    def __init__(self, remotes: Sequence[Remote]) -> None:
        self.share = 0.0
        self.error: UserError | None = None
        self._remotes = remotes
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="download", daemon=True)
        self._thread.start()

    @property
    def going(self) -> bool:
        """Check that it has neither ended nor been stopped."""
        return self._thread.is_alive() and not self._stopped.is_set()

    def stop(self) -> None:
        """End it after the block of bytes that is on its way."""
        self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Wait until the thread has ended, or for ``seconds``."""
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


downloads: dict[tuple[Remote, ...], Download] = {}
"""The server's downloads, by the files that they get."""
_lock = threading.Lock()


def start(remotes: tuple[Remote, ...]) -> None:
    """Begin a download, or go on where an earlier attempt ended; do nothing where it is going already."""
    with _lock:
        known = downloads.get(remotes)
        if known is None or not known.going:
            downloads[remotes] = Download(remotes)


def offer(lacking: MissingError) -> None:
    """Say what has to be downloaded, and download it when the visitor asks for it."""
    download = downloads.get(lacking.remotes)
    with st.container(border=True):
        if download is not None and download.going:
            read, draw = partial(downloads.get, lacking.remotes), partial(_draw_progress, lacking)
            follow(read, lambda download: not download.going, draw, was_over=False)
            return
        if download is not None and download.error is not None:
            st.error(explain(download.error))
        size = number(sum(remote.size for remote in lacking.remotes) / 2**20, 1)
        hosts = listing(dict.fromkeys(urlsplit(remote.urls[0]).netloc for remote in lacking.remotes))
        if settings().downloads:
            st.markdown(_("**This set is downloaded once**, {size} MB from {hosts}.", size=size, hosts=safe(hosts)))
            st.button(_("Download"), type="primary", on_click=start, args=(lacking.remotes,))
        st.caption(
            _(
                "If it cannot be downloaded, put {files} into {folder} on the server.",
                files=safe(listing(remote.name for remote in lacking.remotes)),
                folder=safe(listing(dict.fromkeys(str(remote.path.parent) for remote in lacking.remotes))),
            )
        )


def _draw_progress(lacking: MissingError, download: Download) -> None:
    size = sum(remote.size for remote in lacking.remotes) / 2**20
    st.progress(
        download.share,
        _("Downloading: {here} of {size} MB.", here=number(download.share * size, 1), size=number(size, 1)),
    )
    if st.button(_("Stop")):
        download.stop()
        st.rerun()
