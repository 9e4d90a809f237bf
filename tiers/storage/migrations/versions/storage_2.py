"""What pages on a mission are made of."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "storage_2"
down_revision = "storage_1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the columns."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
