"""The messages of a campaign's batch, written in the moment that a worker takes it to send them."""

from typing import Any

from sqlalchemy import literal_column, null, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from crm_core.campaigns.models import Campaign, CampaignRecipient
from crm_core.campaigns.schemas import APPOINTMENT_FIELDS, Fate, TargetAudience, fields_of
from crm_core.campaigns.service.launching import template_name
from crm_core.messaging.models import MessageTemplate
from crm_core.messaging.schemas import RecipientType
from crm_core.messaging.service.audiences import PeopleBatch, people_batch, write_messages


def write_batch(session: Session, batch_id: int) -> None:
    """Writes a message to everybody whom the launch chose for this batch."""
    batch = people_batch(session, batch_id)
    said = session.execute(
        select(
            Campaign.target_audience,
            MessageTemplate.id,
            MessageTemplate.subject,
            MessageTemplate.body,
        )
        .join_from(
            Campaign, MessageTemplate, MessageTemplate.name == template_name(batch.campaign_id)
        )
        .where(
            Campaign.id == batch.campaign_id,
            MessageTemplate.channel == batch.channel.value,
            MessageTemplate.current,
        )
    ).one()
    owners = said.target_audience == TargetAudience.ALL_OWNERS.value
    named = fields_of(said.body) | fields_of(said.subject or "")
    write_messages(
        session,
        batch,
        _people(batch, speaks_of_appointment=not APPOINTMENT_FIELDS.isdisjoint(named)),
        recipient_type=RecipientType.OWNER if owners else RecipientType.PATIENT,
        template_id=said.id,
    )


def _people(batch: PeopleBatch, *, speaks_of_appointment: bool) -> Any:
    taken = CampaignRecipient.c
    fields: Any = _APPOINTMENT if speaks_of_appointment else null()
    return select(taken.person_id, fields.cast(JSONB).label("fields")).where(
        taken.run_id == batch.run_id,
        taken.person_id.between(batch.first_person, batch.last_person),
        taken[batch.channel.value] == Fate.QUEUED.value,
    )


_APPOINTMENT: Any = literal_column(
    """
    (SELECT jsonb_build_object(
         'date', to_char(a.starts_at AT TIME ZONE 'Africa/Lagos', 'FMDD FMMonth YYYY'),
         'time', to_char(a.starts_at AT TIME ZONE 'Africa/Lagos', 'HH24:MI'))
     FROM crm_appointments a
     WHERE a.patient_id = crm_campaign_recipients.person_id AND a.starts_at > now()
       AND a.status IN ('scheduled', 'confirmed')
     ORDER BY a.starts_at LIMIT 1)
    """
)
