"""Make a live run one row that no web server owns: threads of one server train it, or a task of a cluster."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.drop_table("run_wishes")
    op.execute("DELETE FROM live_runs WHERE state = 'over'")
    op.execute("UPDATE live_runs SET state = 'running' WHERE state = 'ending'")
    op.execute(sa.text("UPDATE live_runs SET trains = :no WHERE heartbeat = 0").bindparams(no=False))  # it was stopped
    op.drop_index("ix_live_runs_server", "live_runs")
    with op.batch_alter_table("live_runs") as table:
        for name in ("server", "heartbeat", "line"):
            table.drop_column(name)
        table.add_column(sa.Column("finish_early", sa.Boolean, nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("task", sa.String(60), nullable=False, server_default=""))
        table.add_column(sa.Column("looks", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "run_turns",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("passed", sa.Integer, nullable=False),
        sa.Column("after_ahead", sa.Boolean, nullable=False),
    )
