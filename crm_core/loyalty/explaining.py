"""Explain my balance: each lot, what consumed it, what ends when, and why this tier."""

from datetime import date

from sqlalchemy import func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from crm_core.base.clock import lagos_today
from crm_core.base.errors import NotFound
from crm_core.base.paging import PageRequest
from crm_core.loyalty import standing
from crm_core.loyalty.benefits import benefits_of
from crm_core.loyalty.models import (
    LoyaltyAccount,
    LoyaltyConsumption,
    LoyaltyLot,
    LoyaltyTransaction,
)
from crm_core.loyalty.queries import list_transactions
from crm_core.loyalty.schemas import Expiring, LotRead, LoyaltyRead, Tier, TransactionFilter
from crm_core.patients.queries import surviving_id

MOST_LOTS = 500
"""So many are shown of a member's open lots; their sum counts them all."""


def explain_balance(
    session: Session, patient_id: int, request: PageRequest | None = None
) -> LoyaltyRead:
    """What is there, where it came from, when it ends, and why this tier.

    ``request`` pages through the ledger. Points that have ended but were not taken off yet are
    not counted; a merged record's id leads to the one that stayed.
    """
    patient_id = surviving_id(session, patient_id)
    account = session.get(LoyaltyAccount, patient_id, populate_existing=True)
    if account is None:
        raise NotFound("Patient not found")
    lots = open_lots(session, patient_id)
    points = standing.tier_points(session, patient_id)
    above = Tier(account.tier).next
    missing = None if above is None else max(0, standing.threshold(session, above) - points)
    paging = {} if request is None else request.model_dump()
    wanted = TransactionFilter(patient_id=patient_id, **paging)
    return LoyaltyRead(
        loyalty_points=_points_of(session, patient_id),
        loyalty_tier=Tier(account.tier),
        tier_points=points,
        points_to_next_tier=missing,
        next_tier=above,
        tier_reason=account.tier_reason,
        benefits=benefits_of(session, Tier(account.tier)).sentences,
        owed=account.owed,
        expiring=_by_end(lots),
        lots=lots,
        transactions=list(list_transactions(wanted).page(session).rows),
    )


def open_lots(session: Session, patient_id: int) -> list[LotRead]:
    """Lots with points left that have not ended, in the order they will be used."""
    found = session.execute(
        select(
            LoyaltyLot.id,
            LoyaltyLot.patient_id,
            LoyaltyTransaction.rule,
            LoyaltyTransaction.description,
            LoyaltyLot.points,
            LoyaltyLot.remaining,
            LoyaltyTransaction.counts_for_tier,
            LoyaltyLot.earned_on,
            LoyaltyLot.expires_on,
            _CONSUMED.label("consumed"),
        )
        .join(LoyaltyTransaction, LoyaltyTransaction.id == LoyaltyLot.id)
        .where(
            LoyaltyLot.patient_id == patient_id,
            LoyaltyLot.remaining > 0,
            LoyaltyLot.expires_on >= lagos_today(),
        )
        .order_by(LoyaltyLot.expires_on, LoyaltyLot.id)
        .limit(MOST_LOTS)
    )
    return [LotRead.model_validate(lot) for lot in found]


def _points_of(session: Session, patient_id: int) -> int:
    found: int = session.execute(
        select(func.coalesce(func.sum(LoyaltyLot.remaining), 0)).where(
            LoyaltyLot.patient_id == patient_id,
            LoyaltyLot.remaining > 0,
            LoyaltyLot.expires_on >= lagos_today(),
        )
    ).scalar_one()
    return found


def _by_end(lots: list[LotRead]) -> list[Expiring]:
    ends: dict[date, int] = {}
    for lot in lots:
        ends[lot.expires_on] = ends.get(lot.expires_on, 0) + lot.remaining
    return [Expiring(points=points, expiry_date=day) for day, points in ends.items()]


_TAKING = aliased(LoyaltyTransaction)
_CONSUMED = (
    select(
        func.coalesce(
            func.json_agg(
                aggregate_order_by(
                    func.json_build_object(
                        *("transaction_id", _TAKING.id, "points", LoyaltyConsumption.points),
                        *("description", _TAKING.description, "created_at", _TAKING.created_at),
                    ),
                    LoyaltyConsumption.id,
                )
            ),
            literal_column("'[]'::json"),
        )
    )
    .select_from(LoyaltyConsumption)
    .join(_TAKING, _TAKING.id == LoyaltyConsumption.transaction_id)
    .where(LoyaltyConsumption.lot_id == LoyaltyLot.id)
    .correlate(LoyaltyLot)
    .scalar_subquery()
)
