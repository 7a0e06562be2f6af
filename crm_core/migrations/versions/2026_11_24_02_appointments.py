"""Appointments: doctors' hours and leave, bookings without overlap, reminders, waitlist."""

revision = "2026_11_24_02"
down_revision = "2026_11_24_01"


def upgrade() -> None:
    """Creates the tables."""
