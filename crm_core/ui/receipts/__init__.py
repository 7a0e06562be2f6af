"""The parts of the receipts page."""
