"""How far a run that is not over has come, so that other servers show it too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("live_runs", sa.Column("shown", sa.Text))
