"""What the pipeline adds up to is kept by triggers, and never strays from the payouts."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from crm_core.base.db import transaction
from crm_core.payouts import queries
from crm_core.payouts.invariants import invariants
from crm_core.payouts.schemas import PayoutStatus
from tests.make_business import make_owner
from tests.payouts import acts

_SUMS = """
    SELECT status, period_end, sum(payouts), sum(gross_revenue), sum(net_amount)
    FROM crm_payout_totals GROUP BY 1, 2 HAVING sum(payouts) <> 0 ORDER BY 1, 2
"""
_TRUTH = """
    SELECT status, period_end, count(*), sum(gross_revenue), sum(net_amount)
    FROM crm_payouts GROUP BY 1, 2 ORDER BY 1, 2
"""


def sums(session: Session, statement: str = _SUMS) -> list[tuple[object, ...]]:
    """What a statement adds up to, by state and period."""
    return [tuple(row) for row in session.execute(text(statement))]


def net_of(session: Session, status: PayoutStatus) -> Decimal:
    """What the statistics say of a state."""
    found = queries.payout_stats(session).statuses
    return sum((total.net_amount for total in found if total.status is status), Decimal(0))


def test_each_step_moves_the_money_from_state_to_state(session: Session) -> None:
    payout = acts.new(session, "2500000")
    assert net_of(session, PayoutStatus.PENDING) == Decimal("2500000.00")

    acts.approve(session, payout.id)

    assert net_of(session, PayoutStatus.PENDING) == 0
    assert net_of(session, PayoutStatus.APPROVED) == Decimal("2500000.00")
    assert sums(session) == sums(session, _TRUTH)


def test_plain_sql_over_many_rows_is_added_up_too(session: Session) -> None:
    ids = [acts.new(session, str(amount)).id for amount in (1000, 2000, 3000)]

    session.execute(
        text("UPDATE crm_payouts SET status = 'cancelled' WHERE id = ANY(:ids)"), {"ids": ids}
    )

    assert net_of(session, PayoutStatus.CANCELLED) == 6000
    assert sums(session) == sums(session, _TRUTH)


def test_adding_up_changes_no_sum_and_leaves_one_line_each(session: Session) -> None:
    for amount in ("1000", "2000", "3000"):
        acts.approve(session, acts.new(session, amount).id)
    before = sums(session)

    session.execute(text("SELECT crm_payout_totals_add_up()"))

    assert sums(session) == before == sums(session, _TRUTH)
    assert session.scalar(text("SELECT count(*) FROM crm_payout_totals")) == len(before)


def test_many_changes_are_added_up_by_themselves(session: Session) -> None:
    payout = acts.new(session)
    for net in range(600):
        session.execute(
            text("UPDATE crm_payouts SET deductions = :n, net_amount = gross_revenue - :n"),
            {"n": net + 1},
        )

    assert session.scalar(text("SELECT count(*) FROM crm_payout_totals")) < 600
    assert net_of(session, PayoutStatus.PENDING) == payout.gross_revenue - 600


def test_several_at_once_lose_nothing(own_database: str) -> None:
    with transaction(who="test") as session:
        owners = [make_owner(session).id for _ in range(8)]

    def work(owner_id: int) -> None:
        with transaction(who="test") as session:
            acts.approve(session, acts.create(session, owner_id).id)
            session.execute(text("SELECT crm_payout_totals_add_up()"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, owners))

    with transaction(who="test") as session:
        assert sums(session) == sums(session, _TRUTH)
        assert net_of(session, PayoutStatus.APPROVED) == 800_000


def test_the_application_cannot_write_them_itself(session: Session) -> None:
    with pytest.raises(ProgrammingError) as refused:
        session.execute(text("UPDATE crm_payout_totals SET net_amount = 0"))
    assert isinstance(refused.value.orig, InsufficientPrivilege)


def test_verify_finds_sums_that_strayed(session: Session) -> None:
    acts.new(session)
    session.execute(text("SET ROLE NONE"))
    session.execute(text("UPDATE crm_payout_totals SET net_amount = net_amount + 1"))

    assert any("pipeline" in sentence for sentence in invariants(session))
