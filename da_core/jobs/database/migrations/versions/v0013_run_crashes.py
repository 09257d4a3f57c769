"""How many servers in a row have ended while they trained a run, which may be what ended them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("live_runs", sa.Column("crashes", sa.Integer, nullable=False, server_default="0"))
