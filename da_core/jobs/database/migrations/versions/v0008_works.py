"""Studies and searches as works of one kind, benchmarks beside them, with the server that is at each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    works = op.create_table(
        "works",
        sa.Column("owner", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("work", sa.JSON, nullable=False),
        sa.Column("server", sa.String(100), nullable=False),
        sa.Column("heartbeat", sa.Float, nullable=False),
    )
    owner = sa.column("owner", sa.String)
    study, search, tried = (sa.column(name, sa.JSON) for name in ("study", "search", "tried"))
    state = sa.column("state", sa.String)
    connection = op.get_bind()
    # what a study has finished is in the list of runs: going on with it takes it from there
    rows = [
        (one.owner, "study", {"plan": one.study, "outcomes": [], "state": "stopped"})
        for one in connection.execute(sa.select(owner, study).select_from(sa.table("studies")))
    ] + [
        (one.owner, "search", {"plan": one.search, "outcomes": one.tried, "state": one.state})
        for one in connection.execute(sa.select(owner, search, tried, state).select_from(sa.table("searches")))
    ]
    for whose, kind, work in rows:
        connection.execute(works.insert().values(owner=whose, kind=kind, work=work, server="", heartbeat=0.0))
    op.drop_table("studies")
    op.drop_table("searches")
