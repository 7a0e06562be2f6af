"""Text that people type: trimmed, without characters that no person types."""

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

_ALLOWED_CONTROLS = {"\n", "\t", "\r"}


def _no_controls(text: str) -> str:
    """Refuses NUL and other control characters; PostgreSQL cannot store the first of them."""
    if any(unicodedata.category(c) == "Cc" and c not in _ALLOWED_CONTROLS for c in text):
        raise ValueError("remove the control characters from this text")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError("keep this on one line")
    return _no_controls(text)


def _flag(value: object) -> object:
    """A query says ``true``, which a literal alone does not take for True."""
    if value not in (True, "true", "1"):
        raise ValueError("give true, or leave this out")
    return True


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_one_line),
]
"""One line of at most 200 characters."""

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_one_line),
]
"""A name of a person or thing, in any script."""

Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=10_000), AfterValidator(_no_controls)
]
"""Notes of any kind, up to 10,000 characters; may be empty."""

Passage = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000),
    AfterValidator(_no_controls),
]
"""Text for somebody to read: several lines, and never empty."""

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=500),
    AfterValidator(_one_line),
]
"""Why something is done: a short sentence."""

_CODE = re.compile(r"([a-z]+)-[0-9]+", re.IGNORECASE)


def code_in(search: str | None, prefix: str) -> str | None:
    """What is searched, where it is a code such as ``HOS-012`` with this prefix."""
    found = _CODE.fullmatch(search.strip()) if search else None
    return search if found and found[1].upper() == prefix else None


Search = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_no_controls),
]
"""What a person types into a search box."""

RecordId = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""An id that fits PostgreSQL's bigint."""

Flag = Annotated[Literal[True], BeforeValidator(_flag)]
"""A filter that is asked for or left out: ``true``."""
