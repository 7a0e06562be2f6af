"""Reads of the loyalty programme."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    bindparam,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.base import parameters
from crm_core.base.read import Listing, Order, Read
from crm_core.loyalty.models import (
    LoyaltyAccount,
    LoyaltyTransaction,
    Redemption,
    Reward,
    TierMovementRow,
)
from crm_core.loyalty.schemas import (
    LoyaltyStats,
    MemberFilter,
    MemberRead,
    PatientStats,
    RedemptionRead,
    RewardFilter,
    RewardRead,
    Tier,
    TierMovement,
    TransactionFilter,
    TransactionRead,
)
from crm_core.patients.models import Patient
from crm_core.patients.queries import (
    COLUMNS,
    FILTERS,
    ORDERS,
    UNFORESEEN,
    UNMERGED,
    surviving_id,
)


def _members(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Patients whose account is so; their index is in the order of the list."""
    accounts = select(LoyaltyAccount.id).where(condition, ~LoyaltyAccount.merged)
    return Patient.id.in_(accounts)


def _of_account(column: InstrumentedAttribute[int] | InstrumentedAttribute[str]) -> Any:
    """A column of the patient's account, looked up for the rows of the page alone.

    A join would tempt the planner to walk all accounts in the order of the list.
    """
    return select(column).where(LoyaltyAccount.id == Patient.id).scalar_subquery()


MEMBERS: Listing[MemberRead] = Listing(
    schema=MemberRead,
    statement=select(
        *COLUMNS,
        _of_account(LoyaltyAccount.balance).label("loyalty_points"),
        _of_account(LoyaltyAccount.tier).label("loyalty_tier"),
    ).where(UNMERGED),
    filters={
        **FILTERS,
        "loyalty_tier": _members(LoyaltyAccount.tier == bindparam("loyalty_tier")),
        "points_from": _members(
            LoyaltyAccount.balance >= bindparam("points_from", type_=BigInteger)
        ),
    },
    orders=ORDERS,
    key=Patient.id,
    noun="Patient",
    unforeseen=UNFORESEEN,
)
TRANSACTIONS: Listing[TransactionRead] = Listing(
    schema=TransactionRead,
    statement=select(
        LoyaltyTransaction.id,
        LoyaltyTransaction.patient_id,
        LoyaltyTransaction.transaction_type,
        LoyaltyTransaction.points,
        LoyaltyTransaction.balance_after,
        LoyaltyTransaction.description,
        LoyaltyTransaction.reference_type,
        LoyaltyTransaction.reference_id,
        LoyaltyTransaction.expiry_date,
        LoyaltyTransaction.created_at,
    ),
    filters={
        "patient_id": LoyaltyTransaction.patient_id == bindparam("patient_id"),
        "transaction_type": LoyaltyTransaction.transaction_type == bindparam("transaction_type"),
        "date_from": LoyaltyTransaction.created_at
        >= func.crm_lagos_day(bindparam("date_from", type_=Date), literal_column("0")),
        "date_to": LoyaltyTransaction.created_at
        < func.crm_lagos_day(bindparam("date_to", type_=Date), literal_column("1")),
    },
    orders={
        "newest": Order((LoyaltyTransaction.id,)),
        # Of some days: their index is walked, and not all that came later.
        "latest": Order((LoyaltyTransaction.created_at, LoyaltyTransaction.id)),
    },
    key=LoyaltyTransaction.id,
    noun="Transaction",
)
REWARDS: Listing[RewardRead] = Listing(
    schema=RewardRead,
    statement=select(
        Reward.id,
        Reward.name,
        Reward.description,
        Reward.cost,
        Reward.tier_cost,
        Reward.tier_cost_from,
        Reward.minimum_tier,
        Reward.stock,
        Reward.valid_from,
        Reward.valid_to,
        Reward.active,
        Reward.created_at,
    ),
    filters={"active": Reward.active == bindparam("active")},
    orders={"cost": Order((Reward.cost, Reward.id), descending=False)},
    key=Reward.id,
    noun="Reward",
)


