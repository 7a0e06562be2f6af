"""Whom we tell: addresses of other systems, each with a secret that is shown once."""

import streamlit as st

from crm_core.integrations.outgoing import service
from crm_core.integrations.outgoing.schemas import (
    EventKind,
    SubscriptionCreate,
    SubscriptionFilter,
    SubscriptionRead,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, tables
from crm_core.ui.admin.tables import show_once
from crm_core.ui.page import act, field_error, form_token, load
from crm_core.ui.plain import plain

_KINDS = {
    EventKind.PAYOUT_PAID: "A payout was paid",
    EventKind.VISIT_COMPLETED: "A visit was completed",
    EventKind.FEEDBACK_CRITICAL: "Feedback is critical",
}
_COLUMNS = {
    "Name": tables.text(width=170),
    "Address": tables.text(width="large"),
    "Told of": tables.text(width="medium"),
    "State": tables.text(width=80),
    "Made": tables.at(width=150),
}


def show(actor: Actor) -> None:
    """Subscriptions, the chosen one, and the form for a new one."""
    every = address_bar.switch("ended", "Also those that were ended")
    fields = {"page": "page"}
    wanted = address_bar.filters(
        SubscriptionFilter, fields, active=None if every else True, limit=tables.PAGE
    )
    with load() as session:
        found = tables.page_of(session, service.list_subscriptions, wanted)
    show_once("new_subscription", "The secret that signs what is sent")
    tables.pick_one(
        tables.Table(
            rows=[_row(each) for each in found.rows],
            columns=_COLUMNS,
            ids=[each.id for each in found.rows],
            alt="Subscriptions, the latest first",
            empty="Nobody is told of anything yet: make a subscription below.",
            name="subscriptions",
        ),
        opens=lambda subscription_id: {"subscription": str(subscription_id)},
    )
    tables.pages(found, "subscription")
    if not actor.may(Permission.SETTINGS_WRITE):
        return
    chosen = address_bar.number("subscription")
    for each in found.rows:
        if each.id == chosen and each.active:
            _ending(each, actor)
    _new(actor)


def _row(each: SubscriptionRead) -> dict[str, object]:
    return {
        "Name": each.name,
        "Address": each.url,
        "Told of": ", ".join(_KINDS[kind] for kind in each.kinds),
        "State": "active" if each.active else "ended",
        "Made": each.created_at,
    }


def _ending(each: SubscriptionRead, actor: Actor) -> None:
    with st.container(border=True):
        st.subheader(plain(each.name), anchor=False)
        st.text("Ending it gives up what waits for it, for good.")
        if st.button("End it", type="primary", key=f"end-{each.id}"):
            with act(f"{each.name} is told of nothing any more") as session:
                service.unsubscribe(session, each.id, actor=actor)


def _new(actor: Actor) -> None:
    once = form_token("subscription")
    with st.expander("New subscription"), st.form(f"subscription-{once}", border=False):
        name = st.text_input("Which system it is", key=f"subscription-name-{once}")
        field_error("name")
        url = st.text_input("Its address (https)", key=f"subscription-url-{once}")
        field_error("url")
        kinds = st.multiselect(
            "Told of",
            list(_KINDS),
            format_func=_KINDS.__getitem__,
            key=f"subscription-kinds-{once}",
        )
        field_error("kinds")
        if not st.form_submit_button("Make the subscription", type="primary"):
            return
    kept: dict[str, str] = {}
    with act(f"{name} will be told", once=once, keep=kept) as session:
        data = SubscriptionCreate.model_validate({"name": name, "url": url, "kinds": kinds})
        _, kept["new_subscription"] = service.subscribe(session, data, actor=actor)
