"""Runs that are not over, so that they outlive the server that drives them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "live_runs",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("experiment", sa.JSON, nullable=False),
        sa.Column("owners", sa.JSON, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("server", sa.String(100), nullable=False, index=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("heartbeat", sa.Float, nullable=False),
        sa.Column("submitted_at", sa.DateTime, nullable=False),
        sa.Column("behind", sa.Boolean, nullable=False),
    )
