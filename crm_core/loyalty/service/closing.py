"""A member who is no longer a person here: points end by an ordinary row, the account is closed."""

from collections.abc import Sequence

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from crm_core.loyalty.models import LoyaltyAccount
from crm_core.loyalty.schemas import Rule, TransactionType
from crm_core.loyalty.service import ledger
from crm_core.loyalty.service.ledger import Debit


def lock_members(session: Session, patient_ids: Sequence[int]) -> None:
    """Their accounts, by id; not for doors either."""
    ledger.lock_accounts(session, patient_ids)


def close_members(session: Session, patient_ids: Sequence[int]) -> int:
    """Ends what is left of their points, and counts them as members no more; gives the points.

    Not for doors: whoever erases a person calls this, and has locked the members.
    """
    ended = sum(_end_points(session, patient_id) for patient_id in sorted(patient_ids))
    session.execute(
        update(LoyaltyAccount)
        .where(LoyaltyAccount.id == func.any(list(patient_ids)))
        .values(merged=True, owed=0)
    )
    return ended


def _end_points(session: Session, patient_id: int) -> int:
    account = ledger.lock_record(session, patient_id)
    left = account.balance
    if left:
        why = "The person was erased on request"
        ledger.debit(session, account, Debit(left, Rule.EXPIRED, why, TransactionType.EXPIRED))
    return left
