"""What a patient can have for their points, and what they have had."""

from collections.abc import Sequence

import streamlit as st
from pydantic import BaseModel

from crm_core.base.words import Reason
from crm_core.loyalty import explaining, queries, service
from crm_core.loyalty.schemas import MemberRead, Redeem, RedemptionRead, RewardFilter, RewardRead
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, tables
from crm_core.ui.formatting import counted
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.tables import Table

_REWARDS = {
    "Reward": tables.text(width=180),
    "Cost": tables.number(width=65),
    "Usual cost": tables.number(width=85),
    "Can have it": tables.text(width=345),
    "Left": tables.text(width=70),
    "Until": tables.on_day(width=95),
    "What it is": tables.text(width="large"),
}
_REDEMPTIONS = {
    "What for": tables.text(width="medium"),
    "Points": tables.number(width=80),
    "When": tables.at(width=150),
    "Cancelled": tables.at(width=150),
}


class _Cancelling(BaseModel):
    reason: Reason


def show(patient: MemberRead, actor: Actor) -> None:
    """The tab Rewards."""
    with load() as session:
        offered = queries.list_rewards(RewardFilter(active=True, limit=100)).page(session).rows
        taken = queries.redemptions_of(session, patient.id)
        points = explaining.explain_balance(session, patient.id).loyalty_points
    with st.container(border=True):
        st.subheader(f"For {counted(points, 'point')}", anchor=False)
        tables.show(
            Table(
                rows=[_offer(reward, patient, points) for reward in offered],
                columns=_REWARDS,
                alt="Rewards with what they cost this patient, the cheapest first",
                empty="No rewards are offered at present.",
            )
        )
        if actor.may(Permission.LOYALTY_REDEEM):
            _redeem(patient, _takeable(offered, patient, points), actor)
    _redemptions(taken, actor)


def _offer(reward: RewardRead, patient: MemberRead, points: int) -> dict[str, object]:
    return {
        "Reward": reward.name,
        "Cost": service.cost_for(reward, patient.loyalty_tier),
        "Usual cost": reward.cost,
        "Can have it": _verdict(reward, patient, points),
        "Left": "No limit" if reward.stock is None else f"{reward.stock:,}",
        "Until": reward.valid_to,
        "What it is": reward.description,
    }


def _verdict(reward: RewardRead, patient: MemberRead, points: int) -> str:
    refusal = service.why_not(reward, patient.loyalty_tier)
    if refusal is not None:
        return refusal
    missing = service.cost_for(reward, patient.loyalty_tier) - points
    return f"{counted(missing, 'point')} short" if missing > 0 else "Yes"


def _takeable(offered: Sequence[RewardRead], patient: MemberRead, points: int) -> dict[int, str]:
    return {
        reward.id: f"{reward.name}: {service.cost_for(reward, patient.loyalty_tier):,} points"
        for reward in offered
        if _verdict(reward, patient, points) == "Yes"
    }


def _redeem(patient: MemberRead, takeable: dict[int, str], actor: Actor) -> None:
    with st.container(horizontal=True):
        if takeable:
            with st.popover("Hand out a reward", icon=":material/redeem:"):
                _reward(patient, takeable, actor)
        with st.popover("Redeem points for something else", icon=":material/toll:"):
            _points(patient, actor)


def _reward(patient: MemberRead, takeable: dict[int, str], actor: Actor) -> None:
    with Form(f"reward-{patient.id}", border=False) as form:
        form.choice("reward_id", "Reward", takeable)
        sent = form.submit("Redeem")
    if sent:
        with act("The reward was redeemed", once=form.token) as session:
            data = Redeem.model_validate(form.given())
            service.redeem(session, patient.id, data, actor=actor)


def _points(patient: MemberRead, actor: Actor) -> None:
    with Form(f"redeem-{patient.id}", border=False) as form:
        form.number("points", "Points")
        form.text("description", "What for")
        sent = form.submit("Redeem them")
    if sent:
        with act("The points were redeemed", once=form.token) as session:
            data = Redeem.model_validate(form.given())
            service.redeem(session, patient.id, data, actor=actor)


def _redemptions(taken: Sequence[RedemptionRead], actor: Actor) -> None:
    with st.container(border=True):
        st.subheader("Redeemed so far", anchor=False)
        may = actor.may(Permission.LOYALTY_REDEEM)
        table = Table(
            rows=[_taken(each) for each in taken],
            columns=_REDEMPTIONS,
            ids=[each.id for each in taken],
            alt="Redemptions, the latest first",
            empty="Nothing was redeemed yet.",
            name="redemptions",
        )
        if may:
            tables.pick_one(table, opens=lambda taken_id: {"redemption": str(taken_id)})
        else:
            tables.show(table)
        chosen = address_bar.number("redemption")
        for each in taken:
            if may and each.id == chosen:
                _cancel(each, actor)


def _taken(each: RedemptionRead) -> dict[str, object]:
    return {
        "What for": each.description,
        "Points": each.points,
        "When": each.created_at,
        "Cancelled": each.cancelled_at,
    }


def _cancel(redemption: RedemptionRead, actor: Actor) -> None:
    if redemption.cancelled_at is not None:
        st.text("This redemption was cancelled: its points are back.")
        return
    with Form(f"cancel-{redemption.id}") as form:
        st.text(
            f"Cancel “{redemption.description}”: {counted(redemption.points, 'point')} "
            "go back to the lots they came from, and end when those end."
        )
        form.reason()
        sent = form.submit("Cancel the redemption", primary=False)
    if not sent:
        return
    why = str(form.values["reason"])
    with act("The redemption was cancelled", why=why, once=form.token) as session:
        _Cancelling.model_validate(form.values)
        service.cancel_redemption(session, redemption.id, actor=actor)
