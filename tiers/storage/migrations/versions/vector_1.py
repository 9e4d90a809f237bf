"""Embeddings. The extension is there already: `tiers.storage.schema` sees to that."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "vector_1"
down_revision = None
branch_labels = ("vector",)
depends_on = "storage_1"


def upgrade() -> None:
    """Add the columns, their indexes, and what keeps them true."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
