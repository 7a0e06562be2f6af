"""A day's board as data for the component that draws it: minutes of the day in Lagos."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from crm_core.appointments.schemas import AppointmentRead, AppointmentStatus, DayBoard, DoctorDay
from crm_core.base.clock import lagos_today, to_lagos, utc_now
from crm_core.ui.formatting import counted
from crm_core.ui.states import label_of, tone_of

STEP = 30
"""Minutes of the free times that one can click on."""

_SCALE = 1.15  # pixels a minute
_EARLIEST, _LATEST = 8 * 60, 17 * 60
_HERE = Path(__file__).parent
_ON_BOARD = frozenset(AppointmentStatus) - {AppointmentStatus.CANCELLED}


@dataclass(frozen=True)
class Picked:
    """What was clicked: a visit, or a free time of a doctor as minutes of the day."""

    visit: int | None = None
    doctor: int | None = None
    at: int | None = None


def draw(board: DayBoard, *, bookable: bool) -> Picked | None:
    """The board; gives what was clicked in the run that follows."""
    component = st.components.v2.component(
        "appointments-board",
        css=(_HERE / "board.css").read_text(encoding="utf-8"),
        js=(_HERE / "board.js").read_text(encoding="utf-8"),
    )
    key = f"board-{board.hospital_id}-{board.day}"
    found = component(
        key=key, data=_data(board, bookable=bookable), on_picked_change=lambda: None
    ).picked
    return Picked(**{name: int(value) for name, value in found.items()}) if found else None


def _data(board: DayBoard, *, bookable: bool) -> dict[str, Any]:
    columns = [_column(doctor, board, bookable=bookable) for doctor in board.doctors]
    edges = [
        edge
        for column in columns
        for edge in (
            *(at for span in column["open"] for at in span),
            *(v["from"] for v in column["visits"]),
            *(v["to"] for v in column["visits"]),
        )
    ]
    first = min([_EARLIEST, *edges]) // 60 * 60
    last = -(-max([_LATEST, *edges]) // 60) * 60
    return {
        "from": first,
        "to": last,
        "first": min(edges, default=first),
        "scale": _SCALE,
        "now": _minute(utc_now(), board) if board.day == lagos_today() else None,
        "hours": [
            {"at": at, "label": f"{at // 60 % 24:02}:00"} for at in range(first, last + 1, 60)
        ],
        "columns": columns,
        "alt": f"Visits of {board.day:%d %B %Y} by doctor",
    }


def _column(doctor: DoctorDay, board: DayBoard, *, bookable: bool) -> dict[str, Any]:
    shown = [visit for visit in doctor.appointments if visit.status in _ON_BOARD]
    spans = [_span(span.starts_at, span.ends_at, board) for span in doctor.open]
    visits = _in_lanes([_visit(visit, board) for visit in shown])
    can_book = bookable and doctor.doctor_id is not None
    return {
        "id": doctor.doctor_id or 0,
        "name": doctor.doctor_name,
        "told": f"{doctor.department_name or 'Any department'} · {counted(len(shown), 'visit')}",
        "open": spans,
        "free": _free(spans, visits, board) if can_book else [],
        "visits": visits,
    }


def _visit(visit: AppointmentRead, board: DayBoard) -> dict[str, Any]:
    begins, ends = _span(visit.starts_at, visit.ends_at, board)
    time, kind, state = (
        f"{visit.appointment_time:%H:%M}",
        label_of(visit.type),
        label_of(visit.status),
    )
    asked = ", no answer yet" if visit.asked else ""
    return {
        "id": visit.id,
        "from": begins,
        "to": max(ends, begins + 15),
        "title": f"{time} {visit.patient_name}",
        "told": f"{kind} · {state}{asked}",
        "spoken": f"{time}, {visit.patient_name}, {kind}, {state}{asked}",
        "tone": tone_of(visit.status).middle,
    }


def _in_lanes(visits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Visits at the same time stand beside each other."""
    ends: list[int] = []
    for visit in sorted(visits, key=lambda one: (one["from"], one["to"])):
        lane = next((n for n, end in enumerate(ends) if end <= visit["from"]), len(ends))
        ends[lane : lane + 1] = [visit["to"]]
        visit["lane"] = lane
    return [visit | {"lanes": max(1, len(ends))} for visit in visits]


def _free(
    spans: Sequence[tuple[int, int]], visits: Sequence[dict[str, Any]], board: DayBoard
) -> list[dict[str, Any]]:
    """The free half hours that have not begun."""
    now = _minute(utc_now(), board)
    return [
        {"from": at, "to": at + STEP, "label": f"{at // 60:02}:{at % 60:02}"}
        for begins, ends in spans
        for at in range(begins, ends - STEP + 1, STEP)
        if at >= now and not any(v["from"] < at + STEP and v["to"] > at for v in visits)
    ]


def _span(starts_at: datetime, ends_at: datetime, board: DayBoard) -> tuple[int, int]:
    """Within the day: what began yesterday or ends tomorrow is cut."""
    return max(0, _minute(starts_at, board)), min(24 * 60, _minute(ends_at, board))


def _minute(instant: datetime, board: DayBoard) -> int:
    """Minutes from the day's midnight in Lagos; negative before it."""
    here = to_lagos(instant)
    midnight = datetime.combine(board.day, datetime.min.time(), here.tzinfo)
    return int((here - midnight) / timedelta(minutes=1))
