"""The tables, without a trace of vectors."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "storage_1"
down_revision = None
branch_labels = ("storage",)
depends_on = None


def upgrade() -> None:
    """Create everything."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
