"""The day as a board, and the week; a click leads to the visit, to a free time, to the day."""

from datetime import date, timedelta

import streamlit as st

from crm_core.appointments import boards
from crm_core.appointments.schemas import DayBoard, WeekCell
from crm_core.base.clock import lagos_today
from crm_core.hospitals import queries as hospitals
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, tables
from crm_core.ui.appointments import drawing
from crm_core.ui.formatting import counted
from crm_core.ui.formatting import day as written
from crm_core.ui.page import load
from crm_core.ui.tables import Table

_PAGE, _COLUMNS = "doctors", 24
"""The parameter for the page of doctors, and how many columns a board has at the most."""


def show_day(actor: Actor) -> None:
    """The tab Day."""
    place = _place()
    if place is None:
        return
    day = _day()
    board = _board(place, day)
    if not board.doctors:
        tables.nothing("No doctor works here on this day: add doctors and their hours first.")
        return
    may = actor.may(Permission.APPOINTMENTS_WRITE)
    if may:
        st.caption("A click on a visit opens it, on a free time books it.")
    picked = drawing.draw(board, bookable=may)
    if picked is not None and picked.visit is not None:
        address_bar.go({"visit": str(picked.visit)})
        st.rerun()
    if picked is not None and picked.at is not None:
        at = f"{picked.at // 60:02}:{picked.at % 60:02}"
        doctor = str(picked.doctor) if picked.doctor else None
        address_bar.go({"do": "book", "day": f"{day}", "doctor": doctor, "at": at})
        st.rerun()


def _board(place: int, day: date) -> DayBoard:
    """The day's page of doctors; the way to the others, where there are more."""
    page = address_bar.page_of(_PAGE)
    with load() as session:
        board = boards.day_board(session, place, day, page=page, most=_COLUMNS)
    pages = -(-board.doctors_in_all // _COLUMNS)
    if page > max(1, pages):
        address_bar.go({_PAGE: None})
        st.rerun()
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"{counted(board.doctors_in_all, 'doctor')}, by name")
            tables.turn(page, pages, _PAGE)
    return board


def show_week(_: Actor) -> None:
    """The tab Week: doctors down, days across; how many visits, and how full."""
    place = _place()
    if place is None:
        return
    first = _day() - timedelta(days=_day().weekday())
    with load() as session:
        cells = boards.week(session, place, first)
    days = [first + timedelta(days=n) for n in range(7)]
    names = {cell.doctor_id: cell.doctor_name for cell in cells}
    by_place = {(cell.doctor_id, cell.day): cell for cell in cells}
    tables.show(
        Table(
            rows=[
                {
                    "Doctor": name,
                    **{_head(day): _cell(by_place.get((doctor, day))) for day in days},
                }
                for doctor, name in names.items()
            ],
            columns={
                "Doctor": tables.text(width=170),
                **{_head(day): tables.text(width=110) for day in days},
            },
            alt=f"Visits of the week from {written(first)} by doctor and day",
            empty="No doctor works here in this week: add doctors and their hours first.",
            name="week",
        )
    )
    st.caption("Visits of the day, and how much of the doctor's time they take.")
    with st.container(horizontal=True):
        for day in days:
            st.button(
                f"{day:%a} {day.day}",
                key=f"open-{day}",
                on_click=address_bar.go,
                args=({"tab": "day", "day": f"{day}"},),
            )


def _head(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _cell(cell: WeekCell | None) -> str:
    if cell is None:
        return ""
    visits = cell.ahead + cell.here + cell.completed
    if not visits and not cell.open_minutes:
        return ""
    full = f" · {cell.booked_minutes / cell.open_minutes:.0%}" if cell.open_minutes else ""
    missed = f", {cell.missed} missed" if cell.missed else ""
    return f"{visits}{full}{missed}"


def _place() -> int | None:
    """The hospital that the address names, or the first one."""
    with load() as session:
        known = {str(each.id): each.name for each in hospitals.all_hospitals(session)}
    if not known:
        tables.nothing("There is no hospital yet: add one on the owners page.")
        return None
    first, *others = known
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = address_bar.choice(
            "hospital", "Hospital", {one: known[one] for one in others}, any_label=known[first]
        )
        _turning()
    return int(chosen or first)


def _turning() -> None:
    """The day, the days beside it, and today."""
    day = _day()
    step = 7 if st.query_params.get("tab") == "week" else 1
    ways = (
        ("Earlier", ":material/chevron_left:", day - timedelta(days=step)),
        ("Later", ":material/chevron_right:", day + timedelta(days=step)),
    )
    address_bar.day("day", "Day", usual=lagos_today())
    with st.container(horizontal=True, width="content"):
        for label, icon, other in ways:
            st.button(label, icon=icon, on_click=address_bar.go, args=({"day": f"{other}"},))
        if day != lagos_today():
            st.button("Today", on_click=address_bar.go, args=({"day": None},))


def _day() -> date:
    return address_bar.day_in("day") or lagos_today()
