"""Earning: the welcome, visits with their referral, points given or corrected, points ending."""

from decimal import Decimal

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from crm_core.base import parameters
from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.loyalty.models import LoyaltyAccount, LoyaltyTransaction
from crm_core.loyalty.schemas import (
    Adjustment,
    Earn,
    Rule,
    Tier,
    TransactionRead,
    TransactionType,
)
from crm_core.loyalty.service import ledger, tiers
from crm_core.loyalty.service.ledger import Credit, Debit
from crm_core.patients.models import Patient
from crm_core.people.schemas import Actor, Permission

VISITS = ("consultation", "follow_up", "procedure", "emergency", "telemedicine")


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


def award_visit(session: Session, patient_id: int, *, kind: str, visit_id: str) -> None:
    """Points for a completed visit, by its kind and the member's tier; and for a first referral.

    Called by whoever completes visits, in the same transaction; a second call awards nothing.
    """
    referrer_id = session.scalar(select(Patient.referred_by_id).where(Patient.id == patient_id))
    # Both at once and by id, so that two visits of friends, or the nightly expiry, only wait.
    ledger.lock_accounts(session, [patient_id, *filter(None, [referrer_id])])
    account = ledger.lock_account(session, patient_id)
    base = parameters.value_of(session, f"loyalty.visit_{kind}")
    given = Credit(
        points=round(base * _multiplier(session, Tier(account.tier))),
        rule=Rule.VISIT,
        description=f"Completed {kind.replace('_', ' ')}",
        reference_type="visit",
        reference_id=visit_id,
        counts_for_tier=True,
    )
    if ledger.credit(session, account, given) is not None:
        tiers.raise_tier(session, account)
        if referrer_id is not None:
            _award_referral(session, account, referrer_id)


def undo_visit(session: Session, patient_id: int, *, visit_id: str) -> None:
    """Takes a visit's points back within the balance; the rest is owed by the next earnings."""
    account = ledger.lock_account(session, patient_id)
    earned = session.execute(
        _OF_VISIT, {"patient_id": patient_id, "visit_id": visit_id}
    ).one_or_none()
    if earned is None or earned.undone:
        return
    taken = min(earned.points, account.balance)
    if taken:
        back = Debit(
            taken,
            Rule.RETURNED,
            "A visit was undone",
            TransactionType.ADJUSTED,
            reference_type="visit",
            reference_id=visit_id,
            counts_for_tier=True,
            first_lot=earned.id,
        )
        ledger.debit(session, account, back)
    session.execute(
        update(LoyaltyAccount)
        .where(LoyaltyAccount.id == patient_id)
        .values(owed=LoyaltyAccount.owed + (earned.points - taken))
    )


def expire_points(session: Session, *, limit: int = 2000) -> int:
    """Takes ended points off members' balances; gives how many members, 0 when all is done."""
    today = lagos_today()
    due = session.execute(_ENDED, {"today": today, "limit": limit}).scalars()
    ids = list(due)
    if ids:
        ledger.lock_accounts(session, ids)
        session.execute(ledger.EXPIRE, {"ids": ids, "today": today})
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


def _award_referral(session: Session, account: LoyaltyAccount, referrer_id: int) -> None:
    """Both sides, at the referred patient's first completed visit; the referrer up to a cap."""
    referred = Credit(
        points=int(parameters.value_of(session, "loyalty.referred")),
        rule=Rule.REFERRED,
        description="First visit after a referral",
        reference_type="patient",
        reference_id=str(account.id),
    )
    if ledger.credit(session, account, referred) is None:
        return
    referrer = ledger.lock_account(session, referrer_id)
    cap = int(parameters.value_of(session, "loyalty.referrals_a_month"))
    if session.execute(_REFERRALS, {"patient_id": referrer_id}).scalar_one() < cap:
        thanks = Credit(
            points=int(parameters.value_of(session, "loyalty.referrer")),
            rule=Rule.REFERRER,
            description="Referred a patient",
            reference_type="patient",
            reference_id=str(account.id),
        )
        ledger.credit(session, referrer, thanks)


def _earned_before(session: Session, patient_id: int, data: Earn) -> TransactionRead:
    found = session.scalars(
        select(LoyaltyTransaction).where(
            LoyaltyTransaction.patient_id == patient_id,
            LoyaltyTransaction.rule == Rule.GIVEN.value,
            LoyaltyTransaction.reference_type == data.reference_type,
            LoyaltyTransaction.reference_id == data.reference_id,
        )
    ).one()
    if found.points != data.points:
        raise Conflict(f"For this reference {found.points:,} points were given before.")
    return TransactionRead.model_validate(found)


_OF_VISIT = text(
    """
    SELECT e.id, e.points, EXISTS (
        SELECT FROM crm_loyalty_transactions u WHERE u.patient_id = e.patient_id
            AND u.rule = 'returned' AND u.reference_type = 'visit' AND u.reference_id = :visit_id
    ) AS undone
    FROM crm_loyalty_transactions e
    WHERE e.patient_id = :patient_id AND e.rule = 'visit' AND e.reference_type = 'visit'
      AND e.reference_id = :visit_id
    """
)
_ENDED = text(
    "SELECT DISTINCT patient_id FROM crm_loyalty_lots"
    " WHERE remaining > 0 AND expires_on < :today LIMIT :limit"
)
_REFERRALS = text(
    """
    SELECT count(*) FROM crm_loyalty_transactions
    WHERE patient_id = :patient_id AND rule = 'referrer'
      AND created_at >= crm_lagos_month(crm_lagos_today(), 0)
    """
)
