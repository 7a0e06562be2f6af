"""Breaches of data: seventy-two hours from the instant that somebody knew."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.people.schemas import Role
from crm_core.privacy import incidents
from crm_core.privacy.schemas import IncidentFilter, IncidentOpen, IncidentRead, IncidentReport
from tests.make import make_actor
from tests.observe import history_of

ADMIN, VIEWER = make_actor(Role.ADMIN), make_actor(Role.VIEWER)
TOLD = IncidentReport(outcome="Reported as NDPC/2026/117")


def opened(session: Session, hours_ago: int = 10) -> IncidentRead:
    known = utc_now() - timedelta(hours=hours_ago)
    data = IncidentOpen(known_at=known, what="A laptop was stolen.")
    return incidents.open_incident(session, data, actor=ADMIN)


def test_the_clock_begins_when_it_was_known_and_not_when_it_was_written_down(
    session: Session,
) -> None:
    incident = opened(session, hours_ago=80)

    assert incident.report_by - incident.known_at == timedelta(hours=72)
    assert incident.left(utc_now()) < timedelta(0)


def test_a_report_stops_the_clock_once(session: Session) -> None:
    incident = opened(session)

    told = incidents.report_incident(session, incident.id, TOLD, actor=ADMIN)

    assert told.outcome == "Reported as NDPC/2026/117"
    assert told.reported_at is not None
    with pytest.raises(Conflict):
        incidents.report_incident(session, incident.id, TOLD, actor=ADMIN)
    with pytest.raises(NotFound):
        incidents.report_incident(session, incident.id + 1, TOLD, actor=ADMIN)
    assert len(history_of(session, "crm_privacy_incidents", incident.id)) == 2


def test_open_ones_are_those_not_reported(session: Session) -> None:
    first, second = opened(session), opened(session)
    incidents.report_incident(session, first.id, TOLD, actor=ADMIN)

    found = incidents.list_incidents(IncidentFilter(open=True), actor=ADMIN).page(session)

    assert [each.id for each in found.rows] == [second.id]


def test_what_lies_ahead_is_not_known_yet(session: Session) -> None:
    with pytest.raises(Invalid):
        opened(session, hours_ago=-1)


def test_only_the_desk_sees_and_opens_them(session: Session) -> None:
    with pytest.raises(Forbidden):
        incidents.list_incidents(IncidentFilter(), actor=VIEWER)
    with pytest.raises(Forbidden):
        incidents.open_incident(
            session, IncidentOpen(known_at=utc_now(), what="A laptop."), actor=VIEWER
        )
