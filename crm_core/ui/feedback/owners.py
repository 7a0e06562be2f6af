"""Owners' scores: the least content first, each with its history and what drags it down."""

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from crm_core.base.clock import last_months
from crm_core.hospitals.queries import all_hospitals
from crm_core.owners import queries
from crm_core.owners.schemas import (
    OwnerFilter,
    OwnerRead,
    ScoreMark,
    StandingFilter,
    StandingRead,
)
from crm_core.owners.standings import list_standings
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, tables
from crm_core.ui.owners.satisfaction import KNOWN_MONTHS, trend
from crm_core.ui.page import load
from crm_core.ui.plain import plain

PARAM = "owner-score"
_COLUMNS = {
    "Owner": tables.text(width=230),
    "Score": tables.progress(most=5, width=160),
    "Code": tables.text(width=100),
    "Last contact": tables.on_day(width=120),
}
_STANDINGS = {
    "Owner": tables.text(width=230),
    "Score then": tables.progress(most=5, width=160),
    "Code": tables.text(width=100),
    "Since": tables.on_day(width=120),
}
_FIELDS = {"month": "month", "hospital": "hospital_id", "state": "state", "page": "page"}
_MARKS = {
    "What": tables.text(width=130),
    "Day": tables.on_day(width=95),
    "Score": tables.progress(most=5, width=105),
    "Without it": tables.text(width=95),
    "About": tables.text(width=140),
}


def show(_: Actor) -> None:
    """The owner that the address names, else all of them, as they stand or as they stood."""
    owner_id = address_bar.number(PARAM)
    if owner_id is not None:
        _one(owner_id)
        return
    with load() as session:
        places = {str(place.id): place.name for place in all_hospitals(session)}
    with st.grid(2, min_column_width=150):
        month = address_bar.recent_month("month", "As it stood at the end of")
        if month is not None:
            address_bar.choice("hospital", "Hospital", places, any_label="All hospitals")
    if month is None:
        _all()
    else:
        _stood()


def _all() -> None:
    filters = OwnerFilter.model_validate(
        {"sort": "discontent", "page": address_bar.page_of(), "limit": tables.PAGE}
    )
    with load() as session:
        found = tables.page_of(session, queries.list_owners, filters)
    tables.pick_one(
        tables.Table(
            rows=[_row(owner) for owner in found.rows],
            columns=_COLUMNS,
            ids=[owner.id for owner in found.rows],
            alt="Owners by their satisfaction score, the least content first",
            empty="There are no owners yet.",
            name="owner-scores",
        ),
        opens=lambda each: {PARAM: str(each)},
    )
    tables.pages(found, "owner")


def _stood() -> None:
    """Whose scores the mean of the month is made of."""
    address_bar.narrowed_to_state()
    filters = address_bar.filters(StandingFilter, _FIELDS, limit=tables.PAGE)
    with load() as session:
        found = tables.page_of(session, list_standings, filters)
    tables.pick_one(
        tables.Table(
            rows=[_standing(each) for each in found.rows],
            columns=_STANDINGS,
            ids=[each.id for each in found.rows],
            alt="Owners' scores as they stood at the end of the month, the least content first",
            empty="Nobody had a score then.",
            name="owner-standings",
        ),
        opens=lambda each: {PARAM: str(each)},
    )
    tables.pages(found, "owner")


def _one(owner_id: int) -> None:
    address_bar.link_back("All owners' scores", without=[PARAM])
    with load() as session:
        owner = queries.get_owner(session, owner_id)
        scores = queries.score_history(session, owner_id, last_months(KNOWN_MONTHS)[0])
        marks = queries.marks_of(session, owner_id)
    st.subheader(plain(owner.name), anchor=False)
    left, right = st.columns([2, 4])
    with left.container(border=True):
        score = owner.satisfaction_score
        st.metric("Score", "–" if score is None else f"{score:.2f} of 5")
        trend(scores)
    with right.container(border=True):
        st.subheader("What it is made of, what drags it down first", anchor=False)
        _marks(owner, marks)


def _marks(owner: OwnerRead, marks: Sequence[ScoreMark]) -> None:
    tables.pick_one(
        tables.Table(
            rows=[_mark(mark, owner.satisfaction_score) for mark in marks],
            columns=_MARKS,
            ids=list(range(len(marks))),
            alt="Surveys and ratings of the last twelve months, what drags the score down first",
            empty="No survey and no stars in the last twelve months.",
            name="score-marks",
        ),
        opens=lambda place: _opens(owner.id, marks[place]),
    )


def _opens(owner_id: int, mark: ScoreMark) -> dict[str, str | None]:
    kind, _, rest = mark.source.partition("-")
    number = rest.partition("-")[0]
    return {"feedback": number} if kind == "feedback" else {"owner-score": str(owner_id)}


def _mark(mark: ScoreMark, score: Decimal | None) -> dict[str, object]:
    kind, _, rest = mark.source.partition("-")
    return {
        "What": "Survey" if kind == "survey" else _given(rest),
        "Day": mark.day,
        "Score": mark.score,
        "About": mark.topic or "",
        "Without it": "" if score is None else f"{score + mark.pull:.2f} ({mark.pull:+.2f})",
    }


def _given(rest: str) -> str:
    return "How a case was resolved" if "resolution" in rest else "Stars in feedback"


def _standing(each: StandingRead) -> dict[str, object]:
    return {
        "Owner": each.name,
        "Score then": each.score,
        "Code": each.owner_code,
        "Since": each.as_of,
    }


def _row(owner: OwnerRead) -> dict[str, object]:
    return {
        "Owner": owner.name,
        "Score": owner.satisfaction_score,
        "Code": owner.owner_code,
        "Last contact": owner.last_contact_date,
    }
