"""The figures that are kept by day, the rules that `verify` checks, and the jobs that keep up."""

import pytest
from sqlalchemy.orm import Session

from crm_core import verify
from crm_core.base.clock import lagos_today
from crm_core.loyalty import queries, service
from crm_core.loyalty.schemas import LoyaltyStats, Tier
from crm_core.worker import jobs
from crm_core.worker import loyalty as jobs_of_loyalty
from tests.loyalty.acts import (
    adjust,
    books,
    cancel,
    earn,
    end_in,
    latest_redemption,
    merge,
    points,
    set_figure,
    set_tier,
    spend,
    tier,
    visit,
)
from tests.make_patients import make_patient
from tests.observe import executed, sql


def busy_programme(session: Session) -> int:
    """Members with everything that can happen to them; gives the first of them."""
    first, second, third = (make_patient(session).id for _ in range(3))
    earn(session, first, 600)
    visit(session, first, f"{first}-1")
    spend(session, first, 250)
    cancel(session, latest_redemption(session, first))
    spend(session, first, 40)
    set_tier(session, second, "gold")
    visit(session, second, f"{second}-1")
    spend(session, second, 600)
    service.undo_visit(session, second, visit_id=f"{second}-1")
    adjust(session, second, 30)
    end_in(session, earn(session, third, 70).id, -1)
    service.expire_points(session)
    merge(session, first, third)
    return first


def recomputed(session: Session) -> dict[str, int]:
    """The figures, from the rows."""
    row = sql(
        session,
        "SELECT (SELECT count(*) FROM crm_loyalty_accounts WHERE NOT merged) AS members,"
        " (SELECT sum(remaining) FROM crm_loyalty_lots) AS points_outstanding,"
        " coalesce(sum(points) FILTER (WHERE transaction_type = 'earned'), 0) AS points_earned,"
        " -coalesce(sum(points) FILTER (WHERE transaction_type = 'redeemed'), 0)"
        " AS points_redeemed,"
        " -coalesce(sum(points) FILTER (WHERE transaction_type = 'expired'), 0) AS points_expired"
        " FROM crm_loyalty_transactions",
    ).mappings()
    return dict(row.one())


def figures(stats: LoyaltyStats) -> dict[str, int]:
    wanted = ("members", "points_outstanding", "points_earned", "points_redeemed", "points_expired")
    return {name: getattr(stats, name) for name in wanted}


def test_the_figures_are_those_of_the_rows_before_and_after_folding(session: Session) -> None:
    busy_programme(session)
    set_figure(session, "naira_a_point", "1.5")
    before = queries.loyalty_stats(session)
    assert figures(before) == recomputed(session)
    assert service.fold_sums(session) > 0
    assert service.fold_sums(session) == 0
    assert queries.loyalty_stats(session) == before
    assert (before.members_by_tier[Tier.GOLD], before.members_by_tier[Tier.SILVER]) == (1, 1)
    assert float(before.liability) == before.points_outstanding * 1.5
    busy_programme(session)
    assert figures(queries.loyalty_stats(session)) == recomputed(session)
    service.fold_sums(session)
    assert figures(queries.loyalty_stats(session)) == recomputed(session)
    assert books(session) == []


def test_the_figures_of_an_empty_programme_are_zero(session: Session) -> None:
    assert set(figures(queries.loyalty_stats(session)).values()) == {0}


def test_figures_are_one_look_at_the_sums(session: Session) -> None:
    busy_programme(session)
    with executed(session) as seen:
        queries.loyalty_stats(session)
    assert len(seen) == 2
    assert all("crm_loyalty_transactions" not in query.statement for query in seen)


