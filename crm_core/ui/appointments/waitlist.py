"""Who waits for a time that becomes free, and what they were offered."""

import streamlit as st

from crm_core.appointments import service, waiting
from crm_core.appointments.schemas import (
    AppointmentType,
    OfferFilter,
    OfferStatus,
    WaitlistCreate,
    WaitlistFilter,
    WaitlistStatus,
)
from crm_core.base.clock import lagos_today
from crm_core.hospitals import queries as hospitals
from crm_core.loyalty.schemas import Tier
from crm_core.patients.queries import patient_by_code
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, tables
from crm_core.ui.formatting import period
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.states import label_of
from crm_core.ui.tables import Table

_WAITING = {
    "Patient": tables.text(width=160),
    "Phone": tables.text(width=125),
    "Tier": tables.state(Tier, width=85),
    "Kind": tables.text(width=110),
    "Doctor": tables.text(width=140),
    "Hospital": tables.text(width=150),
    "Days": tables.text(width=150),
    "Offers": tables.number(width=70),
}
_OFFERS = {
    "Patient": tables.text(width=160),
    "Time": tables.at(width=150),
    "Doctor": tables.text(width=150),
    "State": tables.state(OfferStatus, width=95),
    "Until": tables.at(width=150),
    "Answered by": tables.text(width=110),
}


def show(actor: Actor) -> None:
    """The tab Waitlist."""
    filters = WaitlistFilter.model_validate(
        {"status": WaitlistStatus.WAITING, "limit": tables.PAGE, "page": address_bar.page_of()}
    )
    with load() as session:
        found = waiting.list_waitlist(filters).page(session)
        offers = waiting.list_offers(OfferFilter(limit=20)).page(session)
    table = Table(
        rows=[
            {
                "Patient": one.patient_name,
                "Phone": one.patient_phone,
                "Tier": one.loyalty_tier,
                "Kind": label_of(one.type),
                "Doctor": one.doctor_name or "Any",
                "Hospital": one.hospital_name,
                "Days": period(one.from_day, one.to_day),
                "Offers": one.offers,
            }
            for one in found.rows
        ],
        columns=_WAITING,
        ids=[one.id for one in found.rows],
        alt="Who waits, the longest first",
        empty="Nobody waits for a free time.",
        name="waitlist",
    )
    if actor.may(Permission.APPOINTMENTS_WRITE):
        _leave(tables.pick_many(table), actor)
        if found.rows:
            tables.pages(found, "person", "people")
        _join(actor)
    else:
        tables.show(table)
    st.subheader("Offers", anchor=False)
    tables.show(
        Table(
            rows=[
                {
                    "Patient": offer.patient_name,
                    "Time": offer.starts_at,
                    "Doctor": offer.doctor_name,
                    "State": offer.status,
                    "Until": offer.expires_at,
                    "Answered by": offer.answered_by or "",
                }
                for offer in offers.rows
            ],
            columns=_OFFERS,
            alt="Freed times that were offered, the latest first",
            empty="No time became free that somebody waits for.",
            name="offers",
        )
    )


def _leave(chosen: list[int], actor: Actor) -> None:
    if not chosen or not st.button(f"Take {len(chosen):,} off the list"):
        return
    with act("Taken off the list", keep={"waitlist-chosen": ""}) as session:
        for waitlist_id in chosen:
            service.leave_waitlist(session, waitlist_id, actor=actor)


def _join(actor: Actor) -> None:
    with load() as session:
        places = {each.id: each.name for each in hospitals.all_hospitals(session)}
    with st.expander("Put somebody on the list"), Form("join-waitlist", border=False) as form:
        form.text("patient_code", "Code of the patient, such as PAT-012")
        form.choice("hospital_id", "Hospital", places)
        form.choice("type", "Kind of visit", {k.value: label_of(k) for k in AppointmentType})
        form.day("from_day", "From", lagos_today())
        form.day("to_day", "To")
        form.prose("notes", "Notes")
        sent = form.submit("Put on the list")
    if sent:
        with act("On the list: a freed time is offered by message", once=form.token) as session:
            given = form.given()
            patient = patient_by_code(session, str(given.pop("patient_code", "")))
            data = WaitlistCreate.model_validate(given | {"patient_id": patient.id})
            service.join_waitlist(session, data, actor=actor)
