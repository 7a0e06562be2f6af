"""Reading a JSON body field by field: a provider's word is checked before it is believed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crm_core.messaging.foreign_text import clean
from crm_core.messaging.receiving.schemas import Unreadable


def json_object(body: bytes) -> Mapping[str, Any]:
    """The body as an object; raises ``Unreadable``."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise Unreadable("The body is not a JSON object.")
    return found


def text_of(said: Mapping[str, Any], name: str) -> str:
    """A field as text without the sign that PostgreSQL cannot keep; empty where it lacks."""
    value = said.get(name)
    return clean(str(value)) if isinstance(value, str | int) else ""


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; whatever else stands there is left out."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def international(number: str) -> str:
    """A number as providers write it, with its plus."""
    return f"+{number.strip().removeprefix('+')}"


def instant(seconds: str) -> datetime | None:
    """Seconds since 1970 as an instant; None where that cannot be one."""
    if not seconds.isdecimal() or len(seconds) > 11:
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
