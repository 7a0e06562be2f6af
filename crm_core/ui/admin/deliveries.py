"""What was sent to other systems, and sending it again."""

import streamlit as st

from crm_core.integrations.outgoing import service
from crm_core.integrations.outgoing.schemas import DeliveryFilter, DeliveryRead, DeliveryState
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, facts, tables
from crm_core.ui.formatting import moment
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain

_COLUMNS = {
    "Event": tables.text(width=150),
    "To": tables.text(width=170),
    "State": tables.state(DeliveryState, width=100),
    "Attempts": tables.number(width=85),
    "Answered": tables.text(width=90),
    "What went wrong": tables.text(width="large"),
    "Happened": tables.at(width=150),
}


def show(actor: Actor) -> None:
    """The list, and the chosen delivery."""
    address_bar.state("state", "State", DeliveryState)
    fields = {"state": "state", "subscription": "subscription_id", "page": "page"}
    wanted = address_bar.filters(DeliveryFilter, fields, limit=tables.PAGE)
    with load() as session:
        found = tables.page_of(session, service.list_deliveries, wanted)
    tables.pick_one(
        tables.Table(
            rows=[_row(each) for each in found.rows],
            columns=_COLUMNS,
            ids=[each.id for each in found.rows],
            alt="Deliveries, the latest first",
            empty="Nothing was sent: a subscription is told of what happens from then on.",
            name="deliveries",
        ),
        opens=lambda delivery_id: {"delivery": str(delivery_id)},
    )
    tables.pages(found, "webhook")
    chosen = address_bar.number("delivery")
    for each in found.rows:
        if each.id == chosen:
            _delivery(each, actor)


def _row(each: DeliveryRead) -> dict[str, object]:
    return {
        "Event": each.kind.value,
        "To": each.subscription_name,
        "State": each.state,
        "Attempts": each.attempts,
        "Answered": "" if each.answered is None else str(each.answered),
        "What went wrong": each.error or "",
        "Happened": each.created_at,
    }


def _delivery(each: DeliveryRead, actor: Actor) -> None:
    with st.container(border=True):
        st.subheader(plain(f"{each.kind.value} to {each.subscription_name}"), anchor=False)
        waits = each.state is DeliveryState.WAITING
        facts.show(
            {
                "Address": each.url,
                "Next attempt" if waits else "Ended": moment(
                    each.due_at if waits else each.ended_at
                ),
                "What went wrong": each.error,
            }
        )
        if waits or not actor.may(Permission.SETTINGS_WRITE):
            return
        st.text("Sent again it has the same event id, so that the receiver can tell.")
        if st.button("Send it again", type="primary", key=f"replay-{each.id}"):
            with act("It is sent again") as session:
                service.replay(session, each.id, actor=actor)