BROKEN = {
    "balance is not the sum of the ledger": "UPDATE crm_loyalty_accounts SET balance = balance + 1"
    " WHERE id = :id",
    "balance is not the sum of the rows up to it": "UPDATE crm_loyalty_transactions"
    " SET balance_after = 1 WHERE patient_id = :id AND rule = 'welcome'",
    "took other points from lots": "DELETE FROM crm_loyalty_consumptions",
    "a visit was awarded twice": "UPDATE crm_loyalty_transactions SET rule = 'visit',"
    " reference_type = 'visit', reference_id = :id || '-1'"
    " WHERE patient_id = :other AND points = 50",
    "was not given back once": "UPDATE crm_redemptions SET cancelled_at = NULL WHERE patient_id"
    " = :id AND cancelled_at IS NOT NULL",
    "not what is left in the lots": "UPDATE crm_loyalty_accounts SET balance = balance + 1"
    " WHERE id = :id",
    "what nothing consumed": "UPDATE crm_loyalty_lots SET remaining = remaining - 1"
    " WHERE patient_id = :id AND remaining > 0",
    "lot is not of the member": "UPDATE crm_loyalty_lots SET expires_on = expires_on + 1"
    " WHERE patient_id = :id",
    "lot of somebody else": "UPDATE crm_loyalty_consumptions SET lot_id ="
    " (SELECT id FROM crm_loyalty_lots WHERE patient_id = :other LIMIT 1)",
    "a patient is no member": "DELETE FROM crm_loyalty_accounts WHERE id = :newest",
    "merged record is a member": "UPDATE crm_loyalty_accounts SET merged = true WHERE id = :id",
    "what is owed": "UPDATE crm_loyalty_accounts SET owed = owed + 1 WHERE id = :id",
    "that of the last movement": "UPDATE crm_loyalty_accounts SET tier = 'platinum' WHERE id = :id",
    "below what the member's points reach": "UPDATE crm_loyalty_accounts SET tier = 'bronze'"
    " WHERE id = :id",
    "sum of the ledger is not that": "UPDATE crm_loyalty_sum_changes SET points = points + 1"
    " WHERE kind = 'ledger' AND name = 'redeemed'",
    "sum of a tier's members": "UPDATE crm_loyalty_sum_changes SET rows = rows + 1"
    " WHERE kind = 'tier' AND name = 'gold'",
    "sum of the points that end in a month": "DELETE FROM crm_loyalty_sum_changes"
    " WHERE kind = 'open'",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_names_who_breaks_it(session: Session, rule: str) -> None:
    patient_id = busy_programme(session)
    other = make_patient(session).id
    earn(session, other, 50)
    newest = make_patient(session).id
    assert books(session) == []
    sql(session, "SET LOCAL ROLE NONE")
    sql(session, "SET LOCAL session_replication_role = replica")  # neither triggers nor keys
    values = {"id": patient_id, "other": other, "newest": newest}
    given = {name: value for name, value in values.items() if f":{name}" in BROKEN[rule]}
    sql(session, BROKEN[rule], **given)
    named = [sentence for sentence in books(session) if rule in sentence]
    assert len(named) == 1
    assert ("loyalty", named[0]) in list(verify.faults(session))


def test_ended_points_are_taken_off_by_a_job(session: Session) -> None:
    member = make_patient(session).id
    end_in(session, earn(session, member, 30).id, -1)
    jobs_of_loyalty.expire_points(timestamp=0)
    assert points(session, member) == 100


def test_tiers_are_reviewed_by_a_job(session: Session) -> None:
    member = make_patient(session).id
    set_tier(session, member, "gold")
    sql(session, "UPDATE crm_loyalty_accounts SET review_on = :day", day=lagos_today())
    jobs_of_loyalty.review_tiers(timestamp=0)
    assert tier(session, member) == "silver"


def test_sums_are_folded_by_a_job(session: Session) -> None:
    busy_programme(session)
    jobs_of_loyalty.fold_sums(timestamp=0)
    left = sql(session, "SELECT count(*) FROM crm_loyalty_sum_changes").scalar_one()
    assert left == 0


def test_the_jobs_come_due_by_themselves() -> None:
    due = {
        periodic.task.name: periodic.cron
        for periodic in jobs.app.periodic_registry.periodic_tasks.values()
    }
    # Once an hour, and so at Lagos' midnight, which is 23:00 UTC.
    assert due["expire_points"] == "0 * * * *"
    assert due["fold_sums"] == "* * * * *"
    assert "review_tiers" in due
