"""Messages of which nobody knows whether the provider has them: what a person found out."""

from collections.abc import Sequence

import streamlit as st

from crm_core.insights.communications import list_log
from crm_core.messaging import service
from crm_core.messaging.schemas import CommunicationFilter, MessageSettlement, MessageStatus
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import plans, tables
from crm_core.ui.forms import Form
from crm_core.ui.messages.words import COLUMNS, row
from crm_core.ui.page import load
from crm_core.ui.plans import Proposal, View

_NAME, _TABLE = "settle", "doubts"
_OUTCOMES = {"sent": "They were sent", "failed": "They were not sent"}
_ABOUT = (
    "The worker or the provider stopped between handing these over and answering. They are not sent"
    " again by themselves. Look at the provider's own list, and write down what you found."
)


def decided(actor: Actor) -> bool:
    """Draws the plan of a settlement where one lies before the person; False where none does."""
    proposal = plans.opened(_NAME)
    if proposal is None:
        return False
    settlement = MessageSettlement.model_validate(dict(proposal.subject))
    if plans.confirmed(_NAME, proposal, _view(settlement)):
        _commit(actor, proposal, settlement)
    return True


def show(actor: Actor) -> None:
    """The list, and what was found out about those that are chosen."""
    filters = CommunicationFilter(status=MessageStatus.UNKNOWN, limit=tables.PAGE)
    with load() as session:
        found = list_log(filters).page(session)
    if not found.rows:
        return
    with st.container(border=True):
        st.subheader("In doubt", anchor=False)
        st.text(_ABOUT)
        chosen = tables.pick_many(
            tables.Table(
                rows=[row(message) for message in found.rows],
                columns=COLUMNS,
                ids=[message.id for message in found.rows],
                alt="Messages in doubt, the newest first",
                empty="",
                name=_TABLE,
            ),
            open_column="To",
            opens=lambda message_id: {"message": str(message_id)},
        )
        if actor.may(Permission.MESSAGES_MANAGE):
            _form(chosen, actor)


def _form(chosen: Sequence[int], actor: Actor) -> None:
    with Form(_NAME, border=False) as form:
        form.choice("outcome", "What you found", _OUTCOMES)
        form.text("reason", "How you know")
        sent = form.submit("Look at what would be written down", primary=False)
    if not sent:
        return
    if not chosen or not all(form.values.values()):
        st.error("Choose messages above, say what you found, and how you know.")
        return
    settlement = MessageSettlement.model_validate(form.values)
    with load() as session:
        plan = service.plan_settle(session, chosen, settlement, actor=actor)
    plans.open_plan(_NAME, plan, **settlement.model_dump())


def _view(settlement: MessageSettlement) -> View:
    done = "sent" if settlement.outcome == "sent" else "failed"
    return View(
        title="Look before you write it down",
        totals={"count": f"Become {done}", "refused": "Refused"},
        verb=f"Write {{}} down as {done}",
        noun="message",
    )


def _commit(actor: Actor, proposal: Proposal, settlement: MessageSettlement) -> None:
    ids = [verdict.id for verdict in proposal.plan.verdicts]
    with plans.committing(_NAME, "It is written down", why=settlement.reason) as done:
        receipt = service.commit_settle(
            done.session, proposal.plan.fingerprint, ids, settlement, actor=actor
        )
        done.keep(receipt, clear=_TABLE)
