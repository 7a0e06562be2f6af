"""Points of a record that was merged go to the one that stays."""

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict
from crm_core.loyalty.models import LoyaltyAccount, LoyaltyLot, LoyaltyTransaction
from crm_core.loyalty.schemas import Rule, TransactionType
from crm_core.loyalty.service import ledger
from crm_core.loyalty.service.ledger import Credit, Debit


def move_points(session: Session, stays_id: int, gone: LoyaltyAccount, *, why: str) -> None:
    """Lots keep the days they were earned and end on; a second welcome is not moved but ends.

    Both members are locked.
    """
    lots = session.execute(
        select(LoyaltyLot.id, LoyaltyLot.remaining, LoyaltyLot.earned_on, LoyaltyLot.expires_on)
        .join(LoyaltyTransaction, LoyaltyTransaction.id == LoyaltyLot.id)
        .where(
            LoyaltyLot.patient_id == gone.id,
            LoyaltyLot.remaining > 0,
            LoyaltyTransaction.rule != Rule.WELCOME.value,
        )
        .order_by(LoyaltyLot.id)
    ).all()
    if gone.balance:
        taken = Debit(gone.balance, Rule.MERGED, f"Merged: {why}", TransactionType.ADJUSTED)
        made = ledger.debit(session, gone, taken)
        stays = ledger.lock_account(session, stays_id)
        for lot in lots:
            _move_lot(session, stays, lot, made)
    session.execute(_MOVE_DEBT, {"stays": stays_id, "gone": gone.id})


def _move_lot(
    session: Session, stays: LoyaltyAccount, lot: Row[*tuple[object, ...]], taken_by: int
) -> None:
    moved = Credit(
        points=lot.remaining,
        rule=Rule.MERGED,
        description="Points of a merged record",
        kind=TransactionType.ADJUSTED,
        reference_type="lot",
        reference_id=f"{lot.id}/{taken_by}",
        earned_on=lot.earned_on,
        expires_on=lot.expires_on,
    )
    if ledger.credit(session, stays, moved) is None:
        raise Conflict("These points were moved already.")


_MOVE_DEBT = text(
    """
    WITH gone AS (UPDATE crm_loyalty_accounts a SET owed = 0
                  FROM (SELECT id, owed FROM crm_loyalty_accounts WHERE id = :gone) AS before
                  WHERE a.id = before.id RETURNING before.owed)
    UPDATE crm_loyalty_accounts SET owed = crm_loyalty_accounts.owed + gone.owed
    FROM gone WHERE id = :stays AND gone.owed > 0
    """
)
