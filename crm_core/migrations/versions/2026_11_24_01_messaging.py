"""Messages: the outbox, its batches, templates, choices of people, what providers told."""

revision = "2026_11_24_01"
down_revision = "2026_11_23_08"


def upgrade() -> None:
    """Creates the tables."""
