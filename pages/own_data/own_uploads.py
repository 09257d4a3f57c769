"""Keep the visitor's uploads, and list them with buttons to remove them."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO

import streamlit as st

from da_core.data.readers import uploads
from da_core.errors import UserError
from da_core.jobs.owners import EVERYONE
from da_core.settings import settings
from pages.session import access, keys, state
from pages.session.words import _, explain, moment, number, safe


def keep(name: str, data: bytes | BinaryIO) -> str:
    """Keep a file as the visitor's upload and return its place. Raises `UserError` where it cannot be kept."""
    from da_core.jobs.upload_list import upload_list  # SQLAlchemy comes with it

    stream = BytesIO(data) if isinstance(data, bytes) else data
    return upload_list().keep(access.list_owner(), name, _size(stream), lambda: uploads.keep_upload(name, stream))


def keep_folder(name: str, files: Sequence[tuple[str, BinaryIO]]) -> str:
    """Keep the files of a folder as one upload of the visitor's; see `keep`."""
    from da_core.jobs.upload_list import upload_list

    size = sum(_size(stream) for _path, stream in files)
    return upload_list().keep(access.list_owner(), name, size, lambda: uploads.keep_folder(name, files))


def section() -> None:
    """Draw the list, for who wants to see everything and has uploaded something."""
    from da_core.jobs.upload_list import MEGABYTE, upload_list

    if not state.shows_everything():
        return
    try:
        uploads = upload_list().listed(access.list_owner())
    except UserError as error:
        st.caption(explain(error))
        return
    if not uploads:
        return
    used = number(round(sum(upload.size for upload in uploads) / MEGABYTE, 1))
    days = number(round(settings().upload_days))
    when = _("Uploads are deleted after {days} days without use, or at once if you remove them.", days=days)
    with st.expander(_("Your uploads")), st.container(key=keys.RUNS_LIST, gap=None):
        st.caption(when)
        if access.list_owner() == EVERYONE:
            st.caption(_("They take {used} MB.", used=used))
        else:
            most = number(settings().uploads_each_megabytes)
            st.caption(_("They take {used} of your {most} MB.", used=used, most=most))
        for upload in uploads:
            with st.container(key=keys.run_row(upload.file), horizontal=True, vertical_alignment="center"):
                size = _("{size} MB", size=number(round(upload.size / MEGABYTE, 1)))
                st.markdown(f"{safe(upload.name)} :gray[{size} · {moment(upload.kept_at)}]")
                st.button(_("Remove"), key=keys.remove_upload(upload.file), on_click=_remove, args=(upload.file,))


def _remove(file: str) -> None:
    from da_core.jobs.upload_list import upload_list

    with state.reporting():
        upload_list().remove(access.list_owner(), file)


def _size(stream: BinaryIO) -> int:
    size = stream.seek(0, 2)
    stream.seek(0)
    return size
