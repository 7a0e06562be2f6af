"""Parts of the loyalty page."""
