"""What the tests of loyalty do over and over: points in and out, days that pass, the books."""

from datetime import timedelta

from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.loyalty import explaining, queries, service
from crm_core.loyalty.invariants import invariants
from crm_core.loyalty.schemas import (
    Adjustment,
    Earn,
    LoyaltyRead,
    MemberRead,
    Redeem,
    RedemptionRead,
    Tier,
    TierChange,
    TransactionFilter,
    TransactionRead,
)
from tests.make_patients import ADJUSTER, DESK, join
from tests.observe import sql


def earn(session: Session, patient_id: int, points: int, reference: str = "") -> TransactionRead:
    """Points that count towards the tier."""
    named = {"reference_type": "till", "reference_id": reference} if reference else {}
    data = Earn.model_validate({"points": points, "description": "Given", **named})
    return service.earn(session, patient_id, data, actor=ADJUSTER)


def spend(session: Session, patient_id: int, points: int) -> TransactionRead:
    """So many points for a towel."""
    return redeem(session, patient_id, points=points, description="A towel")


def redeem(session: Session, patient_id: int, **what: object) -> TransactionRead:
    """A reward, or points for what is described."""
    return service.redeem(session, patient_id, Redeem.model_validate(what), actor=DESK)


def adjust(session: Session, patient_id: int, points: int) -> TransactionRead:
    """A correction."""
    data = Adjustment(points=points, reason="counted again")
    return service.adjust(session, patient_id, data, actor=ADJUSTER)


def cancel(session: Session, redemption_id: int) -> RedemptionRead:
    """A reward handed back."""
    return service.cancel_redemption(session, redemption_id, actor=DESK)


def visit(session: Session, patient_id: int, visit_id: str, kind: str = "consultation") -> None:
    """A completed visit."""
    service.award_visit(session, patient_id, kind=kind, visit_id=visit_id)


def set_tier(session: Session, patient_id: int, tier: str) -> None:
    """By hand."""
    data = TierChange(tier=Tier(tier), reason="a friend of the house")
    service.set_tier(session, patient_id, data, actor=ADJUSTER)


def merge(session: Session, stays_id: int, gone_id: int) -> MemberRead:
    """Two records of one person."""
    return join(session, stays_id, gone_id, why="the same")


def explain(session: Session, patient_id: int) -> LoyaltyRead:
    """The balance, explained."""
    return explaining.explain_balance(session, patient_id)


def points(session: Session, patient_id: int) -> int:
    """The balance."""
    return queries.get_member(session, patient_id).loyalty_points


def tier(session: Session, patient_id: int) -> str:
    """The tier."""
    return queries.get_member(session, patient_id).loyalty_tier.value


def lots(session: Session, patient_id: int) -> list[tuple[str, int]]:
    """Rule and what is left of each open lot, in the order they will be used."""
    return [(lot.rule.value, lot.remaining) for lot in explaining.open_lots(session, patient_id)]


def ledger(session: Session, patient_id: int) -> list[tuple[str, int]]:
    """The ledger's rows as rule and points, oldest first."""
    rows = sql(
        session,
        "SELECT rule, points FROM crm_loyalty_transactions WHERE patient_id = :id ORDER BY id",
        id=patient_id,
    )
    return [tuple(row) for row in rows]


def transactions(session: Session, patient_id: int) -> list[TransactionRead]:
    """The ledger as it is shown, newest first."""
    wanted = TransactionFilter(patient_id=patient_id, limit=100)
    return list(queries.list_transactions(wanted).page(session).rows)


def latest_redemption(session: Session, patient_id: int) -> int:
    """Its id."""
    return queries.redemptions_of(session, patient_id)[0].id


def age(session: Session, patient_id: int, days: int) -> None:
    """So many days pass for a member: lots, the ledger, the sums by day, the review."""
    sql(session, "SET LOCAL ROLE NONE")
    sql(session, "ALTER TABLE crm_loyalty_transactions DISABLE TRIGGER USER")
    for statement in _AGE.split(";"):
        given = {"id": patient_id, "days": days}
        sql(session, statement, **{name: given[name] for name in given if f":{name}" in statement})
    sql(session, "ALTER TABLE crm_loyalty_transactions ENABLE TRIGGER USER")
    sql(session, "SET LOCAL ROLE crm_app")


_AGE = """
UPDATE crm_loyalty_lots SET expires_on = expires_on - :days, earned_on = earned_on - :days
WHERE patient_id = :id;
UPDATE crm_loyalty_transactions SET expiry_date = expiry_date - :days,
    created_at = created_at - make_interval(days => :days) WHERE patient_id = :id;
UPDATE crm_loyalty_accounts SET review_on = review_on - :days WHERE id = :id;
DELETE FROM crm_loyalty_sums WHERE kind = 'ledger';
DELETE FROM crm_loyalty_sum_changes WHERE kind = 'ledger';
INSERT INTO crm_loyalty_sums
SELECT 'ledger', (created_at AT TIME ZONE 'Africa/Lagos')::date, transaction_type, sum(points),
    count(*) FROM crm_loyalty_transactions GROUP BY 2, 3
"""


def end_in(session: Session, lot_id: int, days: int) -> None:
    """The lot ends in so many days; 0 is today, to the end of the day."""
    sql(session, "SET LOCAL ROLE NONE")
    sql(session, "ALTER TABLE crm_loyalty_transactions DISABLE TRIGGER USER")
    day = lagos_today() + timedelta(days)
    sql(session, "UPDATE crm_loyalty_lots SET expires_on = :day WHERE id = :id", day=day, id=lot_id)
    sql(
        session,
        "UPDATE crm_loyalty_transactions SET expiry_date = :day WHERE id = :id",
        day=day,
        id=lot_id,
    )
    sql(session, "ALTER TABLE crm_loyalty_transactions ENABLE TRIGGER USER")
    sql(session, "SET LOCAL ROLE crm_app")


def books(session: Session) -> list[str]:
    """What is wrong with the books."""
    return list(invariants(session))


def set_figure(session: Session, name: str, value: object) -> None:
    """A setting of the programme."""
    sql(
        session,
        "UPDATE crm_parameters SET value = :value WHERE name = :name",
        name=f"loyalty.{name}",
        value=value,
    )
