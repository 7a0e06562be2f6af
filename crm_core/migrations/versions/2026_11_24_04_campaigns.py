"""Campaigns: segments, audiences, recipients, effects."""

revision = "2026_11_24_04"
down_revision = "2026_11_24_03"


def upgrade() -> None:
    """Creates the tables."""
