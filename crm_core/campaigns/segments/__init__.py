"""Segments: patients chosen by conditions, compiled to one statement; counted while one types."""
