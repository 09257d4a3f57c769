"""List the owners of uploads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("owner", sa.String(32), primary_key=True),
        sa.Column("file", sa.String(80), primary_key=True, index=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("kept_at", sa.DateTime, nullable=False),
    )
