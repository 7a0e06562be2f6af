"""Paying by transfer: recipients, transfers, what the provider told."""

revision = "2026_11_24_06"
down_revision = "2026_11_24_05"


def upgrade() -> None:
    """Creates the tables."""
