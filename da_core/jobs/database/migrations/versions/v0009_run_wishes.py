"""Store commands to runs of other servers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "run_wishes",
        sa.Column("wish_id", sa.String(40), primary_key=True),
        sa.Column(
            "run_id",
            sa.String(32),
            sa.ForeignKey("live_runs.run_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("wish", sa.String(20), nullable=False),
    )
