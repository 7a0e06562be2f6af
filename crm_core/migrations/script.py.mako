"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Goes forward; there is no way back but a restore."""
    ${upgrades if upgrades else "pass"}
