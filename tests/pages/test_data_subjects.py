"""The data-subject desk of the admin page: packs, and the clock of breaches."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.clock import to_lagos, utc_now
from crm_core.people.schemas import Role
from crm_core.privacy import incidents
from crm_core.privacy.schemas import IncidentOpen
from crm_core.ui.admin.breaches import time_left
from tests.make import make_actor
from tests.make_patients import make_patient
from tests.pages.acting import cells, errors, fill, press, texts

Open = Callable[..., AppTest]
ADMIN = make_actor(Role.ADMIN)


@pytest.fixture
def desk(visit: Open) -> Open:
    """``desk(incident=3)``: the tab as an administrator."""
    return partial(visit, "pages/admin.py", Role.ADMIN, tab="Data subjects")


def opened(session: Session, hours_ago: int) -> int:
    known = utc_now() - timedelta(hours=hours_ago)
    data = IncidentOpen(known_at=known, what="A laptop was stolen.")
    return incidents.open_incident(session, data, actor=ADMIN).id


def test_an_empty_desk_says_so(desk: Open) -> None:
    page = desk()

    assert "No breach was ever written down." in str(texts(page))
    assert not errors(page)


def test_a_pack_is_made_and_put_away(desk: Open, session: Session) -> None:
    patient = make_patient(session)
    page = fill(desk(), patient_code=patient.patient_code, reason="asked by letter")

    press(page, "Make the pack")

    held = json.loads(page.session_state["privacy-pack"])["held"]
    assert held["patient"][0]["patient_code"] == patient.patient_code
    press(page, "Put it away")
    assert "privacy-pack" not in page.session_state


def test_a_pack_of_nobody_is_refused(desk: Open) -> None:
    page = fill(desk(), patient_code="PAT-999999", reason="asked by letter")
    assert errors(press(page, "Make the pack")) == ["Patient not found"]

    page = fill(desk(), patient_code="PAT-999999")
    assert errors(press(page, "Make the pack"))


def test_the_clock_of_a_breach_counts(desk: Open, session: Session) -> None:
    opened(session, hours_ago=10)
    opened(session, hours_ago=73)

    page = desk()

    assert "61 h" in page.warning[0].value
    assert "too late" in errors(page)[0]


def test_a_breach_is_opened(desk: Open) -> None:
    page = desk()
    known = to_lagos(utc_now() - timedelta(hours=2)).replace(tzinfo=None, second=0, microsecond=0)
    page.datetime_input[0].set_value(known)
    page.text_area[0].input("A laptop was stolen.")
    press(page, "Start the clock")
    assert cells(page, "What happened") == ["A laptop was stolen."]


def test_a_report_stops_the_clock(desk: Open, session: Session) -> None:
    incident_id = opened(session, hours_ago=10)
    page = fill(desk(incident=incident_id), outcome="NDPC/2026/117")

    press(page, "It was reported")

    assert cells(page, "Outcome") == ["NDPC/2026/117"]
    assert not page.warning


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (timedelta(hours=61, minutes=5), "61 h 05 min left"),
        (timedelta(0), "0 h 00 min left"),
        (-timedelta(hours=3), "3 h 00 min too late"),
    ],
)
def test_time_is_told_in_hours(left: timedelta, told: str) -> None:
    assert time_left(left) == told
