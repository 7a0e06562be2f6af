"""Text that a provider wrote: what of it may be stored."""

LONGEST = 4000
"""Letters of an answer that are kept; the longest message a provider passes on is shorter."""


def clean(text: str) -> str:
    """What may be stored: no zero bytes, no halves of letters, no endless text."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:LONGEST]
