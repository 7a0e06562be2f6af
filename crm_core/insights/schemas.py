"""The words of reads across domains: the morning's figures, and the history as people read it."""

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from crm_core.base.clock import Instant
from crm_core.base.money import Naira, NairaTotal
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, RecordId, Search


class MonthFigures(BaseModel):
    """How things stood at the end of a month; for the present month, how they stand now."""

    model_config = ConfigDict(frozen=True)

    month: date
    owners: int
    satisfaction: Decimal | None
    paid: NairaTotal
    lifetime_value: NairaTotal


class Waiting(BaseModel):
    """How many payouts wait for somebody, and their net."""

    model_config = ConfigDict(frozen=True)

    count: int
    net_amount: NairaTotal


class MonthToPrepare(BaseModel):
    """A month that has ended, and its contracts that no payout pays yet."""

    model_config = ConfigDict(frozen=True)

    month: date
    ready: int
    without_revenue: int


class ContractPay(BaseModel):
    """What a contract has paid so far, and the net of its latest payout."""

    model_config = ConfigDict(frozen=True)

    contract_id: int
    payments: int
    paid: NairaTotal
    last_period_end: date
    last_net: Naira


class HistoryFilter(PageRequest):
    """Changes by table, record, what was done, who did it (such as ``staff:12``), days and why.

    Words of the reason are looked for within what one of the others leaves: alone they would have
    to be looked for in everything that ever happened.
    """

    table_name: Line | None = None
    record_id: RecordId | None = None
    action: Line | None = None
    who: Line | None = None
    since: date | None = Field(None, description="The first day, in Lagos")
    until: date | None = Field(None, description="The last day, in Lagos")
    why: Search | None = None

    @model_validator(mode="after")
    def words_have_bounds(self) -> Self:
        """Words alone are refused."""
        if self.why and not (self.record_id or self.who or self.since):
            raise ValueError("to look for words choose a person, a record or a first day, too")
        return self


class HistoryRead(BaseModel):
    """One change of one row, with the fields it changed; or a reading worth recording."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    at: Instant
    who: str
    why: str
    request_id: str
    table_name: str
    record_id: int | None
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def _day_or_instant(given: object) -> object:
    """``2026-11-03`` is a day, which pydantic would take for its midnight without a zone."""
    if not isinstance(given, str):
        return given
    if _DAY.fullmatch(given):
        return date.fromisoformat(given)
    if not _ZONED.search(given):
        raise ValueError("give a day, such as 2026-11-03, or an instant with its zone")
    return given


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ZONED = re.compile(r"(Z|[+-][0-9]{2}:?[0-9]{2})$", re.IGNORECASE)
DayOrInstant = Annotated[AwareDatetime | date, BeforeValidator(_day_or_instant)]
"""A day in Lagos, as it ended; or an instant with its zone."""


class Side(StrEnum):
    """Of a change: the record as it was before it, or after it."""

    BEFORE = "before"
    AFTER = "after"


class AsOf(BaseModel):
    """Which moment of a record is meant: a day, an instant, or one side of a change; else now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: DayOrInstant | None = Field(
        None, description="A day, as it ended in Lagos, or an instant with its zone"
    )
    change: RecordId | None = Field(None, description="A change of this record, by its id")
    side: Side = Field(Side.AFTER, description="Of the change")

    @model_validator(mode="after")
    def one_moment(self) -> Self:
        """A day and a change may be two moments."""
        if self.as_of is not None and self.change is not None:
            raise ValueError("give a moment or a change, not both")
        return self


class Standing(StrEnum):
    """What there was of a record at a moment."""

    THERE = "there"
    NOT_YET = "not yet"
    DELETED = "deleted"
    ERASED = "erased"
    UNKNOWN = "unknown"


class FieldThen(BaseModel):
    """A field as it was and as it is: amounts as text in naira, instants in UTC, numbers masked."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str
    then: Any
    now: Any
    differs: bool


class RecordThen(BaseModel):
    """A record as it was; ``sentence`` says what there was of it, and since which change.

    ``changed_at`` and ``changed_by`` are of the last change until then. Where nothing can be told
    ``fields`` hold what there is now alone.
    """

    model_config = ConfigDict(frozen=True)

    table_name: str
    record_id: int
    standing: Standing
    sentence: str
    changed_at: Instant | None
    changed_by: str | None
    exists_now: bool
    fields: list[FieldThen]


class SealState(BaseModel):
    """How far the history is sealed: the last seal, and what came since."""

    model_config = ConfigDict(frozen=True)

    sealed_at: Instant | None
    head: str | None
    unsealed: int


class Happening(BaseModel):
    """One entry of a record's timeline; ``changes`` is field → before and after."""

    model_config = ConfigDict(frozen=True)

    id: int
    at: Instant
    who_name: str
    why: str
    action: str
    changes: dict[str, tuple[Any, Any]]
