"""Parts of the campaigns page."""
