"""Bulk acts over a thousand payouts, and a month of two thousand contracts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.payouts import service
from crm_core.payouts.checks import check_beneficiaries
from crm_core.people.schemas import Role
from tests.load.measuring import Table, by_turns, timed
from tests.make import make_actor
from tests.observe import executed

pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]

RUNS = 5
APPROVER, FINANCE = make_actor(Role.APPROVER), make_actor(Role.FINANCE)

Act = Callable[[], object]


@dataclass(frozen=True)
class Bulk:
    """A bulk act, and the least that PostgreSQL has to do for it."""

    name: str
    act: Act
    floor: Act
    floor_is: str


def test_bulk_acts(in_business: Session, tidy: Act, tables: list[Table]) -> None:
    table = Table("Bulk acts", ("", "statements", "code ms", "floor", "ratio", "the floor is"))
    tables.append(table)
    for bulk in _bulks(in_business):
        with executed(in_business) as seen:
            bulk.act()
        ways = [_undone(in_business, act, tidy) for act in (bulk.act, bulk.floor)]
        code, floor = by_turns(ways, RUNS)
        cells = (str(len(seen)), f"{code:.0f}", f"{floor:.0f}", f"{code / floor:.1f}")
        table.add(bulk.name, *cells, bulk.floor_is)

        # As many statements as for one: nothing is done a row at a time.
        assert len(seen) < 20


def _bulks(session: Session) -> Iterator[Bulk]:
    ids = list(session.scalars(text(_PENDING)))
    assert len(ids) == 1000
    shown = service.plan_approval(session, ids, actor=APPROVER)
    month = add_months(month_start(lagos_today()), -1)
    prepared = service.plan_month(session, month, actor=FINANCE)
    assert len(prepared.accepted) == 2000
    rows, contracts = _fetching(session, _ROWS, ids), _fetching(session, _CONTRACTS, ids)
    yield Bulk(
        "checks of 1,000", lambda: check_beneficiaries(session, ids), rows, "fetching the 1,000"
    )
    yield Bulk(
        "plan of 1,000 approvals",
        lambda: service.plan_approval(session, ids, actor=APPROVER),
        rows,
        "fetching the 1,000",
    )
    yield Bulk(
        "commit of 1,000 approvals",
        lambda: service.commit_approval(session, shown.fingerprint, ids, actor=APPROVER),
        lambda: _approve_by_sql(session, ids),
        "plain INSERT and UPDATE under the same triggers",
    )
    yield Bulk(
        "plan of a month, 2,000 contracts",
        lambda: service.plan_month(session, month, actor=FINANCE),
        contracts,
        "fetching the contracts",
    )
    yield Bulk(
        "commit of a month, 2,000 contracts",
        lambda: service.commit_month(session, prepared.fingerprint, month, actor=FINANCE),
        lambda: session.execute(text(_COPIES)),
        "plain INSERT of 2,000 under the same triggers",
    )


def _undone(session: Session, act: Act, tidy: Act) -> Callable[[], float]:
    """Times the act, in a transaction that is taken back, and clears away what it left."""

    def run() -> float:
        session.rollback()
        tidy()
        session.connection()
        return timed(act)()

    return run


def _fetching(session: Session, statement: str, ids: Sequence[int]) -> Act:
    return lambda: session.execute(text(statement), {"ids": ids}).all()


def _approve_by_sql(session: Session, ids: Sequence[int]) -> None:
    for statement in (_INSERT, _INSERT_SECOND, _UPDATE):
        session.execute(text(statement), {"ids": ids})


_PENDING = """
    SELECT p.id FROM crm_payouts p WHERE p.status = 'pending' AND p.nuban_ok
    AND p.net_amount < 10000000 ORDER BY p.id LIMIT 1000
"""
_ROWS = "SELECT * FROM crm_payouts WHERE id = ANY(:ids)"
_CONTRACTS = "SELECT * FROM crm_owner_contracts WHERE state = 'signed'"
_INSERT = """
    INSERT INTO crm_payout_approvals (payout_id, approver, approver_name, digest)
    SELECT id, 'staff:99', 'Somebody', digest FROM crm_payouts WHERE id = ANY(:ids)
"""
_INSERT_SECOND = _INSERT.replace("staff:99", "staff:98") + " AND approvals_needed > 1"
_UPDATE = """
    UPDATE crm_payouts SET status = 'approved', approved_by = 'staff:99', approved_at = now()
    WHERE id = ANY(:ids)
"""
_COPIES = """
    INSERT INTO crm_payouts (owner_id, contract_id, hospital_id, period_start, period_end,
        gross_revenue, deductions, net_amount, created_by, bank_code, bank_name,
        account_encrypted, account_hash, account_last4, account_name, nuban_ok)
    SELECT owner_id, contract_id, hospital_id, period_start + 10000, period_end + 10000,
           gross_revenue, deductions, net_amount, created_by, bank_code, bank_name,
           account_encrypted, account_hash, account_last4, account_name, nuban_ok
    FROM crm_payouts WHERE id <= 2000
"""
