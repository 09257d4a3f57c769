"""Store the progress of live runs, so that other servers show them too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("live_runs", sa.Column("shown", sa.Text))
