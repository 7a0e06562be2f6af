"""Parts of the appointments page."""
