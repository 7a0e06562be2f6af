"""Breaches of data: opened at the instant that somebody knew, reported within 72 hours."""

from sqlalchemy import Boolean, bindparam, select
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.base.read import Listing, Order, Read
from crm_core.people.schemas import Actor, Permission
from crm_core.privacy.models import PrivacyIncident
from crm_core.privacy.schemas import (
    REPORT_WITHIN,
    IncidentFilter,
    IncidentOpen,
    IncidentRead,
    IncidentReport,
)

_REPORT_BY = (PrivacyIncident.known_at + REPORT_WITHIN).label("report_by")

INCIDENTS: Listing[IncidentRead] = Listing(
    schema=IncidentRead,
    statement=select(
        PrivacyIncident.id,
        PrivacyIncident.known_at,
        _REPORT_BY,
        PrivacyIncident.what,
        PrivacyIncident.opened_by,
        PrivacyIncident.reported_at,
        PrivacyIncident.outcome,
    ),
    filters={
        "open": PrivacyIncident.reported_at.is_(None) == bindparam("open", type_=Boolean),
    },
    orders={"latest": Order((PrivacyIncident.known_at, PrivacyIncident.id))},
    key=PrivacyIncident.id,
    noun="Incident",
)


def list_incidents(filters: IncidentFilter, *, actor: Actor) -> Read[IncidentRead]:
    """Breaches, the latest first."""
    actor.require(Permission.PRIVACY_MANAGE)
    return INCIDENTS.read(filters)


def open_incident(session: Session, data: IncidentOpen, *, actor: Actor) -> IncidentRead:
    """Starts the clock at the instant that somebody knew, which may be some time ago."""
    actor.require(Permission.PRIVACY_MANAGE)
    if data.known_at > utc_now():
        raise Invalid.field("known_at", "Give an instant that has passed.")
    incident = PrivacyIncident(opened_by=actor.name, **data.model_dump())
    session.add(incident)
    session.flush()
    return INCIDENTS.one(session, incident.id)


def report_incident(
    session: Session, incident_id: int, data: IncidentReport, *, actor: Actor
) -> IncidentRead:
    """Stops the clock: the Commission was told, or need not be."""
    actor.require(Permission.PRIVACY_MANAGE)
    incident = session.get(
        PrivacyIncident, incident_id, with_for_update=True, populate_existing=True
    )
    if incident is None:
        raise NotFound("Incident not found")
    if incident.reported_at is not None:
        raise Conflict("This incident was reported already.")
    incident.reported_at, incident.outcome = utc_now(), data.outcome
    session.flush()
    return INCIDENTS.one(session, incident_id)
