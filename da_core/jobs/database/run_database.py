"""Keep finished runs in a database, with each visitor's list, last works and progress.

SQLAlchemy takes a moment to import, so `da_core.jobs.store` imports this module only when it opens the database.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    cast,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError

from da_core.errors import UserError
from da_core.events import DomainScores, Result
from da_core.experiment import DataSpec, Experiment
from da_core.jobs.database.database_engine import check_file, open_engine, reached, reached_files
from da_core.jobs.database.opened_file import OpenedFile
from da_core.jobs.database.progress import CourseProgress, Kind, Outcome
from da_core.jobs.owners import EVERYONE, digest

log = logging.getLogger(__name__)

LONGEST_NAME, LONGEST_TAG, MOST_TAGS = 80, 30, 8
_LATEST = 50

METADATA = MetaData()
"""The tables as this version knows them; to change them, see `da_core.jobs.database.migrations`."""
_RUNS = Table(
    "runs",
    METADATA,
    Column("run_id", String(32), primary_key=True),
    Column("experiment_key", String(16), nullable=False, index=True),
    Column("pair", String(16), nullable=False, index=True),
    Column("method", String(100), nullable=False),
    Column("seed", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("source_only_accuracy", Float),  # on the target; none where it has no labels
    Column("adapted_accuracy", Float),
    Column("seconds", Float, nullable=False),
    Column("finished_at", DateTime, nullable=False, index=True),  # UTC, as all times here
    Column("experiment", JSON, nullable=False),
    Column("result", JSON, nullable=False),
)
_ENTRIES = Table(
    "entries",
    METADATA,
    Column("owner", String(32), primary_key=True),
    Column("run_id", ForeignKey(_RUNS.c.run_id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("name", String(LONGEST_NAME), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("deleted_at", DateTime),
)
WORKS = Table(
    "works",
    METADATA,
    Column("owner", String(32), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("work", JSON, nullable=False),
    Column("server", String(100), nullable=False),
    Column("heartbeat", Float, nullable=False),  # by the server's own clock: only its changes matter
)
_PROGRESS = Table(
    "progress",
    METADATA,
    Column("owner", String(32), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("outcome", String(20), primary_key=True),
    Column("times", Integer, nullable=False),
)


@dataclass(frozen=True)
class KeptRun:
    """A run in one visitor's list. ``before`` and ``after`` are accuracies on the target, as fractions."""

    run_id: str
    written: str
    """The experiment as JSON: of ten thousand runs in a list few are looked at, and reading takes longer than all."""
    pair: str
    """The same for the same `DataSpec`."""
    method: str
    seed: int
    before: float | None
    after: float | None
    seconds: float
    complete: bool
    finished_at: datetime
    name: str = ""
    tags: tuple[str, ...] = ()
    deleted_at: datetime | None = None
    """When the visitor put it into the bin; None while it is in the list."""

    @property
    def experiment(self) -> Experiment:
        """The run's experiment. Raises `UserError` for one of another version of this program; see `is_readable`."""
        return experiment_of(self.written)

    @property
    def is_readable(self) -> bool:
        """True if this version knows all settings of the run."""
        try:
            experiment_of(self.written)
        except UserError:
            log.warning("run %s is left out of a list", self.run_id, exc_info=True)
            return False
        return True

    @property
    def gain(self) -> float | None:
        """Accuracy gained by adapting; None where it was not scored."""
        return None if self.before is None or self.after is None else self.after - self.before


def pair_key(data: DataSpec) -> str:
    """Digest a domain pair's settings into a short name: the same for the same pair."""
    return hashlib.sha256(data.model_dump_json().encode()).hexdigest()[:16]


