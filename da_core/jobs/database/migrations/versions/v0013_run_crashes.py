"""Count the servers in a row that ended while they trained a run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("live_runs", sa.Column("crashes", sa.Integer, nullable=False, server_default="0"))
