"""The ledger itself: locking a member, adding a lot, taking from lots.

Every command locks the member's account first, in a statement of its own, so that what it
reads afterwards is what the last holder of the lock has left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_core.base import parameters
from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict, NotFound
from crm_core.loyalty.models import LoyaltyAccount
from crm_core.loyalty.schemas import Rule, Tier, TransactionType
from crm_core.loyalty.service import statements
from crm_core.patients.queries import surviving_ids


@dataclass(frozen=True)
class Credit:
    """Points to add. With a reference they are added once for that rule and source.

    Points that come from another record keep the days they were earned and end on.
    """

    points: int
    rule: Rule
    description: str
    kind: TransactionType = TransactionType.EARNED
    reference_type: str | None = None
    reference_id: str | None = None
    counts_for_tier: bool = False
    earned_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True)
class Debit:
    """Points to take: from ``first_lot`` if given, then from what ends soonest."""

    points: int
    rule: Rule
    description: str
    kind: TransactionType
    reference_type: str | None = None
    reference_id: str | None = None
    counts_for_tier: bool = False
    first_lot: int = 0


def lock_account(session: Session, patient_id: int) -> LoyaltyAccount:
    """The member, locked, with points that have ended already taken off.

    Raises:
        Conflict: the record was merged into another, where its points are now.
    """
    account = lock_record(session, patient_id)
    if account.merged:
        raise Conflict(
            "This record was merged into another, use that one; or its import was undone, or the"
            " person was erased."
        )
    return account


def lock_record(session: Session, patient_id: int) -> LoyaltyAccount:
    """The same, also where the record was merged into another."""
    lock_accounts(session, [patient_id])
    session.execute(statements.EXPIRE, {"ids": [patient_id], "today": lagos_today()})
    account = session.get(LoyaltyAccount, patient_id, populate_existing=True)
    if account is None:
        raise NotFound("Patient not found")
    return account


def lock_accounts(session: Session, patient_ids: Sequence[int]) -> None:
    """Several members, by id: one order for all, so that nobody deadlocks."""
    session.execute(
        select(LoyaltyAccount.id)
        .where(LoyaltyAccount.id == func.any(list(patient_ids)))
        .order_by(LoyaltyAccount.id)
        .with_for_update()
    )


def lock_stayed(session: Session, patient_ids: Sequence[int]) -> list[int]:
    """Locks members, and for a merged record also the one it leads to; gives the ids that stayed.

    Raises:
        Conflict: one of them was being merged meanwhile.
    """
    stayed = surviving_ids(session, patient_ids)
    lock_accounts(session, [*patient_ids, *stayed])
    if surviving_ids(session, patient_ids) != stayed:
        raise Conflict("This record was merged a moment ago: try again.")
    return stayed


def credit(session: Session, account: LoyaltyAccount, given: Credit) -> int | None:
    """Adds a lot to a locked account; None where this was earned before.

    What the member owes from earlier is taken off at once.
    """
    if given.points == 0:
        return None
    months = int(parameters.value_of(session, "loyalty.lot_months"))
    made: int | None = session.execute(
        statements.CREDIT,
        {
            "patient_id": account.id,
            "kind": given.kind.value,
            "points": given.points,
            "description": given.description,
            "rule": given.rule.value,
            "reference_type": given.reference_type,
            "reference_id": given.reference_id,
            "counts": given.counts_for_tier,
            "earned_on": given.earned_on,
            "expires_on": given.expires_on,
            "months": months,
        },
    ).scalar()
    session.refresh(account)
    if made is not None and account.owed > 0:
        _pay_back(session, account)
    return made


def debit(session: Session, account: LoyaltyAccount, taken: Debit) -> int:
    """Takes points from the lots of a locked account: all of them or none.

    Raises:
        Conflict: there are not enough points.
    """
    if account.balance < taken.points:
        raise Conflict(f"Not enough points: {account.balance:,} of {taken.points:,}.")
    made: int = session.execute(
        statements.DEBIT,
        {
            "patient_id": account.id,
            "kind": taken.kind.value,
            "points": taken.points,
            "description": taken.description,
            "rule": taken.rule.value,
            "reference_type": taken.reference_type,
            "reference_id": taken.reference_id,
            "counts": taken.counts_for_tier,
            "first_lot": taken.first_lot,
        },
    ).scalar_one()
    session.refresh(account)
    return made


def give_back(
    session: Session, account: LoyaltyAccount, transaction_id: int, *, description: str
) -> int:
    """Restores the very lots that a redemption was paid from; gives the new ledger row."""
    made: int = session.execute(
        statements.GIVE_BACK,
        {
            "patient_id": account.id,
            "transaction_id": transaction_id,
            "description": description,
        },
    ).scalar_one()
    session.refresh(account)
    return made


def change_tier(
    session: Session, account: LoyaltyAccount, tier: Tier, *, cause: str, held: bool = False
) -> None:
    """Moves a locked member to another tier, and says why; ``held`` there until the review."""
    session.execute(
        statements.MOVE,
        {"patient_id": account.id, "old": account.tier, "new": tier.value, "cause": cause},
    )
    session.execute(
        update(LoyaltyAccount)
        .where(LoyaltyAccount.id == account.id)
        .values(tier=tier.value, tier_reason=cause, tier_held=held)
    )
    session.refresh(account)


def _pay_back(session: Session, account: LoyaltyAccount) -> None:
    points = min(account.owed, account.balance)
    if points == 0:
        return
    why = "Owed from a visit that was undone"
    debit(session, account, Debit(points, Rule.PAID_BACK, why, TransactionType.ADJUSTED))
    session.execute(
        update(LoyaltyAccount)
        .where(LoyaltyAccount.id == account.id)
        .values(owed=LoyaltyAccount.owed - points)
    )
    session.refresh(account)
