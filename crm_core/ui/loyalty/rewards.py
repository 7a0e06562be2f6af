"""What points can be exchanged for: the list, a new one, and taking one off the list."""

from collections import Counter
from collections.abc import Mapping

import streamlit as st
from sqlalchemy.orm import Session

from crm_core.loyalty import queries, service
from crm_core.loyalty.figures import queries as figures
from crm_core.loyalty.schemas import RewardCreate, RewardFilter, RewardRead, Tier
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, facts, tables
from crm_core.ui.formatting import counted, day
from crm_core.ui.forms import Form
from crm_core.ui.loyalty.ledger import opens_list
from crm_core.ui.page import act, form_token, load
from crm_core.ui.plain import plain
from crm_core.ui.states import label_of
from crm_core.ui.tables import Table

_COLUMNS = {
    "Reward": tables.text(width=185),
    "Points": tables.number(width=65),
    "Taken in a year": tables.number(width=105),
    "Offered": tables.state(["active", "withdrawn"], width=95),
    "From tier": tables.state(Tier, width=85),
    "Left": tables.text(width=90),
    "Valid": tables.text(width=105),
    "Cheaper for": tables.text(width=170),
}
_TIERS = {tier.value: label_of(tier) for tier in Tier}


def show(actor: Actor) -> None:
    """The rewards; the chosen one with what can be done about it."""
    offered = address_bar.switch("offered", "Only those on offer")
    wanted = RewardFilter(
        active=True if offered else None, page=address_bar.page_of(), limit=tables.PAGE
    )
    with load() as session:
        found = tables.page_of(session, queries.list_rewards, wanted)
        taken = _times_taken(session)
    tables.pick_one(
        Table(
            rows=[_row(reward, taken) for reward in found.rows],
            columns=_COLUMNS,
            ids=[reward.id for reward in found.rows],
            alt="Rewards, the cheapest first",
            empty="No reward yet: whoever may adjust points adds the first one below.",
            name="rewards",
            version=tuple(reward.active for reward in found.rows),
        ),
        opens=lambda reward_id: {"chosen": str(reward_id)},
    )
    tables.pages(found, "reward")
    chosen = address_bar.number("chosen")
    for reward in found.rows:
        if reward.id == chosen:
            _reward(reward, actor)
    if actor.may(Permission.LOYALTY_ADJUST):
        _new(actor)


def _times_taken(session: Session) -> Mapping[int | None, int]:
    taken: Counter[int | None] = Counter()
    for each in figures.take_up_by_month(session):
        taken[each.reward_id] += each.taken
    return taken


def _reward(reward: RewardRead, actor: Actor) -> None:
    with st.container(border=True):
        st.subheader(plain(reward.name), anchor=False)
        facts.show({"What it is": reward.description, "Since": day(reward.created_at)})
        with st.container(horizontal=True):
            st.button(
                "Who took it",
                type="tertiary",
                icon=":material/arrow_forward:",
                on_click=address_bar.go,
                args=(opens_list("rewards", reward=str(reward.id)),),
            )
            withdrawn = (
                reward.active
                and actor.may(Permission.LOYALTY_ADJUST)
                and st.button("Withdraw it", key=f"withdraw-{reward.id}")
            )
    if withdrawn:
        with act("The reward is no longer offered", once=form_token(f"r{reward.id}")) as session:
            service.withdraw_reward(session, reward.id, actor=actor)


def _new(actor: Actor) -> None:
    with st.expander("New reward"), Form("reward", border=False) as form:
        form.text("name", "Name")
        form.prose("description", "What it is")
        left, right = st.columns(2)
        with left:
            form.number("cost", "Points")
            form.number("tier_cost", "Points for higher tiers, optional")
            form.number("stock", "How many there are", help="Empty: without end")
            form.day("valid_from", "Valid from")
        with right:
            form.choice("minimum_tier", "From tier", _TIERS, Tier.BRONZE.value)
            form.choice("tier_cost_from", "Which tiers pay less, from", _TIERS)
            form.day("valid_to", "Valid to")
        sent = form.submit("Add the reward")
    if not sent:
        return
    with act("The reward was added", once=form.token) as session:
        data = RewardCreate.model_validate(form.given())
        service.create_reward(session, data, actor=actor)


def _row(reward: RewardRead, taken: Mapping[int | None, int]) -> dict[str, object]:
    return {
        "Reward": reward.name,
        "Points": reward.cost,
        "From tier": reward.minimum_tier,
        "Cheaper for": _cheaper(reward),
        "Left": "Without end" if reward.stock is None else f"{reward.stock:,}",
        "Valid": _valid(reward),
        "Taken in a year": taken.get(reward.id, 0),
        "Offered": "active" if reward.active else "withdrawn",
    }


def _cheaper(reward: RewardRead) -> str | None:
    if reward.tier_cost is None or reward.tier_cost_from is None:
        return None
    whom = label_of(reward.tier_cost_from) + (" and up" if reward.tier_cost_from.next else "")
    return f"{whom}: {counted(reward.tier_cost, 'point')}"


def _valid(reward: RewardRead) -> str:
    if reward.valid_from is None and reward.valid_to is None:
        return "Always"
    begins = f"from {day(reward.valid_from)}" if reward.valid_from else ""
    ends = f"to {day(reward.valid_to)}" if reward.valid_to else ""
    return f"{begins} {ends}".strip().capitalize()
