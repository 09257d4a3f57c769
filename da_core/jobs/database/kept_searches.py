"""Each visitor's last search in the database of runs: what it looks for, what it has tried, and how it stands."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import ValidationError
from sqlalchemy import JSON, Column, String, Table, select

from da_core.jobs.database.run_database import METADATA, RunDatabase
from da_core.jobs.owners import digest
from da_core.search import Search, Tried

log = logging.getLogger(__name__)

SearchState = Literal["running", "done", "paused", "stopped", "failed"]

_SEARCHES = Table(
    "searches",
    METADATA,
    Column("owner", String(32), primary_key=True),
    Column("search", JSON, nullable=False),
    Column("tried", JSON, nullable=False),
    Column("state", String(10), nullable=False),
)


@dataclass(frozen=True)
class KeptSearch:
    """A search as it was when it was last written down."""

    search: Search
    tried: tuple[Tried, ...]
    state: SearchState


def keep_search(database: RunDatabase, owner: str, search: Search, tried: Sequence[Tried], state: SearchState) -> None:
    """Write a search down as the visitor's last one, in place of the one before. Raises `UnreachableError`."""
    values = {
        "owner": digest(owner),
        "search": search.model_dump(mode="json"),
        "tried": [one.model_dump(mode="json") for one in tried],
        "state": state,
    }
    with database.begin() as connection:
        connection.execute(_SEARCHES.delete().where(_SEARCHES.c.owner == values["owner"]))
        connection.execute(_SEARCHES.insert().values(**values))


def last_search(database: RunDatabase, owner: str) -> KeptSearch | None:
    """Return the visitor's last search; None if there is none, or it is of a version that knew other settings.

    Raises `UnreachableError`.
    """
    with database.begin() as connection:
        row = connection.execute(select(_SEARCHES).where(_SEARCHES.c.owner == digest(owner))).one_or_none()
    if row is None:
        return None
    from da_core.methods import methods  # torch comes with it

    try:
        tried = tuple(Tried.model_validate(one) for one in row.tried)
        state: SearchState = row.state if row.state in get_args(SearchState) else "stopped"
        search = Search.model_validate(row.search)
        for one in tried:
            methods()[one.method.name].Params(**one.method.params)
        return KeptSearch(search, tried, state) if methods().keys() >= set(search.methods) else None
    except (ValidationError, KeyError):
        log.warning("a search is left out", exc_info=True)
        return None