class RunDatabase:
    """The database of runs. Safe to use from many threads; every call is one short transaction.

    A visitor is any text, or `EVERYONE`; the database keeps a digest of it, since the text may be a cookie that
    identifies them. The name and tags that a visitor gives a run, and whether it is in the bin, belong to their own
    list, so nobody can change another's. Every method raises `UnreachableError` where the database cannot be reached.
    """

    def __init__(self, url: str) -> None:
        from da_core.jobs.database import migrations  # Alembic comes with it

        self.url = url
        self._engine = open_engine(url)
        with reached(self.url):
            migrations.upgrade(self._engine)
        self._file = OpenedFile(url)

    def has_its_file(self) -> bool:
        """Tell whether SQLite's file is still the one at its path; where not, `begin` refuses."""
        return self._file.is_there()

    def close(self) -> None:
        """Let go of the database, once its file has been deleted or replaced. Raises `UnreachableError`."""
        self._engine.dispose()
        with reached_files():
            self._file.remove_journal()

    def add(
        self, run_id: str, experiment: Experiment, result: Result, finished_at: datetime, owners: Iterable[str] = ()
    ) -> None:
        """Insert a run and put it into its owners' lists."""
        with self.begin() as connection:
            connection.execute(_RUNS.insert().values(**_facts(run_id, experiment, result, finished_at)))
            for owner in dict.fromkeys(owners):
                _enter(connection, run_id, owner, deleted_at=None)

    def run_ids(self, key: str | None = None) -> list[str]:
        """List all runs, or those of the experiment with this ``key`` that went to their end; the newest first."""
        query = select(_RUNS.c.run_id).order_by(_RUNS.c.finished_at.desc())
        if key is not None:
            query = query.where(_RUNS.c.experiment_key == key, _RUNS.c.complete)
        with self.begin() as connection:
            return list(connection.scalars(query))

    def has(self, run_id: str) -> bool:
        """Tell whether a run is listed."""
        with self.begin() as connection:
            return bool(connection.scalar(select(func.count()).where(_RUNS.c.run_id == run_id)))

    def durations(self, experiment: Experiment) -> list[tuple[Experiment, float]]:
        """List what the last runs of this pair and method took that went to their end, in seconds; the newest last."""
        alike = and_(_RUNS.c.pair == pair_key(experiment.data), _RUNS.c.method == experiment.method.name)
        query = select(cast(_RUNS.c.experiment, Text), _RUNS.c.seconds).where(alike, _RUNS.c.complete)
        with self.begin() as connection:
            rows = connection.execute(query.order_by(_RUNS.c.finished_at.desc()).limit(_LATEST)).all()
        known = []
        for text, seconds in reversed(rows):
            with contextlib.suppress(UserError):  # of another version of this program
                known.append((experiment_of(text), seconds))
        return known

    def forget(self, run_ids: Iterable[str]) -> None:
        """Delete runs from the database and from every list."""
        with self.begin() as connection:
            for run_id in run_ids:
                connection.execute(_ENTRIES.delete().where(_ENTRIES.c.run_id == run_id))
                connection.execute(_RUNS.delete().where(_RUNS.c.run_id == run_id))

    def expendable(self, kept: int, binned_before: datetime) -> list[str]:
        """List the runs to delete so that ``kept`` are left, and all that were put into the bin before that moment.

        First come those that are in the bin of everyone who has them, then those without a name or tag; of each the
        oldest.
        """
        with self.begin() as connection:
            runs = list(connection.scalars(select(_RUNS.c.run_id).order_by(_RUNS.c.finished_at)))
            entries: dict[str, list[Any]] = {}
            for entry in connection.execute(select(_ENTRIES)):
                entries.setdefault(entry.run_id, []).append(entry)
        binned = {run: when for run in runs if (when := _binned(entries.get(run, ()))) is not None}
        named = {run for run in runs if any(entry.name or entry.tags for entry in entries.get(run, ()))}
        runs.sort(key=lambda run: (run not in binned, run in named))  # stable: the oldest stay first
        too_many = max(len(runs) - kept, 0)
        before = binned_before.astimezone(UTC).replace(tzinfo=None)
        return [run for place, run in enumerate(runs) if place < too_many or binned.get(run, before) < before]

    # A visitor's own list ---------------------------------------------------------------------------------------------

    def listed(self, owner: str) -> list[KeptRun]:
        """List the visitor's runs, those in the bin too, the newest first."""
        own_entry = and_(_ENTRIES.c.run_id == _RUNS.c.run_id, _ENTRIES.c.owner == digest(owner))
        query = select(
            *(_RUNS.c[name] for name in ("run_id", "pair", "method", "seed", "seconds", "complete", "finished_at")),
            cast(_RUNS.c.experiment, Text).label("written"),
            _RUNS.c.source_only_accuracy.label("before"),
            _RUNS.c.adapted_accuracy.label("after"),
            *(_ENTRIES.c[name] for name in ("name", "tags", "deleted_at")),
        ).join_from(_RUNS, _ENTRIES, own_entry, isouter=owner == EVERYONE)
        with self.begin() as connection:
            rows = connection.execute(query.order_by(_RUNS.c.finished_at.desc())).all()
        return [_kept_run(row) for row in rows]

    def lists(self, run_id: str, owner: str) -> bool:
        """Tell whether a run is in the visitor's list: they have started it, or kept it there. Everyone has all."""
        of_one = and_(_ENTRIES.c.run_id == run_id, _ENTRIES.c.owner == digest(owner))
        own_entry = _RUNS.c.run_id == run_id if owner == EVERYONE else of_one
        with self.begin() as connection:
            return bool(connection.scalar(select(func.count()).where(own_entry)))

    def keep(self, run_id: str, owner: str) -> None:
        """Put a run into the visitor's list, or take it out of their bin. Raises `UserError` if there is none."""
        with self.begin() as connection:
            if not connection.scalar(select(func.count()).where(_RUNS.c.run_id == run_id)):
                raise UserError("There is no run {run} here any more; start it again.", run=run_id)
            _enter(connection, run_id, owner, deleted_at=None)

    def rename(self, run_id: str, owner: str, name: str) -> None:
        """Name a run in the visitor's list; an empty ``name`` takes the name away."""
        self._change([run_id], owner, name=_plain(name, LONGEST_NAME))

    def tag(self, run_id: str, owner: str, tags: Iterable[str]) -> None:
        """Set a run's tags in the visitor's list. Raises `UserError` for too many."""
        cleaned = list(dict.fromkeys(filter(None, (_plain(tag, LONGEST_TAG) for tag in tags))))
        if len(cleaned) > MOST_TAGS:
            raise UserError("A run takes at most {count} tags; remove one first.", count=MOST_TAGS)
        self._change([run_id], owner, tags=cleaned)

    def delete(self, run_ids: Iterable[str], owner: str) -> None:
        """Put runs into the visitor's bin."""
        self._change(run_ids, owner, deleted_at=datetime.now(UTC).replace(tzinfo=None))

    def restore(self, run_ids: Iterable[str], owner: str) -> None:
        """Take runs out of the visitor's bin."""
        self._change(run_ids, owner, deleted_at=None)

    def empty_bin(self, owner: str) -> list[str]:
        """Delete what is in the visitor's bin from their list; return the runs that are in nobody's list now."""
        with self.begin() as connection:
            own_entry = and_(_ENTRIES.c.owner == digest(owner), _ENTRIES.c.deleted_at.is_not(None))
            binned = list(connection.scalars(select(_ENTRIES.c.run_id).where(own_entry)))
            of_all = _ENTRIES.c.run_id.in_(binned)
            connection.execute(_ENTRIES.delete().where(of_all if owner == EVERYONE else own_entry))
            still = set(connection.scalars(select(_ENTRIES.c.run_id).where(of_all)))
        return [run for run in binned if run not in still]

    def _change(self, run_ids: Iterable[str], owner: str, **values: Any) -> None:
        with self.begin() as connection:
            for run_id in run_ids:
                own_entry = and_(_ENTRIES.c.owner == digest(owner), _ENTRIES.c.run_id == run_id)
                if connection.execute(_ENTRIES.update().where(own_entry).values(**values)).rowcount:
                    continue
                if owner != EVERYONE:
                    raise UserError("This run is not in your list; keep it there first.")
                _enter(connection, run_id, owner, **values)

    def hand_over(self, earlier: str, owner: str) -> None:
        """Give a visitor's list, last works and progress to another name; what that has itself stays as it is there."""
        earlier_digest, own_entry = digest(earlier), digest(owner)
        with self.begin() as connection:
            for table in (_ENTRIES, WORKS, _PROGRESS):
                have = table.alias()
                same = [have.c[column.name] == column for column in table.primary_key if column.name != "owner"]
                kept = select(have.c.owner).where(have.c.owner == own_entry, *same).exists()
                connection.execute(table.update().where(table.c.owner == earlier_digest, ~kept).values(owner=own_entry))
                connection.execute(table.delete().where(table.c.owner == earlier_digest))

    # A visitor's progress in the course -------------------------------------------------------------------------------

    def count_progress(self, owner: str, kind: Kind, name: str, outcome: Outcome) -> None:
        """Count once more what a visitor did; see `da_core.jobs.database.progress`."""
        what = {"owner": digest(owner), "kind": kind, "name": name, "outcome": outcome}
        with self.begin() as connection:
            upsert(connection, _PROGRESS, what, {"times": _PROGRESS.c.times + 1}, {"times": 1})

    def progress(self, owner: str) -> CourseProgress:
        """Return what a visitor has done in the course."""
        query = select(_PROGRESS).where(_PROGRESS.c.owner == digest(owner))
        with self.begin() as connection:
            return CourseProgress({(row.kind, row.name, row.outcome): row.times for row in connection.execute(query)})

    def reset_progress(self, owner: str) -> None:
        """Forget what a visitor has done in the course."""
        with self.begin() as connection:
            connection.execute(_PROGRESS.delete().where(_PROGRESS.c.owner == digest(owner)))

    # The connection ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction, for the tables beside these too. Raises `UnreachableError`."""
        check_file(self._file)  # before a connection is made: it would write this file's journal into another
        with reached(self.url), self._engine.begin() as connection:
            yield connection
            check_file(self._file)


