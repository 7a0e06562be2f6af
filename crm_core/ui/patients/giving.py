"""Points given or corrected by hand, and a tier set by hand: each with its reason."""

import streamlit as st

from crm_core.loyalty import service
from crm_core.loyalty.schemas import Adjustment, Earn, MemberRead, Tier, TierChange
from crm_core.people.schemas import Actor
from crm_core.ui.forms import Form
from crm_core.ui.page import act
from crm_core.ui.states import label_of


def show(patient: MemberRead, actor: Actor) -> None:
    """Three small forms, each closed until it is asked for."""
    with st.container(horizontal=True):
        with st.popover("Give points", icon=":material/add:"):
            _give(patient, actor)
        with st.popover("Correct the balance", icon=":material/balance:"):
            _correct(patient, actor)
        with st.popover("Set the tier", icon=":material/military_tech:"):
            _set_tier(patient, actor)


def _give(patient: MemberRead, actor: Actor) -> None:
    with Form(f"give-{patient.id}", border=False) as form:
        st.text("They count towards the tier.")
        form.number("points", "Points")
        form.text("description", "What for")
        sent = form.submit("Give them")
    if not sent:
        return
    why = str(form.values["description"] or "")
    with act("The points were given", why=why, once=form.token) as session:
        data = Earn.model_validate(form.given())
        service.earn(session, patient.id, data, actor=actor)


def _correct(patient: MemberRead, actor: Actor) -> None:
    with Form(f"correct-{patient.id}", border=False) as form:
        st.text("It does not count towards the tier.")
        form.number("points", "Points: 50 adds, -50 takes off")
        form.reason()
        sent = form.submit("Correct it")
    if not sent:
        return
    why = str(form.values["reason"])
    with act("The balance was corrected", why=why, once=form.token) as session:
        data = Adjustment.model_validate(form.given())
        service.adjust(session, patient.id, data, actor=actor)


def _set_tier(patient: MemberRead, actor: Actor) -> None:
    others = {tier.value: label_of(tier) for tier in Tier if tier is not patient.loyalty_tier}
    with Form(f"standing-{patient.id}", border=False) as form:
        st.text("It holds until the yearly review.")
        form.choice("tier", f"{label_of(patient.loyalty_tier)} becomes", others)
        form.reason()
        sent = form.submit("Set it")
    if not sent:
        return
    why = str(form.values["reason"])
    with act("The tier was set", why=why, once=form.token) as session:
        data = TierChange.model_validate(form.given())
        service.set_tier(session, patient.id, data, actor=actor)
