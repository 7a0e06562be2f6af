"""Every list with every filter and sort, each beside the SQL one would write by hand."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import orjson

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.base.paging import PageRequest
from crm_core.base.read import Read
from crm_core.hospitals.queries import list_hospitals
from crm_core.hospitals.schemas import HospitalFilter
from crm_core.owners.contracts import list_contracts
from crm_core.owners.queries import list_owners
from crm_core.owners.schemas import (
    ContractFilter,
    ContractStatus,
    OwnerFilter,
    OwnerSort,
    OwnerStatus,
    PaymentStatus,
)
from crm_core.payouts.queries import list_payouts
from crm_core.payouts.schemas import PayoutFilter, PayoutSort, PayoutStatus

LIMIT = 20
DEEP = 500  # the page that a cursor goes to, where the list is as long

_PAYOUTS = (
    "SELECT p.*, o.owner_code, o.first_name, o.last_name"
    " FROM crm_payouts p JOIN crm_owners o ON o.id = p.owner_id"
)
_OWNERS = "SELECT * FROM crm_owners o"
_CONTRACTS = (
    "SELECT c.*, o.first_name, o.last_name, h.name FROM crm_owner_contracts c"
    " JOIN crm_owners o ON o.id = c.owner_id JOIN crm_hospitals h ON h.id = c.hospital_id"
)
_UNPAID = "status IN ('pending', 'approved', 'processing', 'failed', 'unknown')"


@dataclass(frozen=True)
class Case:
    """A list as asked for, and the parts of its floor."""

    name: str
    list_: Callable[[Any], Read[Any]]
    request: PageRequest
    base: str
    order: Sequence[str]
    where: str = ""
    direction: str = "DESC"

    @property
    def read(self) -> Read[Any]:
        """Our way to these rows."""
        return self.list_(self.request)

    @property
    def floor(self) -> str:
        """The rows and nothing else."""
        order = ", ".join(f"{column} {self.direction}" for column in self.order)
        condition = f" WHERE {self.where}" if self.where else ""
        return f"{self.base}{condition} ORDER BY {order} LIMIT {LIMIT}"

    def after(self, cursor: str) -> "Case":
        """The page that this cursor leads to."""
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[1:]
        sign = "<" if self.direction == "DESC" else ">"
        values = ", ".join(f"'{part}'" for part in key)
        place = f"({', '.join(self.order)}) {sign} ({values})"
        return replace(
            self,
            name=f"{self.name}, page {DEEP}",
            request=self.request.model_copy(update={"cursor": cursor}),
            where=f"{self.where} AND {place}" if self.where else place,
        )


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _payout_cases()
    yield from _owner_cases()
    yield from _contract_cases()
    hospitals = "SELECT * FROM crm_hospitals"
    yield Case("hospitals", list_hospitals, HospitalFilter(), hospitals, ("created_at", "id"))
    words = "search @@ to_tsquery('simple', 'lagos:*')"
    found = HospitalFilter(search="lagos")
    yield Case("hospitals search", list_hospitals, found, hospitals, ("created_at", "id"), words)


def _payout_cases() -> Iterator[Case]:
    orders = {
        PayoutSort.NEWEST: (("p.created_at", "p.id"), "DESC"),
        PayoutSort.DUE: (("p.due_on", "p.id"), "ASC"),
        PayoutSort.LARGEST: (("p.net_amount", "p.id"), "DESC"),
    }
    for name, (given, where) in _payout_filters().items():
        for sort, (order, direction) in orders.items():
            asked = PayoutFilter.model_validate({**given, "sort": sort})
            yield Case(
                f"payouts {name}{sort}", list_payouts, asked, _PAYOUTS, order, where, direction
            )


def _payout_filters() -> Mapping[str, tuple[Mapping[str, Any], str]]:
    today = lagos_today()
    month = add_months(month_start(today), -12)
    last = add_months(month, 1) - timedelta(days=1)
    paid = add_months(month_start(today), -6)
    until = add_months(paid, 1)
    live = ("pending", "failed")
    return {
        "": ({}, ""),
        "status ": ({"status": PayoutStatus.PENDING}, "p.status = 'pending'"),
        "paid ": ({"status": PayoutStatus.PAID}, "p.status = 'paid'"),
        "statuses ": ({"statuses": live}, "p.status IN ('pending', 'failed')"),
        "owner ": ({"owner_id": 77}, "p.owner_id = 77"),
        "hospital ": ({"hospital_id": 77}, "p.hospital_id = 77"),
        "month ": ({"month": month}, f"p.period_end BETWEEN '{month}' AND '{last}'"),
        "overdue ": ({"overdue": True}, f"p.{_UNPAID} AND p.due_on < '{today}'"),
        "queue ": (
            {"statuses": live, "not_made_by": "staff:2"},
            "p.status IN ('pending', 'failed') AND p.created_by <> 'staff:2'",
        ),
        "file ": ({"file_id": 77}, "p.file_id = 77"),
        "paid month ": (
            {"paid_month": paid},
            f"p.paid_at >= '{paid} 00:00+01' AND p.paid_at < '{until} 00:00+01'",
        ),
        "search code ": ({"search": "PAY-77777"}, "lower(p.payout_code) LIKE 'pay-77777%%'"),
        "search name ": ({"search": "halima nwosu"}, _of_owner("halima:* & nwosu:*")),
        "search wide ": ({"search": "ade"}, _of_owner("ade:*")),
        "status month ": (
            {"status": PayoutStatus.PAID, "month": month},
            f"p.status = 'paid' AND p.period_end BETWEEN '{month}' AND '{last}'",
        ),
    }


def _of_owner(words: str) -> str:
    return f"o.search @@ to_tsquery('simple', '{words}')"


def _owner_cases() -> Iterator[Case]:
    orders = {
        OwnerSort.NEWEST: (("o.created_at", "o.id"), "DESC"),
        OwnerSort.NAME: (("lower(o.last_name)", "lower(o.first_name)", "o.id"), "ASC"),
        OwnerSort.VALUE: (("o.opening_value + o.payouts_paid_gross", "o.id"), "DESC"),
        OwnerSort.SATISFACTION: (("coalesce(o.satisfaction_score, 0)", "o.id"), "DESC"),
    }
    late = f"o.payouts_due_on < '{lagos_today()}'"
    filters: Mapping[str, tuple[Mapping[str, Any], str]] = {
        "": ({}, ""),
        "status ": ({"status": OwnerStatus.ACTIVE}, "o.status = 'active'"),
        "overdue ": ({"payment_status": PaymentStatus.OVERDUE}, late),
        "current ": (
            {"payment_status": PaymentStatus.CURRENT},
            f"({late}) IS NOT TRUE AND o.payouts_pending = 0",
        ),
        "hospital ": ({"hospital_id": 77}, "o.hospital_id = 77"),
        "search ": ({"search": "ade"}, _of_owner("ade:*")),
    }
    for name, (given, where) in filters.items():
        for sort, (order, direction) in orders.items():
            asked = OwnerFilter.model_validate({**given, "sort": sort})
            yield Case(f"owners {name}{sort}", list_owners, asked, _OWNERS, order, where, direction)


def _contract_cases() -> Iterator[Case]:
    today = lagos_today()
    filters: Mapping[str, tuple[Mapping[str, Any], str]] = {
        "": ({}, ""),
        " owner": ({"owner_id": 77}, "c.owner_id = 77"),
        " hospital": ({"hospital_id": 77}, "c.hospital_id = 77"),
        " expiring": (
            {"status": ContractStatus.EXPIRING},
            f"c.state = 'signed' AND c.end_date BETWEEN '{today}' AND '{today + timedelta(60)}'",
        ),
    }
    for name, (given, where) in filters.items():
        asked = ContractFilter.model_validate(given)
        yield Case(
            f"contracts{name}", list_contracts, asked, _CONTRACTS, ("c.created_at", "c.id"), where
        )
