"""Earning: the welcome, visits with their referral, points given or corrected, points ending."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from crm_core.base import parameters
from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.loyalty.models import LoyaltyTransaction, UndoneVisit
from crm_core.loyalty.schemas import (
    Adjustment,
    Earn,
    Rule,
    Tier,
    TransactionRead,
    TransactionType,
)
from crm_core.loyalty.service import ledger, statements, tiers
from crm_core.loyalty.service.ledger import Credit, Debit
from crm_core.loyalty.service.referral import award_first_visit, referrers_of
from crm_core.patients.models import Patient
from crm_core.people.schemas import Actor, Permission

VISITS = ("consultation", "follow_up", "procedure", "emergency", "telemedicine")


@dataclass(frozen=True)
class Award:
    """A ledger row that a visit brought."""

    id: int
    points: int
    reference_id: str
    undone: bool


def welcome(session: Session, patient_id: int) -> None:
    """Points for registering, once a patient."""
    account = ledger.lock_account(session, patient_id)
    given = Credit(
        points=int(parameters.value_of(session, "loyalty.welcome")),
        rule=Rule.WELCOME,
        description="Welcome bonus",
        reference_type="patient",
        reference_id=str(patient_id),
    )
    ledger.credit(session, account, given)


def earn(session: Session, patient_id: int, data: Earn, *, actor: Actor) -> TransactionRead:
    """Gives points; with a reference a second time gives the first row again."""
    actor.require(Permission.LOYALTY_ADJUST)
    if (data.reference_type is None) != (data.reference_id is None):
        raise Invalid.field("reference_id", "Give reference_type and reference_id together.")
    account = ledger.lock_account(session, patient_id)
    given = Credit(
        points=data.points,
        rule=Rule.GIVEN,
        description=data.description,
        reference_type=data.reference_type,
        reference_id=data.reference_id,
        counts_for_tier=True,
    )
    made = ledger.credit(session, account, given)
    if made is None:
        return _earned_before(session, patient_id, data)
    tiers.raise_tier(session, account)
    return read_transaction(session, made)


def adjust(session: Session, patient_id: int, data: Adjustment, *, actor: Actor) -> TransactionRead:
    """A correction is a new row with its reason; it does not count towards tiers."""
    actor.require(Permission.LOYALTY_ADJUST)
    if data.points == 0:
        raise Invalid.field("points", "Give points to add, or a negative number to take off.")
    account = ledger.lock_account(session, patient_id)
    adjusted = TransactionType.ADJUSTED
    if data.points > 0:
        given = Credit(data.points, Rule.ADJUSTMENT, data.reason, adjusted)
        made = ledger.credit(session, account, given)
    else:
        taken = Debit(-data.points, Rule.ADJUSTMENT, data.reason, adjusted)
        made = ledger.debit(session, account, taken)
    if made is None:
        raise Conflict("Nothing was adjusted.")
    return read_transaction(session, made)


def lock_for_visits(session: Session, patient_ids: Sequence[int]) -> None:
    """Locks these members and who referred them, all by id, before several visits are awarded.

    One lock after the other, in the order of the visits, could deadlock with the nightly expiry.
    """
    referrers = referrers_of(session, patient_ids)
    ledger.lock_stayed(session, sorted({*patient_ids, *referrers}))


def award_visit(session: Session, patient_id: int, *, kind: str, visit_id: str) -> None:
    """Points for a completed visit, by its kind and the member's tier; and for a first referral.

    Called by whoever completes visits, in the same transaction; a second call awards nothing,
    but a visit that was undone may be completed again.
    """
    referrer = referrers_of(session, [patient_id])
    # Both at once and by id, so that two visits of friends, or the nightly expiry, only wait.
    stayed = ledger.lock_stayed(session, [patient_id, *referrer])
    account = ledger.lock_account(session, stayed[0])
    before = _awards_of(session, account.id, visit_id)
    if before and not before[-1].undone:
        return
    base = parameters.value_of(session, f"loyalty.visit_{kind}")
    points = base * _multiplier(session, Tier(account.tier))
    given = Credit(
        points=int(points.to_integral_value(ROUND_HALF_UP)),
        rule=Rule.VISIT,
        description=f"Completed {kind.replace('_', ' ')}",
        reference_type="visit",
        reference_id=f"{visit_id}/{len(before) + 1}" if before else visit_id,
        counts_for_tier=True,
    )
    if ledger.credit(session, account, given) is not None:
        tiers.raise_tier(session, account)
    award_first_visit(session, account, stayed[1:])


def undo_visit(session: Session, patient_id: int, *, visit_id: str) -> None:
    """Takes a visit's points back within the balance; the rest is owed by the next earnings."""
    [stayed] = ledger.lock_stayed(session, [patient_id])
    account = ledger.lock_account(session, stayed)
    awards = _awards_of(session, account.id, visit_id)
    if not awards or awards[-1].undone:
        return
    earned = awards[-1]
    taken = min(earned.points, account.balance)
    if taken:
        back = Debit(
            taken,
            Rule.RETURNED,
            "A visit was undone",
            TransactionType.ADJUSTED,
            reference_type="visit",
            reference_id=earned.reference_id,
            first_lot=earned.id,
        )
        ledger.debit(session, account, back)
    owed = earned.points - taken
    session.add(UndoneVisit(id=earned.id, taken=taken, owed=owed))
    account.owed += owed
    session.flush()