def list_members(filters: MemberFilter) -> Read[MemberRead]:
    """Patients with their points and tier, newest first."""
    return MEMBERS.read(filters)


def get_member(session: Session, patient_id: int) -> MemberRead:
    """One patient with points and tier, by a merged record's id too.

    Raises:
        NotFound: there is none.
    """
    return MEMBERS.one(session, surviving_id(session, patient_id))


def list_transactions(filters: TransactionFilter) -> Read[TransactionRead]:
    """The ledger, newest first."""
    return TRANSACTIONS.read(filters)


def list_rewards(filters: RewardFilter) -> Read[RewardRead]:
    """Rewards, the cheapest first."""
    return REWARDS.read(filters)


def redemptions_of(session: Session, patient_id: int, *, limit: int = 50) -> list[RedemptionRead]:
    """The latest redemptions of a patient."""
    found = session.scalars(
        select(Redemption)
        .where(Redemption.patient_id == patient_id)
        .order_by(Redemption.id.desc())
        .limit(limit)
    )
    return [RedemptionRead.model_validate(redemption) for redemption in found]


def movements_of(session: Session, patient_id: int, *, limit: int = 50) -> list[TierMovement]:
    """How the tier of a patient moved, latest first."""
    found = session.scalars(
        select(TierMovementRow)
        .where(TierMovementRow.patient_id == patient_id)
        .order_by(TierMovementRow.id.desc())
        .limit(limit)
    )
    return [TierMovement.model_validate(movement) for movement in found]


def loyalty_stats(session: Session) -> LoyaltyStats:
    """The programme in figures, from sums that are kept by day."""
    sums: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in session.execute(_STATS):
        sums[(row.kind, row.name)] = (int(row.points), int(row.rows))
    by_tier = {tier: sums[("tier", tier)][1] for tier in Tier}
    outstanding = sums[("open", "open")][0]
    value = parameters.value_of(session, "loyalty.naira_a_point")
    return LoyaltyStats(
        members=sum(by_tier.values()),
        members_by_tier=by_tier,
        points_outstanding=outstanding,
        points_earned=sums[("ledger", "earned")][0],
        points_redeemed=-sums[("ledger", "redeemed")][0],
        points_expired=-sums[("ledger", "expired")][0],
        naira_a_point=value,
        liability=(outstanding * value).quantize(Decimal("0.01")),
    )


def patient_stats(session: Session) -> PatientStats:
    """Patients by state of care and tier, and how many were registered this month."""
    row = session.execute(_PATIENTS).mappings().one()
    by_tier = loyalty_stats(session).members_by_tier
    total = sum(by_tier.values())
    return PatientStats(
        total_patients=total,
        active_patients=total - row["inactive"] - row["deceased"],
        inactive_patients=row["inactive"],
        deceased_patients=row["deceased"],
        new_this_month=row["new_this_month"],
        tiers=by_tier,
    )


# The ledger of the last twelve months; members and open points as they are.
_STATS = text(
    """
    SELECT kind, name, sum(points) AS points, sum(rows) AS rows FROM crm_loyalty_totals
    WHERE kind IN ('tier', 'open')
       OR (kind = 'ledger' AND day > crm_lagos_today() - interval '12 months')
    GROUP BY kind, name
    """
)
# The many active ones are what is left of the sums; only the others are counted, in their index.
_PATIENTS = text(
    """
    SELECT (SELECT count(*) FROM crm_patients WHERE status = 'inactive' AND merged_into_id IS NULL)
               AS inactive,
           (SELECT count(*) FROM crm_patients WHERE status = 'deceased' AND merged_into_id IS NULL)
               AS deceased,
           (SELECT count(*) FROM crm_patients
            WHERE registration_date >= date_trunc('month', crm_lagos_today())
              AND merged_into_id IS NULL) AS new_this_month
    """
)
