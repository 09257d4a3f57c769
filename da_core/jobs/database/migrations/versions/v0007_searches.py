"""Each visitor's last search, with what it has tried, so that it goes on after a restart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "searches",
        sa.Column("owner", sa.String(32), primary_key=True),
        sa.Column("search", sa.JSON, nullable=False),
        sa.Column("tried", sa.JSON, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
    )