def expire_points(session: Session, *, limit: int = 2000) -> int:
    """Takes ended points off members' balances; gives how many members, 0 when all is done."""
    today = lagos_today()
    due = session.execute(_ENDED, {"today": today, "limit": limit}).scalars()
    ids = list(due)
    if ids:
        ledger.lock_accounts(session, ids)
        session.execute(statements.EXPIRE, {"ids": ids, "today": today})
    return len(ids)


def fold_sums(session: Session) -> int:
    """Folds what triggers appended into the sums by day; gives how many rows."""
    folded: int = session.execute(text("SELECT crm_loyalty_fold()")).scalar_one()
    return folded


def read_transaction(session: Session, transaction_id: int) -> TransactionRead:
    """One row of the ledger."""
    found = session.get(LoyaltyTransaction, transaction_id)
    if found is None:
        raise NotFound("Transaction not found")
    return TransactionRead.model_validate(found)


def _multiplier(session: Session, tier: Tier) -> Decimal:
    if tier is Tier.BRONZE:
        return Decimal(1)
    return parameters.value_of(session, f"loyalty.{tier}_multiplier")


def _awards_of(session: Session, patient_id: int, visit_id: str) -> list[Award]:
    """What this visit was awarded, also on records that were merged into this one; latest last."""
    found = session.execute(_OF_VISIT, {"patient_id": patient_id, "visit_id": visit_id})
    return [Award(*row) for row in found]


def _earned_before(session: Session, patient_id: int, data: Earn) -> TransactionRead:
    found = session.scalars(
        select(LoyaltyTransaction)
        .join(Patient, Patient.id == LoyaltyTransaction.patient_id)
        .where(
            or_(Patient.id == patient_id, Patient.merged_into_id == patient_id),
            LoyaltyTransaction.rule == Rule.GIVEN.value,
            LoyaltyTransaction.reference_type == data.reference_type,
            LoyaltyTransaction.reference_id == data.reference_id,
        )
    ).first()
    if found is None:
        raise NotFound("Transaction not found")
    if found.points != data.points:
        raise Conflict(f"For this reference {found.points:,} points were given before.")
    return TransactionRead.model_validate(found)


_OF_VISIT = text(
    """
    SELECT e.id, e.points, e.reference_id,
           EXISTS (SELECT FROM crm_loyalty_undone_visits u WHERE u.id = e.id) AS undone
    FROM crm_loyalty_transactions e
    WHERE e.patient_id IN (
            SELECT :patient_id
            UNION ALL SELECT id FROM crm_patients WHERE merged_into_id = :patient_id)
      AND e.rule = 'visit' AND e.reference_type = 'visit'
      AND (e.reference_id = :visit_id OR starts_with(e.reference_id, :visit_id || '/'))
    ORDER BY e.id
    """
)
_ENDED = text(
    "SELECT DISTINCT patient_id FROM crm_loyalty_lots"
    " WHERE remaining > 0 AND expires_on < :today LIMIT :limit"
)