def upsert(
    connection: Connection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    fresh: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Change values of a row, or insert it with the ``fresh`` ones; of two that do at once the second changes it."""
    change = table.update().where(*(table.c[name] == value for name, value in key.items())).values(**values)
    if connection.execute(change).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(table.insert().values(**{**key, **values, **fresh}))
    except IntegrityError:
        connection.execute(change)


def _enter(connection: Connection, run_id: str, owner: str, **values: Any) -> None:
    """Put a run into a list, or change its entry there."""
    key = {"owner": digest(owner), "run_id": run_id}
    upsert(connection, _ENTRIES, key, values, {"name": "", "tags": [], "deleted_at": None} | values)


def _facts(run_id: str, experiment: Experiment, result: Result, finished_at: datetime) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "experiment_key": experiment.key,
        "pair": pair_key(experiment.data),
        "method": experiment.method.name,
        "seed": experiment.seed,
        "complete": not result.recipe.get("stopped_early", False),
        "source_only_accuracy": on_target(result.source_only),
        "adapted_accuracy": on_target(result.adapted),
        "seconds": sum(result.seconds.values()),
        "finished_at": finished_at.astimezone(UTC).replace(tzinfo=None),
        "experiment": experiment.model_dump(mode="json"),
        "result": json.loads(result.model_dump_json()),  # through text: what is not a number becomes null
    }


def on_target(scores: DomainScores) -> float | None:
    """Return the accuracy on the target; None where it has no labels."""
    return scores.target.accuracy if scores.target is not None else None


def _kept_run(row: Any) -> KeptRun:
    times = {"finished_at": row.finished_at.replace(tzinfo=UTC)}
    times["deleted_at"] = row.deleted_at and row.deleted_at.replace(tzinfo=UTC)
    return KeptRun(**row._asdict() | times | {"name": row.name or "", "tags": tuple(row.tags or ())})


@functools.lru_cache(500)
def experiment_of(text: str) -> Experiment:
    """Read an experiment as JSON; the same ones are read again and again."""
    return Experiment.from_json(text)


def _binned(entries: Iterable[Any]) -> datetime | None:
    """Return when the last of a run's owners put it into the bin; `EVERYONE` decides for all."""
    times = {entry.owner: entry.deleted_at for entry in entries}
    if times.get(EVERYONE) is not None:
        return times[EVERYONE]  # type: ignore[no-any-return]
    return max(times.values()) if times and all(times.values()) else None


def _plain(text: str, longest: int) -> str:
    """Reduce a text to one line of visible characters, not longer than that."""
    seen = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    return " ".join(seen.split())[:longest].strip()
