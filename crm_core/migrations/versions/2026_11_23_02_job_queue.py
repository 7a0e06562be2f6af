"""The job queue's own tables, as procrastinate ships them."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "2026_11_23_02"
down_revision = "2026_11_23_01"


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
