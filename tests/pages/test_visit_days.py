"""Days of visits: any day may stand in the address, and two doctors of one name are two."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.appointments.service import fold_sums
from crm_core.people.schemas import Role
from tests.make_appointments import in_days, make_doctor, make_visit
from tests.make_patients import make_patient
from tests.pages.acting import cells

Open = Callable[..., AppTest]
TABS = ["day", "week", "all-visits", "reminders", "figures"]
DAYS = ["0001-01-01", "1900-01-01", "1950-05-05", "2100-12-31", "9999-12-31"]


@pytest.fixture
def page(visit: Open) -> Open:
    """``page(Role.VIEWER, tab="week")``: the appointments page at that address."""
    return partial(visit, "pages/appointments.py")


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("tab", TABS)
def test_a_page_opens_on_any_day(page: Open, session: Session, tab: str, day: str) -> None:
    make_visit(session)
    assert not page(Role.VIEWER, tab=tab, day=day, **{"from": day, "to": day}).exception


@pytest.mark.parametrize("day", DAYS)
def test_a_visit_is_booked_from_any_day(page: Open, session: Session, day: str) -> None:
    patient = make_patient(session)
    make_doctor(session)
    given = {"do": "book", "for": patient.id, "day": day, "at": "10:00"}
    assert not page(Role.VIEWER, **given).exception


def test_in_the_week_two_doctors_of_one_name_are_two(page: Open, session: Session) -> None:
    first = make_doctor(session, name="Dr Ada Obi")
    second = make_doctor(session, first.hospital_id, name="Dr Ada Obi")
    for doctor, at in ((first, "10:00"), (second, "10:00"), (second, "11:00")):
        make_visit(session, 0, first.hospital_id, in_days(2), at, doctor_id=doctor.id)
    fold_sums(session)
    shown = page(Role.VIEWER, tab="week", hospital=first.hospital_id, day=in_days(2))
    assert cells(shown, "Doctor") == ["Dr Ada Obi", "Dr Ada Obi"]
    assert cells(shown, f"{in_days(2):%a %-d %b}") == ["1", "2"]
