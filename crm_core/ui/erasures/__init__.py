"""Parts of the page of erasures."""
