"""List the devices that have joined a room: only they can vote in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "room_devices",
        sa.Column("room_id", sa.String(32), sa.ForeignKey("rooms.room_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("voter", sa.String(32), primary_key=True),
    )
    # who had voted before this version had joined
    op.execute("INSERT INTO room_devices (room_id, voter) SELECT DISTINCT room_id, voter FROM votes")
