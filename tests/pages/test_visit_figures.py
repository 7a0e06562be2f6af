"""Figures of visits: a bar opens the rows that it counts, and every day has its bar."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.appointments.figures import appointment_stats
from crm_core.appointments.queries import list_appointments
from crm_core.appointments.schemas import AppointmentFilter, StatsBy, StatsFilter
from crm_core.appointments.service import fold_sums
from crm_core.base.clock import lagos_today
from crm_core.people.schemas import Role
from crm_core.ui.appointments import figures, listing
from tests.make_appointments import in_days, make_doctor, make_visit

Open = Callable[..., AppTest]


@pytest.mark.parametrize("by", list(StatsBy))
def test_a_bar_opens_the_rows_that_it_counts(session: Session, by: StatsBy) -> None:
    doctor = make_doctor(session)
    for days in (2, 3, 9):
        make_visit(session, 0, doctor.hospital_id, in_days(days), doctor_id=doctor.id)
    make_visit(session, 0, day=in_days(3))
    fold_sums(session)
    asked = StatsFilter(by=by, date_from=in_days(0), date_to=in_days(20))
    stats = appointment_stats(session, asked)
    assert stats.rows
    for row in stats.rows:
        assert total(session, figures.opens(stats, by, row, "")) == row.total


def test_a_bar_leaves_no_other_filter_of_the_list_in_place(session: Session) -> None:
    make_visit(session)
    fold_sums(session)
    stats = appointment_stats(session, StatsFilter(date_from=in_days(0), date_to=in_days(9)))
    opened = figures.opens(stats, StatsBy.HOSPITAL, stats.rows[0], "")
    assert set(listing.FIELDS) - {"sort"} <= set(opened)


def test_every_day_of_a_year_has_its_bar(visit: Open, session: Session) -> None:
    today = lagos_today()
    for days in range(40):
        make_visit(session, day=today + timedelta(days=days + 1))
    fold_sums(session)
    end = today + timedelta(days=60)
    shown = visit(
        "pages/appointments.py", Role.VIEWER, tab="figures", by="day", **{"from": today, "to": end}
    )
    assert not shown.exception
    charts = [figure(each) for each in shown.get("plotly_chart")]
    assert max(len(chart["data"][0]["x"]) for chart in charts) == 40


def test_two_doctors_of_one_name_have_a_bar_each(visit: Open, session: Session) -> None:
    for at, name in (("10:00", "Dr Ada Obi"), ("11:00", "Dr Ada Obi"), ("12:00", "Dr Uche")):
        doctor = make_doctor(session, name=name)
        make_visit(session, 0, doctor.hospital_id, in_days(2), at)
        make_visit(session, 0, doctor.hospital_id, in_days(2), doctor_id=doctor.id)
    fold_sums(session)
    shown = visit("pages/appointments.py", Role.VIEWER, tab="figures", by="doctor", to=in_days(9))
    assert not shown.exception
    bars = figure(shown.get("plotly_chart")[-1])["data"][0]["y"]
    assert sorted(bars) == ["Dr Ada Obi", "Dr Ada Obi (2)", "Dr Uche", "No doctor"]


def test_a_chart_of_the_busiest_says_that_there_are_more(
    visit: Open, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "_MOST_BARS", 2)
    for _ in range(3):
        make_visit(session)
    fold_sums(session)
    shown = visit("pages/appointments.py", Role.VIEWER, tab="figures", to=in_days(9))
    assert "The 2 with the most visits." in [each.value for each in shown.caption]
    assert len(figure(shown.get("plotly_chart")[-1])["data"][0]["y"]) == 2


def figure(chart: Any) -> Any:
    """What the browser is given to draw."""
    return json.loads(chart.proto.spec)


def total(session: Session, opened: Any) -> int:
    """How many visits the list shows at this address."""
    given = {listing.FIELDS[name]: value for name, value in opened.items() if name != "tab"}
    asked = {name: "true" if value == "yes" else value for name, value in given.items() if value}
    return list_appointments(AppointmentFilter.model_validate(asked)).page(session).total
