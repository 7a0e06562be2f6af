"""Every field that a text may name in braces, with what stands there and an example."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crm_core.messaging.filling import UNSUBSCRIBE, fields_in


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        always: every text can be filled with it.
        by_hand: whoever writes to one person may fill it in.
    """

    description: str
    example: str
    always: bool = False
    by_hand: bool = False


FIELDS: Mapping[str, Field] = {
    "name": Field("First and last name of the recipient", "Chioma Okafor", always=True),
    "first_name": Field("First name of the recipient", "Chioma", always=True),
    "hospital": Field("The recipient's hospital", "Lagos Central Hospital", always=True),
    "points": Field("Loyalty points of a patient", "1,200", always=True),
    "tier": Field("Loyalty tier of a patient", "gold", always=True),
    "benefits": Field("What the tier brings", "1.25 times the points of every visit", always=True),
    "date": Field(
        "Day of the visit, or of what the message is about", "Friday 27 November", by_hand=True
    ),
    "time": Field("Time of the visit, in Lagos", "09:30", by_hand=True),
    "visit": Field("What kind of visit it is", "consultation"),
    "doctor": Field("The doctor of the visit", "Dr Amina Bello", by_hand=True),
    "department": Field("The department of the visit", "Cardiology", by_hand=True),
    "code": Field("Code of the record that the message is about", "APT-000123"),
    "link": Field("Address with one tap for the answer", "https://ops.example.ng/l/1a2b"),
    "subject": Field("What the feedback was about", "Waiting time"),
    "resolution": Field("What was done about the feedback", "A second desk opens at 08:00"),
    "place": Field("Where the visit was", "Lagos Central Hospital"),
    "state": Field("What becomes of a suggestion", "planned"),
    "note": Field("A word about it", "The chairs come in March."),
    "message": Field("What somebody said", "The nurses were patient with me."),
    "count": Field("How many cases", "3"),
    "codes": Field("Their codes", "FDB-001, FDB-002"),
    "expiring": Field("Points that end soon", "150"),
    "expiry": Field("Day on which they end", "31 December 2026"),
    UNSUBSCRIBE: Field(
        "Address with one tap to get no more of these", "https://ops.example.ng/u/1a2b"
    ),
}

EXAMPLES: Mapping[str, str] = {name: field.example for name, field in FIELDS.items()}


def unknown_in(text: str, also: Iterable[str] = ()) -> list[str]:
    """Fields of the text that nobody can fill in, by name."""
    return sorted(fields_in(text) - set(FIELDS) - set(also))


def check_fields(text: str) -> str:
    """The text, where each of its fields is known.

    Raises:
        ValueError: names the first that is not, and those there are.
    """
    unknown = unknown_in(text)
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        raise ValueError(f"there is no field {{{unknown[0]}}}: choose among {known}")
    return text


def can_be_sent_by_hand(text: str) -> bool:
    """Whether a person can fill in all that messaging does not know itself."""
    return all(
        name in FIELDS and (FIELDS[name].always or FIELDS[name].by_hand) for name in fields_in(text)
    )
