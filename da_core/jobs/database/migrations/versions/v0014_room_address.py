"""Store the network address a room was opened from, as a digest, to count rooms by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("rooms", sa.Column("address", sa.String(32), nullable=False, server_default=""))
