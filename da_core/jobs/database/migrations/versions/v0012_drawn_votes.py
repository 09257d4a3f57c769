"""Votes that are drawn lines; such a vote has no number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    with op.batch_alter_table("votes") as votes:
        votes.alter_column("answer", existing_type=sa.Float(), nullable=True)
        votes.add_column(sa.Column("line", sa.JSON(), nullable=True))
