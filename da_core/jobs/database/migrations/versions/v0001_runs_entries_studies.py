"""Create the first tables, as ``create_all`` did before there were revisions; existing ones stay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    tables = sa.MetaData()
    runs = sa.Table(
        "runs",
        tables,
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("experiment_key", sa.String(16), nullable=False, index=True),
        sa.Column("pair", sa.String(16), nullable=False, index=True),
        sa.Column("method", sa.String(100), nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("source_only_accuracy", sa.Float),
        sa.Column("adapted_accuracy", sa.Float),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("finished_at", sa.DateTime, nullable=False, index=True),
        sa.Column("experiment", sa.JSON, nullable=False),
        sa.Column("result", sa.JSON, nullable=False),
    )
    sa.Table(
        "entries",
        tables,
        sa.Column("owner", sa.String(32), primary_key=True),
        sa.Column("run_id", sa.ForeignKey(runs.c.run_id, ondelete="CASCADE"), primary_key=True, index=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("deleted_at", sa.DateTime),
    )
    sa.Table(
        "studies",
        tables,
        sa.Column("owner", sa.String(32), primary_key=True),
        sa.Column("study", sa.JSON, nullable=False),
    )
    tables.create_all(op.get_bind())
