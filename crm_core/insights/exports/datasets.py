"""What can be exported: each data set with its columns, documented, and its filters.

The patient's code stands for the person in every set, so that sets can be joined; whatever
names a person directly is an *identifier* and left out unless the actor may see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, Select, case, cast, extract, func, literal_column, or_, select
from sqlalchemy.types import BigInteger

from crm_core.appointments.models import Appointment
from crm_core.base.errors import Invalid
from crm_core.base.paging import PageRequest
from crm_core.base.read import Listing
from crm_core.base.words import RecordId
from crm_core.insights.exports.columns import ColumnDoc
from crm_core.loyalty.models import (
    LoyaltyAccount,
    LoyaltyLot,
    LoyaltyTransaction,
)
from crm_core.loyalty.queries import MEMBERS, TRANSACTIONS
from crm_core.loyalty.schemas import MemberFilter, TransactionFilter, TransactionType
from crm_core.patients.models import Patient


class Dataset(StrEnum):
    """The sets of the loyalty programme."""

    MEMBERS = "members"
    TRANSACTIONS = "transactions"
    LOTS = "lots"
    FEATURES = "features"


@dataclass(frozen=True)
class DatasetSpec:
    """A set: its columns, where they come from, and the list whose filters it takes."""

    columns: Sequence[ColumnDoc]
    source: Select[*tuple[Any, ...]]
    listing: Listing[Any]
    filter_class: type[PageRequest]


class ExportFilter(MemberFilter):
    """The filters of every set; one that a set does not have is refused."""

    patient_id: RecordId | None = None
    transaction_type: TransactionType | None = None
    date_from: date | None = None
    date_to: date | None = None


def filter_for(dataset: Dataset, given: ExportFilter) -> PageRequest:
    """The filters as the set's list takes them.

    Raises:
        Invalid: a filter that this set does not have.
    """
    wanted = given.model_dump(exclude_none=True, exclude={"page", "limit", "cursor"})
    known = DATASETS[dataset].filter_class
    for name in wanted:
        if name not in known.model_fields:
            raise Invalid.field(name, f"The set {dataset} cannot be filtered by {name}.")
    return known(**wanted)


def documentation(dataset: Dataset) -> list[ColumnDoc]:
    """Each column with its name, type and meaning, and whether it identifies a person."""
    return list(DATASETS[dataset].columns)


def filters_of(dataset: Dataset) -> frozenset[str]:
    """The names of what the set can be filtered by."""
    return frozenset(DATASETS[dataset].filter_class.model_fields) - set(PageRequest.model_fields)


def _text(name: str, column: Any, meaning: str, *, identifier: bool = False) -> ColumnDoc:
    return ColumnDoc(name, column, "string", meaning, identifier, typed=True)


_CODE = ColumnDoc("patient_code", Patient.patient_code, "string", "Stands for the patient")
_PERSON = (
    _text("first_name", Patient.first_name, "First name", identifier=True),
    _text("last_name", Patient.last_name, "Last name", identifier=True),
    _text("phone", Patient.phone, "Mobile number", identifier=True),
    _text("email", Patient.email, "Email address", identifier=True),
    ColumnDoc("date_of_birth", Patient.date_of_birth, "date", "Day of birth", identifier=True),
)


def _consents() -> list[ColumnDoc]:
    return [
        ColumnDoc(
            f"consents_{channel}",
            Patient.communication_preferences[channel].as_boolean(),
            "bool",
            f"Agreed to be reached by {channel}",
        )
        for channel in ("sms", "email", "whatsapp", "push")
    ]


_MEMBER_COLUMNS = (
    _CODE,
    *_PERSON,
    ColumnDoc("gender", Patient.gender, "string", "male, female or other"),
    ColumnDoc(
        "birth_year",
        cast(extract("year", Patient.date_of_birth), BigInteger),
        "int64",
        "Year of birth",
    ),
    ColumnDoc("state", Patient.state, "string", "State of residence"),
    ColumnDoc("lga", Patient.lga, "string", "Local government area of residence"),
    ColumnDoc("status", Patient.status, "string", "active, inactive or deceased"),
    ColumnDoc("registration_date", Patient.registration_date, "date", "Day of registration"),
    ColumnDoc("last_visit_date", Patient.last_visit_date, "date", "Day of the last visit"),
    ColumnDoc("visit_count", Patient.visit_count, "int64", "Completed visits ever"),
    ColumnDoc("loyalty_tier", LoyaltyAccount.tier, "string", "Tier at the time of the export"),
    ColumnDoc("loyalty_points", LoyaltyAccount.balance, "int64", "Points at that time"),
    *_consents(),
)
_TRANSACTION_COLUMNS = (
    ColumnDoc("transaction_id", LoyaltyTransaction.id, "int64", "Grows with time"),
    _CODE,
    ColumnDoc("created_at", LoyaltyTransaction.created_at, "timestamp", "Instant, UTC"),
    ColumnDoc(
        "transaction_type",
        LoyaltyTransaction.transaction_type,
        "string",
        "earned, redeemed, expired or adjusted",
    ),
    ColumnDoc("rule", LoyaltyTransaction.rule, "string", "Why, such as visit or welcome"),
    ColumnDoc("points", LoyaltyTransaction.points, "int64", "Signed"),
    ColumnDoc("balance_after", LoyaltyTransaction.balance_after, "int64", "Balance after it"),
    _text("description", LoyaltyTransaction.description, "In words"),
    ColumnDoc("counts_for_tier", LoyaltyTransaction.counts_for_tier, "bool", "Towards tiers"),
    ColumnDoc("expiry_date", LoyaltyTransaction.expiry_date, "date", "Last day of these points"),
)
_LOT_COLUMNS = (
    ColumnDoc("lot_id", LoyaltyLot.id, "int64", "The transaction that brought the points"),
    _CODE,
    ColumnDoc("rule", LoyaltyTransaction.rule, "string", "Why they were earned"),
    ColumnDoc("earned_on", LoyaltyLot.earned_on, "date", "Day they were earned"),
    ColumnDoc("expires_on", LoyaltyLot.expires_on, "date", "Last day they can be used"),
    ColumnDoc("points", LoyaltyLot.points, "int64", "Points earned"),
    ColumnDoc("remaining", LoyaltyLot.remaining, "int64", "Points left at the time of the export"),
)

# One pass over the ledger; a patient without a row in the year has zeros.
_YEAR = (
    select(
        LoyaltyTransaction.patient_id,
        func.count().label("movements"),
        func.sum(case((LoyaltyTransaction.points > 0, LoyaltyTransaction.points), else_=0)).label(
            "earned"
        ),
        func.sum(
            case(
                (LoyaltyTransaction.transaction_type == "redeemed", -LoyaltyTransaction.points),
                else_=0,
            )
        ).label("redeemed"),
        func.count().filter(LoyaltyTransaction.rule == "visit").label("visits"),
        func.max(LoyaltyTransaction.created_at).label("latest"),
    )
    .where(
        LoyaltyTransaction.created_at > func.now() - literal_column("interval '12 months'"),
        or_(
            LoyaltyTransaction.transaction_type == "earned",
            LoyaltyTransaction.transaction_type == "redeemed",
        ),
    )
    .group_by(LoyaltyTransaction.patient_id)
    .subquery("year")
)
_MISSED = (
    select(Appointment.patient_id, func.count().label("visits"))
    .where(
        Appointment.status == "no_show",
        Appointment.starts_at > func.now() - literal_column("interval '12 months'"),
    )
    .group_by(Appointment.patient_id)
    .subquery("missed")
)
_TODAY = func.crm_lagos_today(type_=Date)
_FEATURE_COLUMNS = (
    _CODE,
    ColumnDoc(
        "recency_days",
        _TODAY - cast(func.timezone("Africa/Lagos", _YEAR.c.latest), Date),
        "int64",
        "Days since points last moved by the patient; empty: not in twelve months",
    ),
    ColumnDoc(
        "frequency",
        func.coalesce(_YEAR.c.movements, 0),
        "int64",
        "Earnings and redemptions, a year",
    ),
    ColumnDoc("points_earned", func.coalesce(_YEAR.c.earned, 0), "int64", "In twelve months"),
    ColumnDoc("points_redeemed", func.coalesce(_YEAR.c.redeemed, 0), "int64", "In twelve months"),
    ColumnDoc("points_balance", LoyaltyAccount.balance, "int64", "Now"),
    ColumnDoc("visits", func.coalesce(_YEAR.c.visits, 0), "int64", "Completed, in twelve months"),
    ColumnDoc("visits_ever", Patient.visit_count, "int64", "Completed, ever"),
    ColumnDoc("no_shows", func.coalesce(_MISSED.c.visits, 0), "int64", "Missed, in twelve months"),
    ColumnDoc(
        "tenure_days", _TODAY - Patient.registration_date, "int64", "Days since registration"
    ),
    ColumnDoc("loyalty_tier", LoyaltyAccount.tier, "string", "Now"),
    ColumnDoc("gender", Patient.gender, "string", "male, female or other"),
    ColumnDoc(
        "birth_year",
        cast(extract("year", Patient.date_of_birth), BigInteger),
        "int64",
        "Year of birth",
    ),
    ColumnDoc("state", Patient.state, "string", "State of residence"),
    *_consents(),
)

DATASETS: dict[Dataset, DatasetSpec] = {
    Dataset.MEMBERS: DatasetSpec(
        _MEMBER_COLUMNS,
        select().select_from(Patient).join(LoyaltyAccount, LoyaltyAccount.id == Patient.id),
        MEMBERS,
        MemberFilter,
    ),
    Dataset.TRANSACTIONS: DatasetSpec(
        _TRANSACTION_COLUMNS,
        select()
        .select_from(LoyaltyTransaction)
        .join(Patient, Patient.id == LoyaltyTransaction.patient_id),
        TRANSACTIONS,
        TransactionFilter,
    ),
    Dataset.LOTS: DatasetSpec(
        _LOT_COLUMNS,
        select()
        .select_from(LoyaltyLot)
        .join(LoyaltyTransaction, LoyaltyTransaction.id == LoyaltyLot.id)
        .join(Patient, Patient.id == LoyaltyLot.patient_id)
        .join(LoyaltyAccount, LoyaltyAccount.id == Patient.id),
        MEMBERS,
        MemberFilter,
    ),
    Dataset.FEATURES: DatasetSpec(
        _FEATURE_COLUMNS,
        select()
        .select_from(Patient)
        .join(LoyaltyAccount, LoyaltyAccount.id == Patient.id)
        .outerjoin(_YEAR, _YEAR.c.patient_id == Patient.id)
        .outerjoin(_MISSED, _MISSED.c.patient_id == Patient.id),
        MEMBERS,
        MemberFilter,
    ),
}
