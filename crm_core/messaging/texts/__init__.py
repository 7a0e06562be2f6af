"""Texts with named fields: checked when they are saved, previewed on a real recipient."""
