"""What conditions compare with: each kind of value, checked and brought into its usual form."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from crm_core.base.words import Name, RecordId
from crm_core.loyalty.schemas import Tier
from crm_core.patients.places import find_area, find_state
from crm_core.patients.schemas import Gender

MOST_CHOICES = 100
HIGHEST = 2_000_000_000
LONGEST_DAYS = 40_000


class Kind(StrEnum):
    """The kind of a condition's value, from which a form knows what to ask for."""

    NUMBER = "number"
    NUMBERS = "numbers"
    DAYS = "days"
    DAY = "day"
    NOTHING = "nothing"
    EXPIRING = "expiring"
    SEXES = "sexes"
    STATES = "states"
    AREAS = "areas"
    TIERS = "tiers"
    RECORDS = "records"
    WORDS = "words"
    CHANNELS = "channels"


class Expiring(BaseModel):
    """So many points, or more, that expire within so many days from today."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: Annotated[int, Field(ge=0, le=LONGEST_DAYS)]
    points: Annotated[int, Field(ge=1, le=HIGHEST)] = 1


class ConsentChannel(StrEnum):
    """A channel that patients agree to."""

    SMS = "sms"
    EMAIL = "email"
    WHATSAPP = "whatsapp"
    PUSH = "push"


def _state(text: str) -> str:
    return find_state(text).name


def _area(text: str) -> str:
    """``Lagos: Eti-Osa``; the names of some areas are in two states."""
    state, colon, area = text.partition(":")
    if not colon:
        raise ValueError("write an area with its state, such as “Lagos: Eti-Osa”")
    name = find_state(state).name
    return f"{name}: {find_area(name, area)}"


def _in_order(pair: tuple[int, int]) -> tuple[int, int]:
    if pair[0] > pair[1]:
        raise ValueError("give the lower number first")
    return pair


def _only_days(given: object) -> object:
    """A bare number is days, for any points at all."""
    whole = isinstance(given, int) and not isinstance(given, bool)
    return {"days": given} if whole else given


_Number = Annotated[int, Field(ge=0, le=HIGHEST, strict=True)]


def _several(item: Any) -> Any:
    return Annotated[list[item], Field(min_length=1, max_length=MOST_CHOICES)]


ADAPTERS: dict[Kind, TypeAdapter[Any]] = {
    Kind.NUMBER: TypeAdapter(_Number),
    Kind.NUMBERS: TypeAdapter(Annotated[tuple[_Number, _Number], AfterValidator(_in_order)]),
    Kind.DAYS: TypeAdapter(Annotated[int, Field(ge=0, le=LONGEST_DAYS, strict=True)]),
    Kind.DAY: TypeAdapter(date),
    Kind.NOTHING: TypeAdapter(Literal[None]),
    Kind.EXPIRING: TypeAdapter(Annotated[Expiring, BeforeValidator(_only_days)]),
    Kind.SEXES: TypeAdapter(_several(Gender)),
    Kind.STATES: TypeAdapter(_several(Annotated[str, AfterValidator(_state)])),
    Kind.AREAS: TypeAdapter(_several(Annotated[str, AfterValidator(_area)])),
    Kind.TIERS: TypeAdapter(_several(Tier)),
    Kind.RECORDS: TypeAdapter(_several(Annotated[RecordId, Field(strict=True)])),
    Kind.WORDS: TypeAdapter(_several(Annotated[Name, AfterValidator(str.casefold)])),
    Kind.CHANNELS: TypeAdapter(_several(ConsentChannel)),
}
