"""The lists behind the figures: each in the order of its time, so that a month of it is quick."""

from typing import Any

from sqlalchemy import ColumnElement, Date, bindparam, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute

from crm_core.base.read import Listing, Order, Read
from crm_core.loyalty.figures.schemas import (
    LedgerFilter,
    LedgerRow,
    MovementFilter,
    MovementRow,
    OpenLot,
    OpenLotFilter,
    RedemptionFilter,
    RedemptionRow,
)
from crm_core.loyalty.models import LoyaltyLot, LoyaltyTransaction, Redemption, TierMovementRow
from crm_core.patients.models import Patient

_WHOSE = (
    Patient.id.label("patient_id"),
    Patient.patient_code,
    func.concat_ws(literal_column("' '"), Patient.first_name, Patient.last_name).label(
        "patient_name"
    ),
)


def _days(column: Any) -> dict[str, ColumnElement[bool]]:
    """``date_from`` and ``date_to`` over an instant, both days included, in Lagos."""
    begins = func.crm_lagos_day(bindparam("date_from", type_=Date), literal_column("0"))
    ends = func.crm_lagos_day(bindparam("date_to", type_=Date), literal_column("1"))
    return {"date_from": column >= begins, "date_to": column < ends}


def _latest(*columns: InstrumentedAttribute[Any]) -> dict[str, Order]:
    return {"latest": Order(columns)}


LEDGER: Listing[LedgerRow] = Listing(
    schema=LedgerRow,
    statement=select(
        LoyaltyTransaction.id,
        *_WHOSE,
        LoyaltyTransaction.transaction_type,
        LoyaltyTransaction.rule,
        LoyaltyTransaction.points,
        LoyaltyTransaction.balance_after,
        LoyaltyTransaction.description,
        LoyaltyTransaction.created_at,
    ).join(Patient, Patient.id == LoyaltyTransaction.patient_id),
    filters={
        "transaction_type": LoyaltyTransaction.transaction_type == bindparam("transaction_type"),
        **_days(LoyaltyTransaction.created_at),
    },
    orders=_latest(LoyaltyTransaction.created_at, LoyaltyTransaction.id),
    key=LoyaltyTransaction.id,
    noun="Transaction",
)
OPEN_LOTS: Listing[OpenLot] = Listing(
    schema=OpenLot,
    statement=select(
        LoyaltyLot.id,
        *_WHOSE,
        LoyaltyLot.points,
        LoyaltyLot.remaining,
        LoyaltyLot.earned_on,
        LoyaltyLot.expires_on,
    )
    .join(Patient, Patient.id == LoyaltyLot.patient_id)
    .where(LoyaltyLot.remaining > literal_column("0")),
    filters={
        "ends_from": LoyaltyLot.expires_on >= bindparam("ends_from", type_=Date),
        "ends_to": LoyaltyLot.expires_on <= bindparam("ends_to", type_=Date),
    },
    orders={"soonest": Order((LoyaltyLot.expires_on, LoyaltyLot.id), descending=False)},
    key=LoyaltyLot.id,
    noun="Lot",
)
MOVEMENTS: Listing[MovementRow] = Listing(
    schema=MovementRow,
    statement=select(
        TierMovementRow.id,
        *_WHOSE,
        TierMovementRow.old_tier,
        TierMovementRow.new_tier,
        TierMovementRow.cause,
        TierMovementRow.created_at,
    ).join(Patient, Patient.id == TierMovementRow.patient_id),
    filters={
        "rose": TierMovementRow.rose == bindparam("rose"),
        **_days(TierMovementRow.created_at),
    },
    orders=_latest(TierMovementRow.created_at, TierMovementRow.id),
    key=TierMovementRow.id,
    noun="Change of tier",
)
REDEMPTIONS: Listing[RedemptionRow] = Listing(
    schema=RedemptionRow,
    statement=select(
        Redemption.id,
        *_WHOSE,
        Redemption.reward_id,
        Redemption.description,
        Redemption.points,
        Redemption.created_at,
        Redemption.cancelled_at,
    ).join(Patient, Patient.id == Redemption.patient_id),
    filters={
        "reward_id": Redemption.reward_id == bindparam("reward_id"),
        **_days(Redemption.created_at),
    },
    orders=_latest(Redemption.created_at, Redemption.id),
    key=Redemption.id,
    noun="Redemption",
)


def list_ledger(filters: LedgerFilter) -> Read[LedgerRow]:
    """Every member's transactions, the latest first."""
    return LEDGER.read(filters)


def list_open_lots(filters: OpenLotFilter) -> Read[OpenLot]:
    """Outstanding points, those that end soonest first."""
    return OPEN_LOTS.read(filters)


def list_movements(filters: MovementFilter) -> Read[MovementRow]:
    """Changes of tier, the latest first."""
    return MOVEMENTS.read(filters)


def list_redemptions(filters: RedemptionFilter) -> Read[RedemptionRow]:
    """Rewards taken, the latest first; also those that were given back."""
    return REDEMPTIONS.read(filters)
