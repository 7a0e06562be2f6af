"""Every list as a file, with the filters that are on it: what stands in its rows, for all pages.

Who may see a list and may export takes it away. What names a patient, and what was said to or of
one, is left out unless the role may see who is who; who was chosen by health, unless it may know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Numeric,
    Subquery,
    Text,
    cast,
    select,
)
from sqlalchemy.types import TypeEngine

from crm_core.appointments.queries import APPOINTMENTS
from crm_core.appointments.schemas import AppointmentFilter
from crm_core.base.errors import Invalid, NotFound
from crm_core.base.paging import PageRequest
from crm_core.base.read import Listing
from crm_core.base.statements import compiled_text
from crm_core.base.validation import problems_of
from crm_core.campaigns.people import RECIPIENTS
from crm_core.campaigns.queries import CAMPAIGNS
from crm_core.campaigns.schemas import CampaignFilter, RecipientFilter
from crm_core.campaigns.segments.health import NOT_BY_HEALTH
from crm_core.feedback.lists import FEEDBACK
from crm_core.feedback.schemas import FeedbackFilter
from crm_core.hospitals.queries import HOSPITALS
from crm_core.hospitals.schemas import HospitalFilter
from crm_core.insights.exports.columns import ColumnDoc
from crm_core.insights.exports.streaming import Export, Format, as_text
from crm_core.insights.history import HISTORY
from crm_core.insights.schemas import HistoryFilter
from crm_core.loyalty.figures.lists import LEDGER, MOVEMENTS, OPEN_LOTS, REDEMPTIONS
from crm_core.loyalty.figures.schemas import (
    LedgerFilter,
    MovementFilter,
    OpenLotFilter,
    RedemptionFilter,
)
from crm_core.loyalty.queries import MEMBERS
from crm_core.loyalty.schemas import MemberFilter
from crm_core.messaging.queries import COMMUNICATIONS
from crm_core.messaging.schemas import CommunicationFilter
from crm_core.owners.contracts import CONTRACTS
from crm_core.owners.queries import OWNERS
from crm_core.owners.schemas import ContractFilter, OwnerFilter
from crm_core.payouts.queries import PAYOUTS
from crm_core.payouts.schemas import PayoutFilter
from crm_core.people.schemas import Actor, Permission

_PERSON = frozenset(
    {
        "first_name",
        "last_name",
        "middle_name",
        "email",
        "phone",
        "alternate_phone",
        "date_of_birth",
        "address",
        "nin",
        "nhis_number",
        "referral_code",
        "emergency_contact_name",
        "emergency_contact_phone",
        "emergency_contact_relationship",
        "patient_name",
    }
)
_HEALTH = frozenset({"blood_group", "genotype", "allergies", "chronic_conditions"})


@dataclass(frozen=True)
class ListSpec:
    """A list that can be taken away.

    Attributes:
        needs: the permission to see it.
        table: what its rows are kept in, for the history.
        identifiers: columns that say who somebody is.
        sensitive: columns about somebody's health.
        plain: rows that tell nothing of anybody's health; None where all are such.
    """

    listing: Listing[Any]
    filter_class: type[PageRequest]
    needs: Permission
    table: str
    identifiers: frozenset[str] = frozenset()
    sensitive: frozenset[str] = field(default=frozenset())
    plain: ColumnElement[bool] | None = None


_NAME = frozenset({"patient_name"})
LISTS: dict[str, ListSpec] = {
    "owners": ListSpec(OWNERS, OwnerFilter, Permission.OWNERS_READ, "crm_owners"),
    "contracts": ListSpec(CONTRACTS, ContractFilter, Permission.OWNERS_READ, "crm_owner_contracts"),
    "hospitals": ListSpec(HOSPITALS, HospitalFilter, Permission.OWNERS_READ, "crm_hospitals"),
    "payouts": ListSpec(PAYOUTS, PayoutFilter, Permission.PAYOUTS_READ, "crm_payouts"),
    "patients": ListSpec(
        MEMBERS, MemberFilter, Permission.PATIENTS_READ, "crm_patients", _PERSON, _HEALTH
    ),
    "points": ListSpec(
        LEDGER,
        LedgerFilter,
        Permission.LOYALTY_READ,
        "crm_loyalty_transactions",
        _NAME,
    ),
    "lots": ListSpec(
        OPEN_LOTS,
        OpenLotFilter,
        Permission.LOYALTY_READ,
        "crm_loyalty_lots",
        _NAME,
    ),
    "movements": ListSpec(
        MOVEMENTS,
        MovementFilter,
        Permission.LOYALTY_READ,
        "crm_loyalty_tier_movements",
        _NAME,
    ),
    "redemptions": ListSpec(
        REDEMPTIONS,
        RedemptionFilter,
        Permission.LOYALTY_READ,
        "crm_redemptions",
        _NAME,
    ),
    "visits": ListSpec(
        APPOINTMENTS,
        AppointmentFilter,
        Permission.APPOINTMENTS_READ,
        "crm_appointments",
        frozenset({"first_name", "last_name", "patient_phone", "reason", "notes"}),
    ),
    "messages": ListSpec(
        COMMUNICATIONS,
        CommunicationFilter,
        Permission.MESSAGES_READ,
        "crm_communication_logs",
        frozenset({"subject", "content"}),
    ),
    "feedback": ListSpec(
        FEEDBACK,
        FeedbackFilter,
        Permission.FEEDBACK_READ,
        "crm_feedback",
        frozenset({"source_name", "subject", "message", "resolution"}),
    ),
    "campaigns": ListSpec(CAMPAIGNS, CampaignFilter, Permission.CAMPAIGNS_READ, "crm_campaigns"),
    "recipients": ListSpec(
        RECIPIENTS,
        RecipientFilter,
        Permission.CAMPAIGNS_READ,
        "crm_campaign_recipients",
        frozenset({"name"}),
        plain=NOT_BY_HEALTH,
    ),
    "history": ListSpec(HISTORY, HistoryFilter, Permission.HISTORY_READ, "crm_history"),
}
"""Name in the address → the list."""


def open_list_export(
    name: str, format_: Format, given: Mapping[str, object], *, actor: Actor
) -> Export:
    """A file of everything that the filters leave, in the list's order.

    Args:
        given: the filters as the list's filter class has them; pages are not looked at.

    Raises:
        NotFound: there is no such list.
        Invalid: a filter that the list does not have, or a wrong value.
    """
    spec = LISTS.get(name)
    if spec is None:
        raise NotFound(f"There is no list called {name}: {', '.join(LISTS)}.")
    actor.require(spec.needs)
    actor.require(Permission.EXPORT)
    filters = _filters(spec, given)
    conditions, values = spec.listing.conditions(filters)
    if spec.plain is not None and not actor.may(Permission.SENSITIVE_READ):
        conditions.append(spec.plain)
    order = spec.listing.orders[getattr(filters, "sort", None) or next(iter(spec.listing.orders))]
    ordered = spec.listing.statement.where(*conditions).order_by(*order.clauses())
    columns = _columns(spec, ordered.subquery("rows"), actor)
    shown = [as_text(column, format_).label(column.name) for column in columns]
    return Export(
        what=name,
        file=name,
        table=spec.table,
        format=format_,
        columns=columns,
        statement=compiled_text(select(*shown)),
        values=values,
        filters=_said(filters),
        actor=actor,
    )


def _filters(spec: ListSpec, given: Mapping[str, object]) -> PageRequest:
    try:
        return spec.filter_class.model_validate(dict(given))
    except ValidationError as error:
        raise Invalid("The list has no such filter.", problems_of(error)) from error


def _said(filters: PageRequest) -> dict[str, str]:
    said = filters.model_dump(
        mode="json", exclude_defaults=True, exclude_none=True, exclude={"page", "limit", "cursor"}
    )
    return {name: str(value) for name, value in said.items()}


def _columns(spec: ListSpec, rows: Subquery, actor: Actor) -> list[ColumnDoc]:
    """The list's own columns, but for what this person may not know."""
    hidden: frozenset[str] = frozenset()
    if not actor.may(Permission.IDENTIFIERS_REVEAL):
        hidden |= spec.identifiers
    if not actor.may(Permission.SENSITIVE_READ):
        hidden |= spec.sensitive
    return [
        _column(column, identifier=column.name in spec.identifiers)
        for column in rows.c
        if column.name not in hidden
    ]


def _column(column: ColumnElement[Any], *, identifier: bool) -> ColumnDoc:
    kind = next((kind for of, kind in _KINDS.items() if isinstance(column.type, of)), "string")
    written = column if kind != "string" else cast(column, Text)
    name = str(column.key)
    return ColumnDoc(name, written, kind, name, identifier, typed=kind == "string")


# A list, a document or an enumeration is text to a spreadsheet.
_KINDS: dict[type[TypeEngine[Any]], str] = {
    Boolean: "bool",
    DateTime: "timestamp",
    Date: "date",
    Integer: "int64",
    Numeric: "number",
}
