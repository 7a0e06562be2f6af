"""The parts of the payouts page."""
