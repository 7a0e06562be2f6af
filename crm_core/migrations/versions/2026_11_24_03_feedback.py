"""Feedback: cases with their clocks, threads, escalations, holidays."""

revision = "2026_11_24_03"
down_revision = "2026_11_24_02"


def upgrade() -> None:
    """Creates the tables."""
