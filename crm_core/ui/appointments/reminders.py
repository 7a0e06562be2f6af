"""Who did not answer yet, reminders as preflight and proof, and answers that need a person."""

from datetime import date, timedelta

import streamlit as st

from crm_core.appointments import queries, service, waiting
from crm_core.appointments.schemas import (
    AnswerFilter,
    AnswerOutcome,
    AnswerRead,
    AnswerSettlement,
    AppointmentFilter,
    Meaning,
    ReminderCommit,
)
from crm_core.base.clock import lagos_today
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, plans, tables
from crm_core.ui.appointments import listing
from crm_core.ui.formatting import counted, day, moment
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain
from crm_core.ui.tables import Table

NAME = "reminders"
_SETTLED = "answer_settled"
_TOO_LATE = {
    AnswerOutcome.GONE: "The time that was offered is gone by now; the patient is told so.",
    AnswerOutcome.LATE: "It was too late: the visit is not ahead any more. Nothing changed.",
}


def show(actor: Actor) -> None:
    """The tab Reminders."""
    proposal = plans.opened(NAME)
    if proposal is not None:
        _decide(actor, proposal)
        return
    tomorrow = lagos_today() + timedelta(days=1)
    wanted = address_bar.day("remind", "Visits of", usual=tomorrow) or tomorrow
    may = actor.may(Permission.APPOINTMENTS_WRITE)
    if may and st.button("Look at the reminders of this day", type="primary"):
        with load() as session:
            plan = service.plan_reminders(session, wanted, actor=actor)
        plans.open_plan(NAME, plan, day=wanted)
    _unanswered(wanted)
    _unclear(actor, may=may)


def _decide(actor: Actor, proposal: plans.Proposal) -> None:
    wanted = proposal.subject["day"]
    plan = proposal.plan
    if not isinstance(wanted, date) or not plan.verdicts:
        plans.close(NAME)
        st.info("Nobody has a visit on that day who could be reminded.")
        return
    view = plans.View(
        title=f"Reminders for {day(wanted)}",
        totals=dict.fromkeys(plan.totals, "Visits"),
        verb="Remind {}",
        noun="patient",
    )
    if plans.confirmed(NAME, proposal, view):
        asked = ReminderCommit(
            date=wanted,
            ids=[verdict.id for verdict in plan.verdicts],
            fingerprint=plan.fingerprint,
        )
        with plans.committing(NAME, "Reminders are on their way") as commit:
            commit.keep(service.commit_reminders(commit.session, asked, actor=actor))


def _unanswered(wanted: date) -> None:
    filters = AppointmentFilter.model_validate(
        {"unanswered": True, "date_from": wanted, "date_to": wanted, "limit": tables.PAGE}
        | {"page": address_bar.page_of("waiting")}
    )
    with load() as session:
        found = queries.list_appointments(filters).page(session)
    st.subheader("Have not confirmed yet", anchor=False)
    tables.pick_one(
        Table(
            rows=[listing.row(visit) for visit in found.rows],
            columns={
                "Visit": tables.text(width=95),
                "When": tables.at(width=150),
                "Patient": tables.text(width=170),
                "Phone": tables.text(width=130),
                "Doctor": tables.text(width=150),
            },
            ids=[visit.id for visit in found.rows],
            alt="Visits of the day whose patients have not confirmed",
            empty="Everybody who has a visit on this day has confirmed, or nobody has one.",
            name="unanswered",
        ),
        opens=listing.opens,
    )
    if found.rows:
        tables.pages(found, "visit", param="waiting")


def _unclear(actor: Actor, *, may: bool) -> None:
    asked = AnswerFilter(outcome=AnswerOutcome.TO_A_PERSON, limit=20)
    with load() as session:
        found = queries.list_answers(asked).page(session)
    st.subheader("Answers that need a person", anchor=False)
    if too_late := st.session_state.pop(_SETTLED, None):
        st.warning(too_late)
    if not found.rows:
        tables.nothing("Every answer was clear.")
        return
    st.text(f"{counted(found.total, 'answer')} that no rule could tell.")
    for answer in found.rows:
        with st.container(border=True):
            st.text(f"{answer.sender}, {moment(answer.created_at)}")
            st.markdown(f"> {plain(answer.said)}")
            if may:
                _settle(answer, actor)


def _settle(answer: AnswerRead, actor: Actor) -> None:
    with Form(f"settle-{answer.id}", border=False) as form:
        form.choice("meant", "What it was about", _candidates(answer))
        labels = {
            Meaning.YES.value: "Yes, they will come",
            Meaning.NO.value: "No, cancel the visit or leave the offer",
        }
        form.choice("meaning", "What it said", labels)
        sent = form.submit("Settle it", primary=False)
    if sent:
        kept: dict[str, str] = {}
        with act("The answer is settled", once=form.token, keep=kept) as session:
            data = AnswerSettlement.model_validate(_given(form))
            settled = service.settle_answer(session, answer.id, data, actor=actor)
            if settled.settled_as in _TOO_LATE:
                kept[_SETTLED] = _TOO_LATE[settled.settled_as]


def _candidates(answer: AnswerRead) -> dict[str, str]:
    """What the answer may have been about, by field and id."""
    with load() as session:
        visits = queries.some_appointments(session, answer.candidates)
        offers = waiting.some_offers(session, answer.offer_candidates)
    return {
        f"appointment_id {visit.id}": f"{visit.patient_name}, {moment(visit.starts_at)},"
        f" {visit.appointment_code}"
        for visit in visits
    } | {
        f"offer_id {offer.id}": f"{offer.patient_name}, {moment(offer.starts_at)},"
        f" offered with {offer.doctor_name}"
        for offer in offers
    }


def _given(form: Form) -> dict[str, object]:
    given = form.given()
    meant = given.pop("meant", None)
    if meant is None:
        return given
    field, record_id = str(meant).split()
    return {**given, field: int(record_id)}
