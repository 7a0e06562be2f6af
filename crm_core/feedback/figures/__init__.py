"""Satisfaction and targets in figures, read from sums that triggers keep."""
