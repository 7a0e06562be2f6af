"""Texts with named fields in braces: ``Hello {first_name}``."""

import re
from collections.abc import Mapping

from crm_core.base.errors import Invalid

UNSUBSCRIBE = "unsubscribe"
"""The address that opts out with one tap: it names the message, so that sending fills it in."""

_FIELD = re.compile(r"\{([a-z_]+)\}")


def fields_in(template: str) -> set[str]:
    """The names of the fields that a text asks for."""
    return set(_FIELD.findall(template))


def fill(template: str, values: Mapping[str, str]) -> str:
    """The text with its fields filled in.

    Raises:
        Invalid: a field is unknown; a patient never reads a name in braces.
    """
    missing = sorted(fields_in(template) - set(values) - {UNSUBSCRIBE})
    if missing:
        raise Invalid.field("content", f"There is no field {{{missing[0]}}}: correct the text.")
    return _FIELD.sub(lambda found: values.get(found[1], found[0]), template)
