"""The operations centre: saved views, events that came in, webhooks that go out."""

revision = "2026_11_24_07"
down_revision = "2026_11_24_06"


def upgrade() -> None:
    """Creates the tables."""
