"""The ledger itself: locking a member, adding a lot, taking from lots.

Every command locks the member's account first, in a statement of its own, so that what it
reads afterwards is what the last holder of the lock has left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from crm_core.base import parameters
from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict, NotFound
from crm_core.loyalty.models import LoyaltyAccount
from crm_core.loyalty.schemas import Rule, Tier, TransactionType


@dataclass(frozen=True)
class Credit:
    """Points to add. With a reference they are added once for that rule and source."""

    points: int
    rule: Rule
    description: str
    kind: TransactionType = TransactionType.EARNED
    reference_type: str | None = None
    reference_id: str | None = None
    counts_for_tier: bool = False
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
    """The member, locked, with points that have ended already taken off."""
    _lock(session, [patient_id])
    session.execute(EXPIRE, {"ids": [patient_id], "today": lagos_today()})
    account = session.get(LoyaltyAccount, patient_id, populate_existing=True)
    if account is None:
        raise NotFound("Patient not found")
    return account


def lock_accounts(session: Session, patient_ids: Sequence[int]) -> None:
    """Several members, by id: one order for all, so that nobody deadlocks."""
    _lock(session, patient_ids)


def credit(session: Session, account: LoyaltyAccount, given: Credit) -> int | None:
    """Adds a lot to a locked account; None where this was earned before.

    What the member owes from earlier is taken off at once.
    """
    if given.points == 0:
        return None
    months = int(parameters.value_of(session, "loyalty.lot_months"))
    made: int | None = session.execute(
        _CREDIT,
        {
            "patient_id": account.id,
            "kind": given.kind.value,
            "points": given.points,
            "description": given.description,
            "rule": given.rule.value,
            "reference_type": given.reference_type,
            "reference_id": given.reference_id,
            "counts": given.counts_for_tier,
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
        _DEBIT,
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
        _GIVE_BACK,
        {
            "patient_id": account.id,
            "transaction_id": transaction_id,
            "description": description,
        },
    ).scalar_one()
    session.refresh(account)
    return made


def change_tier(session: Session, account: LoyaltyAccount, tier: Tier, *, cause: str) -> None:
    """Moves a locked member to another tier, and says why."""
    session.execute(
        _MOVE,
        {"patient_id": account.id, "old": account.tier, "new": tier.value, "cause": cause},
    )
    session.execute(
        update(LoyaltyAccount)
        .where(LoyaltyAccount.id == account.id)
        .values(tier=tier.value, tier_reason=cause)
    )
    session.refresh(account)


def _lock(session: Session, patient_ids: Sequence[int]) -> None:
    session.execute(
        select(LoyaltyAccount.id)
        .where(LoyaltyAccount.id == func.any(list(patient_ids)))
        .order_by(LoyaltyAccount.id)
        .with_for_update()
    )


def _pay_back(session: Session, account: LoyaltyAccount) -> None:
    points = min(account.owed, account.balance)
    if points == 0:
        return
    debit(
        session,
        account,
        Debit(points, Rule.RETURNED, "Owed from a visit that was undone", TransactionType.ADJUSTED),
    )
    session.execute(
        update(LoyaltyAccount)
        .where(LoyaltyAccount.id == account.id)
        .values(owed=LoyaltyAccount.owed - points)
    )
    session.refresh(account)


_CREDIT = text(
    """
    WITH made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule, reference_type, reference_id, counts_for_tier, expiry_date)
        SELECT id, :kind, :points, balance + :points, :description, :rule,
               CAST(:reference_type AS varchar), CAST(:reference_id AS varchar), :counts,
               coalesce(CAST(:expires_on AS date),
                        CAST(crm_lagos_today() + make_interval(months => :months) AS date))
        FROM crm_loyalty_accounts WHERE id = :patient_id
        ON CONFLICT (patient_id, rule, reference_type, reference_id)
            WHERE reference_id IS NOT NULL DO NOTHING
        RETURNING id, patient_id, points, expiry_date
    ), lot AS (
        INSERT INTO crm_loyalty_lots (id, patient_id, points, remaining, expires_on)
        SELECT id, patient_id, points, points, expiry_date FROM made
    ), balance AS (
        UPDATE crm_loyalty_accounts a SET balance = a.balance + made.points
        FROM made WHERE a.id = made.patient_id
    )
    SELECT id FROM made
    """
)
_DEBIT = text(
    """
    WITH picked AS (
        SELECT id, least(remaining, :points - before) AS points FROM (
            SELECT id, remaining, sum(remaining) OVER (
                ORDER BY id <> :first_lot, expires_on, id) - remaining AS before
            FROM crm_loyalty_lots WHERE patient_id = :patient_id AND remaining > 0) AS open
        WHERE before < :points
    ), made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule, reference_type, reference_id, counts_for_tier)
        SELECT id, :kind, -:points, balance - :points, :description, :rule,
               CAST(:reference_type AS varchar), CAST(:reference_id AS varchar), :counts
        FROM crm_loyalty_accounts WHERE id = :patient_id
        RETURNING id, patient_id
    ), consumed AS (
        INSERT INTO crm_loyalty_consumptions (lot_id, transaction_id, points)
        SELECT picked.id, made.id, picked.points FROM picked, made
    ), reduced AS (
        UPDATE crm_loyalty_lots l SET remaining = l.remaining - picked.points
        FROM picked WHERE l.id = picked.id
    ), balance AS (
        UPDATE crm_loyalty_accounts a SET balance = a.balance - :points
        FROM made WHERE a.id = made.patient_id
    )
    SELECT id FROM made
    """
)
_GIVE_BACK = text(
    """
    WITH taken AS (
        SELECT lot_id, points FROM crm_loyalty_consumptions WHERE transaction_id = :transaction_id
    ), total AS (SELECT sum(points) AS points FROM taken),
    made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule, reference_type, reference_id)
        SELECT a.id, 'adjusted', total.points, a.balance + total.points, :description, 'returned',
               'transaction', CAST(:transaction_id AS varchar)
        FROM crm_loyalty_accounts a, total WHERE a.id = :patient_id
        RETURNING id, patient_id, points
    ), consumed AS (
        INSERT INTO crm_loyalty_consumptions (lot_id, transaction_id, points)
        SELECT taken.lot_id, made.id, -taken.points FROM taken, made
    ), restored AS (
        UPDATE crm_loyalty_lots l SET remaining = l.remaining + taken.points
        FROM taken WHERE l.id = taken.lot_id
    ), balance AS (
        UPDATE crm_loyalty_accounts a SET balance = a.balance + made.points
        FROM made WHERE a.id = made.patient_id
    )
    SELECT id FROM made
    """
)
_MOVE = text(
    "INSERT INTO crm_loyalty_tier_movements (patient_id, old_tier, new_tier, cause)"
    " VALUES (:patient_id, :old, :new, :cause)"
)
EXPIRE = text(
    """
    WITH due AS (
        SELECT id, patient_id, remaining FROM crm_loyalty_lots
        WHERE patient_id = ANY(:ids) AND remaining > 0 AND expires_on < :today
    ), made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule)
        SELECT a.id, 'expired', -d.points, a.balance - d.points, 'Points ended', 'returned'
        FROM crm_loyalty_accounts a
        JOIN (SELECT patient_id, sum(remaining) AS points FROM due GROUP BY 1) d
            ON d.patient_id = a.id
        RETURNING id, patient_id, points
    ), consumed AS (
        INSERT INTO crm_loyalty_consumptions (lot_id, transaction_id, points)
        SELECT due.id, made.id, due.remaining FROM due JOIN made USING (patient_id)
    ), ended AS (
        UPDATE crm_loyalty_lots l SET remaining = 0 FROM due WHERE l.id = due.id
    ), balance AS (
        UPDATE crm_loyalty_accounts a SET balance = a.balance + made.points
        FROM made WHERE a.id = made.patient_id
    )
    SELECT count(*), coalesce(-sum(points), 0) FROM made
    """
)
