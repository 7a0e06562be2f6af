"""What pydantic found wrong, in words that a person understands; API and forms share them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from crm_core.base.errors import Problem


def problems_of(error: ValidationError) -> tuple[Problem, ...]:
    """One problem a field, in the order of the fields."""
    return tuple(Problem(path_of(found["loc"]), sentence_of(found)) for found in error.errors())


def path_of(location: Sequence[int | str]) -> str:
    """``("owner", "emails", 0)`` → ``owner.emails.0``."""
    return ".".join(str(part) for part in location)


def sentence_of(found: Mapping[str, Any]) -> str:
    """One of pydantic's findings as a sentence that says what to give instead."""
    context = dict(found.get("ctx") or {})
    template = _SENTENCES.get(str(found["type"]))
    if found["type"] in {"enum", "literal_error"}:
        return f"Choose one of: {str(context['expected']).replace(chr(39), '')}."
    if found["type"] == "string_pattern_mismatch":
        return _of_the_form(str(context["pattern"]))
    if found["type"] == "string_too_short" and context["min_length"] == 1:
        return "This must not be empty."
    if template is not None:
        return template.format_map(context)
    return _as_sentence(str(found["msg"]))


def _of_the_form(pattern: str) -> str:
    digits = re.fullmatch(r"\^\[0-9\]\{(\d+)\}\$", pattern)
    return f"Give {digits[1]} digits." if digits else "This does not have the right form."


def _as_sentence(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Assertion failed, ").strip()
    if text.startswith("value is not a valid email address"):
        return "Give an email address such as ada@hospital.ng."
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


_WHOLE = "Give a whole number."
_NUMBER = "Give a number."
_DAY = "Give a day as YYYY-MM-DD."
_INSTANT = "Give an instant such as 2026-10-01T09:30:00Z."
_TIME = "Give a time such as 09:30."
_OBJECT = "Give a JSON object."
_YES_NO = "Give true or false."
_LIST = "Give a list."

_SENTENCES = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field here: leave it out.",
    "string_type": "Give text.",
    "string_unicode": "This is not valid text.",
    "string_too_short": "Give at least {min_length} characters.",
    "string_too_long": "Give at most {max_length} characters.",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "This number is too large.",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_max_digits": "Give at most {max_digits} digits.",
    "decimal_max_places": "Give at most {decimal_places} decimals.",
    "decimal_whole_digits": "Give at most {whole_digits} digits before the point.",
    "greater_than": "Give more than {gt}.",
    "greater_than_equal": "Give {ge} or more.",
    "less_than": "Give less than {lt}.",
    "less_than_equal": "Give {le} or less.",
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": "Give the instant with its zone, such as 2026-10-01T09:30:00Z.",
    "time_type": _TIME,
    "time_parsing": _TIME,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
}
