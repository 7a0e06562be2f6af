"""The words of reads across domains: the morning's figures, and the history as people read it."""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from crm_core.base.clock import Instant
from crm_core.base.money import Naira, NairaTotal
from crm_core.base.paging import PageRequest
from crm_core.base.words import Line, RecordId


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
    """Changes by table, record and who made them, such as ``staff:12``."""

    table_name: Line | None = None
    record_id: RecordId | None = None
    who: Line | None = None


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
