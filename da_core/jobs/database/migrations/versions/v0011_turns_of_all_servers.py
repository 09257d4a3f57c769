"""Store turns, priorities and network addresses of runs, which servers that share a database count together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("live_runs", sa.Column("ahead", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("live_runs", sa.Column("turn", sa.Integer, nullable=False, server_default="0"))
    op.add_column("live_runs", sa.Column("trains", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("live_runs", sa.Column("address", sa.String(32), nullable=False, server_default=""))
    op.add_column("live_runs", sa.Column("line", sa.String(32), nullable=False, server_default=""))
