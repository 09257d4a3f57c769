"""Keep each visitor's own list of uploads, which counts against their quota."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, DateTime, String, Table, and_, func, select

from da_core.data.readers import uploads
from da_core.errors import UserError
from da_core.jobs.database.run_database import METADATA, RunDatabase, upsert
from da_core.jobs.owners import EVERYONE, digest
from da_core.jobs.store import store
from da_core.settings import settings

log = logging.getLogger(__name__)

MEGABYTE = 2**20

_UPLOADS = Table(
    "uploads",
    METADATA,
    Column("owner", String(32), primary_key=True),
    Column("file", String(80), primary_key=True, index=True),
    Column("name", String(60), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("kept_at", DateTime, nullable=False),
)


@dataclass(frozen=True)
class KeptUpload:
    """A file that a visitor has uploaded, called as they call it; ``size`` in bytes."""

    file: str
    name: str
    size: int
    kept_at: datetime


class UploadList:
    """The lists of all visitors' uploads. Safe to use from many threads.

    Where the database does not answer, uploads are kept all the same, in nobody's list.
    """

    def __init__(self, database: Callable[[], RunDatabase]) -> None:
        self._database = database

    def keep(self, owner: str, name: str, size: int, keep: Callable[[], str]) -> str:
        """Keep a file of about ``size`` bytes by ``keep``, enter it into the owner's list and return its place.

        Raises `UserError` where the owner's uploads would take more than the settings allow, and what ``keep`` raises.
        """
        self._check_room(owner, name, size)
        place = keep()
        try:
            self._enter(owner, place)
        except UserError:
            log.warning("an upload is in nobody's list", exc_info=True)
        return place

    def listed(self, owner: str) -> list[KeptUpload]:
        """List the owner's uploads that are still there, the newest first.

        Raises `UserError` where the database or the storage is away, as the other methods do.
        """
        query = select(_UPLOADS).where(_UPLOADS.c.owner == digest(owner)).order_by(_UPLOADS.c.kept_at.desc())
        with self._database().begin() as connection:
            rows = connection.execute(query).all()
        found = [KeptUpload(row.file, row.name, row.size, row.kept_at.replace(tzinfo=UTC)) for row in rows]
        return [one for one in found if uploads.has_upload(one.file)]

    def remove(self, owner: str, file: str) -> None:
        """Take an upload out of the owner's list, and delete it where it is in no other."""
        own_uploads = and_(_UPLOADS.c.owner == digest(owner), _UPLOADS.c.file == file)
        with self._database().begin() as connection:
            if not connection.execute(_UPLOADS.delete().where(own_uploads)).rowcount:
                return
            if not connection.scalar(select(func.count()).where(_UPLOADS.c.file == file)):
                uploads.delete_upload(file)

    def sweep(self) -> None:
        """Delete what nobody has used for as long as the settings say."""
        gone = uploads.delete_unused(settings().upload_days)
        if gone:
            log.info("%d uploads are deleted: nobody has used them for long", len(gone))
            with self._database().begin() as connection:
                connection.execute(_UPLOADS.delete().where(_UPLOADS.c.file.in_(gone)))

    def _check_room(self, owner: str, name: str, size: int) -> None:
        if owner == EVERYONE:  # who has the machine to themselves
            return
        try:
            used = sum(one.size for one in self.listed(owner))
        except UserError:
            log.warning("uploads are not counted just now", exc_info=True)
            return
        most = settings().uploads_each_megabytes
        if used + size > most * MEGABYTE:
            raise UserError(
                "Your uploads take {used} of the {most} MB that are yours, and “{name}” has {size} MB; remove one "
                "under “Your uploads”, which “Everything” opens on the screen Data.",
                used=_megabytes(used),
                most=most,
                name=name,
                size=_megabytes(size),
            )

    def _enter(self, owner: str, place: str) -> None:
        path = uploads.resolve_place(place)
        values = {
            "name": uploads.place_name(place),
            "size": path.stat().st_size,
            "kept_at": datetime.now(UTC).replace(tzinfo=None),
        }
        with self._database().begin() as connection:
            upsert(connection, _UPLOADS, {"owner": digest(owner), "file": path.name}, values)


def _megabytes(size: int) -> float:
    return round(size / MEGABYTE, 1)


@functools.cache
def upload_list() -> UploadList:
    """Return the lists of uploads of this process."""
    return UploadList(lambda: store().database)
