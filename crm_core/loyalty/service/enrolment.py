"""Registering a patient, who is a member from then on; merging two records of one person."""

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict, Invalid
from crm_core.loyalty.models import LoyaltyAccount, LoyaltyLot, LoyaltyTransaction
from crm_core.loyalty.queries import get_member
from crm_core.loyalty.schemas import MemberRead, Rule, TransactionType
from crm_core.loyalty.service import ledger, tiers
from crm_core.loyalty.service.earning import welcome
from crm_core.loyalty.service.ledger import Credit, Debit
from crm_core.patients import service as patients
from crm_core.patients.schemas import PatientCreate
from crm_core.people.schemas import Actor, Permission


def register_patient(session: Session, data: PatientCreate, *, actor: Actor) -> MemberRead:
    """A new patient, enrolled in the programme with the welcome points."""
    patient = patients.create_patient(session, data, actor=actor)
    today = lagos_today()
    session.add(LoyaltyAccount(id=patient.id, review_on=tiers.year_after(today)))
    session.flush()
    welcome(session, patient.id)
    return get_member(session, patient.id)


def merge_patients(
    session: Session, stays_id: int, gone_id: int, *, why: str, actor: Actor
) -> MemberRead:
    """Two records of one person become one: points go along, the welcome given twice does not."""
    actor.require(Permission.PATIENTS_WRITE)
    if stays_id == gone_id:
        raise Invalid.field("gone_id", "Choose two different patients.")
    ledger.lock_accounts(session, [stays_id, gone_id])
    stays, gone = (patients.lock_patient(session, i) for i in (stays_id, gone_id))
    if stays.referred_by_id == gone.id:
        stays.referred_by_id = None  # nobody refers themselves
    _move_points(session, stays_id, gone_id, why=why)
    patients.mark_merged(session, gone, stays)
    tiers.raise_tier(session, ledger.lock_account(session, stays_id))
    return get_member(session, stays_id)


def _move_points(session: Session, stays_id: int, gone_id: int, *, why: str) -> None:
    """Lots keep the day they end on; what is left of the second welcome ends here."""
    gone = ledger.lock_account(session, gone_id)
    lots = session.scalars(
        select(LoyaltyLot)
        .join(LoyaltyTransaction, LoyaltyTransaction.id == LoyaltyLot.id)
        .where(
            LoyaltyLot.patient_id == gone_id,
            LoyaltyLot.remaining > 0,
            LoyaltyTransaction.rule != Rule.WELCOME.value,
        )
        .order_by(LoyaltyLot.id)
    ).all()
    if gone.balance:
        taken = Debit(gone.balance, Rule.MERGED, f"Merged: {why}", TransactionType.ADJUSTED)
        ledger.debit(session, gone, taken)
    stays = ledger.lock_account(session, stays_id)
    for lot in lots:
        _move_lot(session, stays, lot)
    _move_debt(session, stays_id, gone_id)


def _move_lot(session: Session, stays: LoyaltyAccount, lot: LoyaltyLot) -> None:
    moved = Credit(
        points=lot.remaining,
        rule=Rule.MERGED,
        description="Points of a merged record",
        kind=TransactionType.ADJUSTED,
        reference_type="lot",
        reference_id=str(lot.id),
        expires_on=lot.expires_on,
    )
    if ledger.credit(session, stays, moved) is None:
        raise Conflict("These points were moved already.")


def _move_debt(session: Session, stays_id: int, gone_id: int) -> None:
    session.execute(_MOVE_DEBT, {"stays": stays_id, "gone": gone_id})


_MOVE_DEBT = text(
    """
    WITH gone AS (UPDATE crm_loyalty_accounts a SET owed = 0
                  FROM (SELECT id, owed FROM crm_loyalty_accounts WHERE id = :gone) AS before
                  WHERE a.id = before.id RETURNING before.owed)
    UPDATE crm_loyalty_accounts SET owed = crm_loyalty_accounts.owed + gone.owed
    FROM gone WHERE id = :stays
    """
)
