"""What an owner's line says of their payouts: kept by the payouts themselves, whoever writes."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.owners import queries as owners
from crm_core.owners.schemas import OwnerRead
from crm_core.payouts.invariants import invariants
from tests.make_business import make_owner
from tests.observe import history_of, sql
from tests.payouts.acts import ACTS, LEADS, approve, create, new

MONTHS = [{"period_start": f"2025-0{m}-01", "period_end": f"2025-0{m}-28"} for m in range(1, 7)]


def owner_of(session: Session, owner_id: int) -> OwnerRead:
    return owners.get_owner(session, owner_id)


def due(session: Session, days: int) -> int:
    """An owner with one payout that is due so many days from today."""
    end = lagos_today() - timedelta(14 - days)
    return new(session, period_start=end - timedelta(9), period_end=end).id


def test_every_payout_counts_whatever_became_of_it(session: Session) -> None:
    owner_id = make_owner(session).id
    ids = [create(session, owner_id, month).id for month in MONTHS[:3]]
    ACTS["reject"](session, ids[0])
    ACTS["cancel"](session, ids[1])
    owner = owner_of(session, owner_id)
    assert (owner.payout_count, owner.total_payouts) == ("3", Decimal(300_000))


@pytest.mark.parametrize(("days", "status"), [(0, "current"), (-1, "overdue"), (1, "current")])
def test_an_approved_payout_is_overdue_the_day_after_it_is_due(
    session: Session, days: int, status: str
) -> None:
    payout_id = due(session, days)
    owner_id = approve(session, payout_id).owner_id
    assert owner_of(session, owner_id).payment_status == status


def test_a_payout_that_awaits_approval_is_pending_however_late(session: Session) -> None:
    due(session, -100)
    [owner] = sql(session, "SELECT id FROM crm_owners").scalars()
    assert owner_of(session, owner).payment_status == "pending"


def test_a_late_one_outweighs_one_that_waits(session: Session) -> None:
    owner_id = make_owner(session).id
    approve(session, create(session, owner_id, MONTHS[0]).id)
    create(session, owner_id, MONTHS[1])
    assert owner_of(session, owner_id).payment_status == "overdue"


def test_paying_makes_the_owner_current(session: Session) -> None:
    payout_id = due(session, -5)
    owner_id = approve(session, payout_id).owner_id
    ACTS["pay"](session, payout_id)
    assert owner_of(session, owner_id).payment_status == "current"


def test_a_payout_changes_neither_version_nor_history_of_its_owner(session: Session) -> None:
    owner = make_owner(session)
    lines = len(history_of(session, "crm_owners", owner.id))
    create(session, owner.id)
    assert owner_of(session, owner.id).version == owner.version
    assert len(history_of(session, "crm_owners", owner.id)) == lines


@pytest.mark.parametrize("seed", range(3))
def test_the_totals_never_stray_from_a_recomputation(session: Session, seed: int) -> None:
    chance = random.Random(seed)
    owner_ids = [make_owner(session).id for _ in range(3)]
    ids = [create(session, owner_id, month).id for owner_id in owner_ids for month in MONTHS]
    in_bulk = [
        (
            "UPDATE crm_payouts SET gross_revenue = gross_revenue + 7, net_amount = net_amount + 7"
            " WHERE status IN ('pending', 'approved')"
        ),
        "UPDATE crm_payouts SET status = 'cancelled' WHERE status = 'pending' AND id % 7 = :n",
        "UPDATE crm_payouts SET period_end = period_end - 1 WHERE status = 'pending'",
        "UPDATE crm_payouts SET status = 'pending' WHERE status = 'approved' AND id % 3 = :n",
        "UPDATE crm_payouts SET status = 'reversed' WHERE status = 'paid' AND id % 3 = :n",
    ]
    for _ in range(25):
        payout_id = chance.choice(ids)
        state = sql(session, "SELECT status FROM crm_payouts WHERE id = :i", i=payout_id).scalar()
        possible = [act for act, leads in LEADS.items() if state in leads]
        if possible and chance.random() < 0.8:
            ACTS[chance.choice(possible)](session, payout_id)
        else:
            statement = chance.choice(in_bulk)
            values = {"n": chance.randrange(3)} if ":n" in statement else {}
            sql(session, statement, **values)
        broken = [line for line in invariants(session) if "totals" in line]
        assert broken == [], f"seed {seed}"
    sql(session, "SET ROLE crm_owner")
    sql(session, "DELETE FROM crm_payout_approvals")
    sql(session, "DELETE FROM crm_payout_attempts")
    sql(session, "DELETE FROM crm_payouts WHERE id % 2 = 0")
    sql(session, "SET ROLE crm_app")
    assert [line for line in invariants(session) if "totals are not" in line] == []
