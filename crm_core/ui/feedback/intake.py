"""Taking feedback in at the desk or on the phone, and asking for stars by a link."""

from collections.abc import Mapping

import streamlit as st
from sqlalchemy.orm import Session

from crm_core.feedback import service
from crm_core.feedback.schemas import FeedbackCreate, Invitation, SourceType
from crm_core.hospitals.queries import all_hospitals
from crm_core.loyalty.queries import list_members
from crm_core.loyalty.schemas import MemberFilter
from crm_core.owners.queries import owner_choices
from crm_core.people.directory import staff_with
from crm_core.people.schemas import Actor, Role
from crm_core.ui import address_bar
from crm_core.ui.feedback.actions import NEXT
from crm_core.ui.feedback.filing import KINDS, PRIORITIES
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load

_GIVERS = {"patient": "A patient", "owner": "An owner", "staff": "A colleague"}
_FOUND = 20
_STARS = {n: f"{'★' * n} {n}" for n in range(5, 0, -1)}


def show(actor: Actor) -> None:
    """Who says it, then what; the case opens when it is taken in."""
    with st.grid(3, min_column_width=200):
        kind = address_bar.choice("from", "Who says it", _GIVERS, any_label="Choose who")
    if kind is None:
        st.text("Choose who gives the feedback.")
        return
    asked = address_bar.search("Find the patient by name, phone or number", param="find") \
        if kind == "patient" else None  # fmt: skip
    with load() as session:
        givers = _givers(session, kind, asked)
        places = {place.id: place.name for place in all_hospitals(session)}
    if not givers:
        st.text("Type to find the patient." if not asked else "Nobody is found by this.")
        return
    left, right = st.columns([3, 2])
    with left:
        _take(actor, kind, givers, places)
    with right:
        _ask(actor, kind, givers, places)


def _givers(session: Session, kind: str, asked: str | None) -> Mapping[int, str]:
    if kind == "owner":
        return dict(owner_choices(session))
    if kind == "staff":
        return {each.id: each.name for each in staff_with(session, *Role)}
    if not asked:
        return {}
    found = list_members(MemberFilter.model_validate({"search": asked, "limit": _FOUND}))
    rows = found.page(session).rows
    return {each.id: f"{each.name} · {each.patient_code}" for each in rows}


def _take(actor: Actor, kind: str, givers: Mapping[int, str], places: Mapping[int, str]) -> None:
    form = Form(f"take-{kind}")
    with form:
        form.choice("source_id", "From", givers, _only(givers))
        left, right = st.columns(2)
        with left:
            form.choice("type", "Kind", KINDS, "complaint")
            form.choice("hospital_id", "Hospital (theirs if empty)", places)
            form.choice("rating", "Stars (optional)", _STARS)
        with right:
            form.choice("priority", "Priority", PRIORITIES, "medium")
            form.text("category", "Category, such as “Waiting time”")
            form.number("nps", "Would recommend us, 0 to 10 (optional)")
        form.text("subject", "Subject (optional)")
        form.prose("message", "What they say, in their words")
        sent = form.submit("Take it in")
    if sent:
        kept: dict[str, str] = {}
        with act("Taken in: the giver is told", once=form.token, keep=kept) as session:
            given = {"source_type": SourceType(kind), "message": "", **form.given()}
            piece = service.create_feedback(
                session, FeedbackCreate.model_validate(given), actor=actor
            )
            kept[NEXT] = str(piece.id)


def _ask(actor: Actor, kind: str, givers: Mapping[int, str], places: Mapping[int, str]) -> None:
    form = Form(f"ask-{kind}")
    with form:
        st.markdown("**Or ask for stars by a link**")
        form.choice("source_id", "Whom", givers, _only(givers))
        form.choice("hospital_id", "About", places)
        sent = form.submit("Send a link", primary=False)
    if sent:
        with act("A link is on its way", once=form.token) as session:
            data = Invitation.model_validate({"source_type": kind, **form.given()})
            service.invite(session, data, actor=actor)


def _only(givers: Mapping[int, str]) -> int | None:
    return next(iter(givers)) if len(givers) == 1 else None
