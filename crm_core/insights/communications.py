"""The log of messages with the names of whom they went to and of the campaign they belong to."""

from pydantic import ConfigDict
from sqlalchemy import ColumnElement, and_, func, literal
from sqlalchemy.orm import Session

from crm_core.base.read import Listing, Read
from crm_core.campaigns.models import Campaign
from crm_core.messaging.models import RECIPIENT, Communication
from crm_core.messaging.queries import COMMUNICATIONS
from crm_core.messaging.schemas import CommunicationFilter, CommunicationRead, RecipientType
from crm_core.owners.models import Owner
from crm_core.patients.models import Patient
from crm_core.people.models import Staff


class CommunicationRow(CommunicationRead):
    """A message as the log shows it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    campaign_name: str | None
    recipient_name: str | None


def _to(kind: RecipientType) -> ColumnElement[bool]:
    return Communication.recipient_type == literal(kind.value, RECIPIENT)


LOG: Listing[CommunicationRow] = Listing(
    schema=CommunicationRow,
    statement=COMMUNICATIONS.statement.add_columns(
        Campaign.name.label("campaign_name"),
        func.coalesce(
            Patient.first_name + " " + Patient.last_name,
            Owner.first_name + " " + Owner.last_name,
            Staff.name,
        ).label("recipient_name"),
    )
    .outerjoin(Campaign, Campaign.id == Communication.campaign_id)
    .outerjoin(
        Patient,
        and_(_to(RecipientType.PATIENT), Patient.id == Communication.recipient_id),
    )
    .outerjoin(Owner, and_(_to(RecipientType.OWNER), Owner.id == Communication.recipient_id))
    .outerjoin(Staff, and_(_to(RecipientType.STAFF), Staff.id == Communication.recipient_id)),
    filters=COMMUNICATIONS.filters,
    orders=COMMUNICATIONS.orders,
    key=COMMUNICATIONS.key,
    noun=COMMUNICATIONS.noun,
)


def list_log(filters: CommunicationFilter) -> Read[CommunicationRow]:
    """Messages with their names, the newest first."""
    return LOG.read(filters)


def get_logged(session: Session, message_id: int) -> CommunicationRow:
    """One message with its names; ``NotFound`` where there is none."""
    return LOG.one(session, message_id)
