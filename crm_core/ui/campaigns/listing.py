"""All campaigns, and some of them beside each other."""

from decimal import Decimal

import streamlit as st

from crm_core.base.money import naira
from crm_core.campaigns import effects, queries
from crm_core.campaigns.schemas import (
    CampaignFilter,
    CampaignRead,
    CampaignStatus,
    CampaignType,
    Comparison,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, beside, tables, views
from crm_core.ui.page import load
from crm_core.ui.states import label_of
from crm_core.ui.tables import Table

_FIELDS = {"status": "status", "type": "type", "page": "page"}
_COLUMNS = {
    "Campaign": tables.text(width=220),
    "Kind": tables.text(width=100),
    "State": tables.state(CampaignStatus, width=135),
    "People": tables.number(width=70),
    "Sent": tables.number(width=70),
    "Delivered": tables.number(width=80),
    "Read": tables.number(width=65),
    "Answered": tables.text(width=80),
    "Drafted by": tables.text(width=130),
}
_COMPARED = {
    "Campaign": tables.text(width=230),
    "Sent": tables.number(width=80),
    "Delivered": tables.number(width=85),
    "Read": tables.number(width=75),
    "Answered": tables.number(width=85),
    "Failed": tables.number(width=75),
    "Cost": tables.naira(width=110),
    "Effect": tables.text(width="large"),
}


def filters_of_address() -> CampaignFilter:
    """The list that the address holds, also while one of its campaigns is open."""
    return address_bar.filters(CampaignFilter, _FIELDS, limit=tables.PAGE)


def show(actor: Actor) -> None:
    """The list, with the way to a new campaign and to a comparison."""
    if actor.may(Permission.CAMPAIGNS_DRAFT):
        st.button(
            "New campaign",
            type="primary",
            icon=":material/campaign:",
            on_click=address_bar.go,
            args=({"do": "draft"},),
        )
    views.bar(actor, "campaigns", ["status", "type"])
    with st.grid(2, min_column_width=170):
        address_bar.state("status", "State", CampaignStatus)
        address_bar.state("type", "Kind", CampaignType)
    filters = filters_of_address()
    with load() as session:
        found = tables.page_of(session, queries.list_campaigns, filters)
    chosen = tables.pick_many(
        Table(
            rows=[_row(campaign) for campaign in found.rows],
            columns=_COLUMNS,
            ids=[campaign.id for campaign in found.rows],
            alt="Campaigns, the newest first",
            empty="No campaign is like this: take a filter away, or draft one.",
            name="campaigns",
        ),
        open_column="Campaign",
        opens=lambda campaign_id: {"campaign": str(campaign_id)},
    )
    tables.pages(found, "campaign")
    beside.take_away(actor, "campaigns", filters)
    if len(chosen) > 1:
        _compare(actor, chosen)
    elif found.rows:
        st.caption("Tick several to compare them.")


def _row(campaign: CampaignRead) -> dict[str, object]:
    return {
        "Campaign": campaign.name,
        "Kind": label_of(campaign.type),
        "State": campaign.status,
        "People": campaign.total_recipients,
        "Sent": campaign.messages_sent,
        "Delivered": campaign.messages_delivered,
        "Read": campaign.messages_read,
        "Answered": f"{campaign.response_rate:.1f} %" if campaign.messages_sent else "–",
        "Drafted by": campaign.created_by_name,
    }


def _compare(actor: Actor, chosen: list[int]) -> None:
    with load() as session:
        compared = effects.compare_campaigns(session, chosen[:20], actor=actor)
    st.subheader("Beside each other", anchor=False)
    tables.show(
        Table(
            rows=[_compared(one) for one in compared],
            columns=_COMPARED,
            alt="The ticked campaigns beside each other",
            empty="",
            name="compared",
        )
    )
    spent = sum((one.cost for one in compared), Decimal(0))
    st.text(f"Together they cost {naira(spent)}.")


def _compared(one: Comparison) -> dict[str, object]:
    return {
        "Campaign": one.name,
        "Sent": one.sent,
        "Delivered": one.delivered,
        "Read": one.read,
        "Answered": one.answered,
        "Failed": one.failed,
        "Cost": one.cost,
        "Effect": one.effect.sentence,
    }
