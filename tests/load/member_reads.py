"""Every read of patients and points that somebody waits for, at the size of the benchmark.

A read is prepared first and gives what is measured: a page far down needs its cursor.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_end, month_start
from crm_core.loyalty import explaining, queries, standing
from crm_core.loyalty.figures import lists, schemas
from crm_core.loyalty.figures import queries as figures
from crm_core.loyalty.schemas import MemberFilter, TransactionFilter
from crm_core.patients import queries as patients
from crm_core.patients.schemas import PatientCreate
from tests.make_patients import asked

Measured = Callable[[], object]
Prepared = Callable[[Session], Measured]

DEEP = 10_000
"""The page far down."""
SOMEBODY = 123_456
TODAY = lagos_today()
LAST_MONTH = add_months(month_start(TODAY), -1)
NEWCOMER = PatientCreate.model_validate(asked("Chioma Okafor", nin="12345678901"))


def _once(read: Callable[[Session], object]) -> Prepared:
    return lambda session: lambda: read(session)


def _listed(
    listing: Callable[[Any], Any], filters: Callable[..., Any], **given: object
) -> Prepared:
    return _once(lambda session: listing(filters(**given)).page(session))


def _deep(listing: Callable[[Any], Any], filters: Callable[..., Any], **given: object) -> Prepared:
    """The page that follows the one far down, as its cursor leads to it."""

    def prepare(session: Session) -> Measured:
        above = listing(filters(**given, page=DEEP)).page(session)
        assert above.next_cursor is not None
        return lambda: listing(filters(**given, cursor=above.next_cursor)).page(session)

    return prepare


def _members(**given: object) -> Prepared:
    return _listed(queries.list_members, MemberFilter, **given)


def _ledger(**given: object) -> Prepared:
    return _listed(queries.list_transactions, TransactionFilter, **given)


_MONTH = {"date_from": LAST_MONTH, "date_to": month_end(LAST_MONTH)}

MEMBERS: dict[str, Prepared] = {
    "first page": _members(),
    "page 10,000 by cursor": _deep(queries.list_members, MemberFilter),
    "page 10,000 by number": _members(page=DEEP),
    "most are active": _members(status="active"),
    "active, page 10,000": _deep(queries.list_members, MemberFilter, status="active"),
    "few are deceased": _members(status="deceased"),
    "a large state": _members(state="Lagos"),
    "a large state, page 10,000": _deep(queries.list_members, MemberFilter, state="Lagos"),
    "a small state": _members(state="Borno"),
    "no such state": _members(state="Nowhere"),
    "gender": _members(gender="female"),
    "few are other": _members(gender="other"),
    "preferred hospital": _members(preferred_hospital_id=1),
    "tier bronze": _members(loyalty_tier="bronze"),
    "tier bronze, page 10,000": _deep(queries.list_members, MemberFilter, loyalty_tier="bronze"),
    "tier silver": _members(loyalty_tier="silver"),
    "tier gold": _members(loyalty_tier="gold"),
    "tier platinum": _members(loyalty_tier="platinum"),
    "tier and state": _members(loyalty_tier="platinum", state="Borno"),
    "tier, state and status": _members(loyalty_tier="gold", state="Lagos", status="inactive"),
    "points from many": _members(points_from=100),
    "points from few": _members(points_from=2500),
    "points from none": _members(points_from=90_000),
    "registered long ago": _members(registered_to=TODAY - timedelta(days=1455)),
    "registered in a month": _members(
        registered_from=TODAY - timedelta(days=730), registered_to=TODAY - timedelta(days=700)
    ),
    "registered lately": _members(registered_from=TODAY - timedelta(days=3)),
    "registered ever, page 10,000": _deep(
        queries.list_members, MemberFilter, registered_from=TODAY - timedelta(days=9999)
    ),
    "registered ever, small state": _members(
        registered_from=TODAY - timedelta(days=9999), state="Borno"
    ),
    "search a letter": _members(search="a"),
    "search a common beginning": _members(search="ade"),
    "search a common name": _members(search="chioma"),
    "search both names": _members(search="Chioma Okafor"),
    "search both names with typos": _members(search="Chiomma Okfaor"),
    "search letters with marks": _members(search="Ọláyẹmí"),
    "search nobody": _members(search="Xxyyzz"),
    "search a phone": _members(search="0803 012 3456"),
    "search last digits": _members(search="3456"),
    "search a common end of digits": _members(search="+23480"),
    "search a code": _members(search="PAT-123456"),
    "search the codes": _members(search="pat"),
    "search an email": _members(search="patient123457@example.ng"),
    "search the emails": _members(search="example"),
    "search in a tier": _members(search="ade", loyalty_tier="platinum"),
    "search in a state": _members(search="musa", state="Kano"),
}
ONE: dict[str, Prepared] = {
    "a patient": _once(lambda session: queries.get_member(session, SOMEBODY)),
    "a merged patient": _once(lambda session: queries.get_member(session, 100_003)),
    "by code": _once(lambda session: patients.patient_by_code(session, "PAT-123456")),
    "who resembles": _once(lambda session: patients.resembling(session, NEWCOMER)),
    "explain the balance": _once(lambda session: explaining.explain_balance(session, SOMEBODY)),
    "tier points": _once(lambda session: standing.tier_points(session, SOMEBODY)),
    "changes of tier": _once(lambda session: queries.movements_of(session, SOMEBODY)),
    "rewards taken": _once(lambda session: queries.redemptions_of(session, SOMEBODY)),
    "a patient's ledger": _ledger(patient_id=SOMEBODY),
}
PROGRAMME: dict[str, Prepared] = {
    "the ledger": _ledger(),
    "the ledger, page 10,000": _deep(queries.list_transactions, TransactionFilter),
    "the ledger by kind": _ledger(transaction_type="earned"),
    "the ledger, expired": _ledger(transaction_type="expired"),
    "the ledger, adjusted": _ledger(transaction_type="adjusted"),
    "the ledger of a day": _ledger(
        date_from=TODAY - timedelta(days=50), date_to=TODAY - timedelta(days=50)
    ),
    "the chart's month": _listed(lists.list_ledger, schemas.LedgerFilter, **_MONTH),
    "the chart's month, earned": _listed(
        lists.list_ledger, schemas.LedgerFilter, transaction_type="earned", **_MONTH
    ),
    "points that end in a month": _listed(
        lists.list_open_lots,
        schemas.OpenLotFilter,
        ends_from=month_start(TODAY),
        ends_to=month_end(TODAY),
    ),
    "changes of tier in a month": _listed(lists.list_movements, schemas.MovementFilter, **_MONTH),
    "rises in a month": _listed(lists.list_movements, schemas.MovementFilter, rose=True, **_MONTH),
    "rewards taken in a month": _listed(lists.list_redemptions, schemas.RedemptionFilter, **_MONTH),
    "a reward taken in a month": _listed(
        lists.list_redemptions, schemas.RedemptionFilter, reward_id=1, **_MONTH
    ),
    "loyalty stats": _once(queries.loyalty_stats),
    "patient stats": _once(queries.patient_stats),
    "programme by month": _once(figures.programme_by_month),
    "points ending by month": _once(figures.ending_by_month),
    "rewards by month": _once(figures.take_up_by_month),
    "retention": _once(figures.retention),
}
READS = MEMBERS | ONE | PROGRAMME
