"""The explainable send: everyone − those left out, by reason = who gets it; and what it costs."""

from datetime import datetime

import streamlit as st

from crm_core.base.errors import Forbidden
from crm_core.base.money import naira
from crm_core.base.paging import Page
from crm_core.campaigns import people, previewing, queries
from crm_core.campaigns.audiences import brief_of
from crm_core.campaigns.schemas import (
    CampaignRead,
    CampaignStatus,
    ChannelCost,
    Fate,
    PreviewRead,
    RecipientFilter,
    RecipientRead,
    TargetAudience,
)
from crm_core.messaging.filling import UNSUBSCRIBE
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, charts, kept, tables
from crm_core.ui.charts import Chart, Series
from crm_core.ui.formatting import counted, moment
from crm_core.ui.page import load
from crm_core.ui.plain import plain
from crm_core.ui.states import Tone, label_of
from crm_core.ui.tables import Table

_PEOPLE = {
    "Person": tables.text(width=150),
    "Code": tables.text(width=85),
    "What": tables.text(width=115),
    "Why": tables.text(width=315),
    "Messages": tables.text(width=220),
    "Did it": tables.text(width=70),
}


def show(campaign: CampaignRead, actor: Actor) -> None:
    """Before a launch what it would do now; afterwards a row a person with what happened."""
    if campaign.status is CampaignStatus.CANCELLED and campaign.start_date is None:
        tables.nothing("It was cancelled before it was launched: nobody got it.")
        return
    if campaign.status.editable:
        _preview(*_decided(campaign, actor))
    _people(campaign, actor)


def texts(campaign: CampaignRead, actor: Actor) -> None:
    """The texts as some real people would read them."""
    with load() as session:
        brief = brief_of(queries.written(campaign), campaign_id=campaign.id)
        try:
            filled = previewing.filled_in(session, brief, actor=actor)
            refused = ""
        except Forbidden:
            filled = [previewing.made_up(brief)]
            refused = "Its people are chosen by health, which your role may not see: this one is"
            refused += " made up."
    st.subheader("As people read it", anchor=False)
    if refused:
        st.caption(refused)
    if not filled:
        tables.nothing("Nobody is in the audience: look at whom the campaign is for.")
    for name, by_channel in filled:
        with st.container(border=True):
            st.markdown(f"**{plain(name)}**")
            for channel, said in by_channel.items():
                st.caption(label_of(channel))
                if said.subject:
                    st.markdown(f"**{plain(said.subject)}**")
                st.text(said.body.replace(f"{{{UNSUBSCRIBE}}}", "(a link of their own)"))


def _decided(campaign: CampaignRead, actor: Actor) -> tuple[PreviewRead, datetime]:
    """What a launch would do: decided about everybody, which takes a second for a million."""

    def decide() -> PreviewRead:
        with load() as session:
            wanted = queries.written(campaign)
            return previewing.preview_campaign(
                session, wanted, actor=actor, campaign_id=campaign.id
            )

    with st.spinner("Deciding about everybody in the audience."):
        return kept.kept(actor, ("preview", campaign.id, campaign.version), decide)


def _preview(found: PreviewRead, at: datetime) -> None:
    kept.of_when(at)
    with st.grid(5, min_column_width=140):
        st.metric("Everyone", f"{found.audience:,}", border=True)
        left = sum(reason.count for reason in found.excluded)
        st.metric("Left out", f"{left:,}", border=True)
        st.metric("Control group", f"{found.control:,}", border=True)
        st.metric("Get it", f"{found.recipients:,}", border=True)
        st.metric("Costs", naira(found.cost), border=True)
    st.text(" · ".join(_priced(cost) for cost in found.costs))
    if found.deferred:
        st.info(
            f"{counted(found.deferred, 'message')} would wait until"
            f" {moment(found.deferred_until)}, the end of the quiet hours."
        )
    for finding in found.findings:
        say = st.error if finding.error else st.warning
        say(plain(f"{label_of(finding.channel)}: {finding.sentence}"))
    _why(found)


def _priced(cost: ChannelCost) -> str:
    parts = f", {counted(cost.parts, 'part')}" if cost.parts != cost.messages else ""
    told = f"{counted(cost.messages, 'message')}{parts}, {naira(cost.cost)}"
    return f"{label_of(cost.channel)}: {told}"


def _why(found: PreviewRead) -> None:
    reasons = [*found.excluded]
    if not reasons:
        return
    st.subheader("Why people are left out", anchor=False)
    chart = Chart(
        labels=[label_of(reason.reason) for reason in reasons],
        series=[Series("People", [reason.count for reason in reasons], Tone.AMBER)],
        alt="People left out, by reason",
        empty="Nobody is left out.",
        name="left-out",
        money=False,
        height=24 + 44 * len(reasons),
        opens=lambda place, _: {"fate": reasons[place].reason.value, "people": None},
    )
    charts.bars(chart, sideways=True, notes=[f"{reason.count:,}" for reason in reasons])
    st.caption("Press a bar to see its people.")


def _people(campaign: CampaignRead, actor: Actor) -> None:
    st.subheader("People", anchor=False)
    with st.grid(2, min_column_width=170):
        fates = {one.value: label_of(one) for one in Fate}
        fate = address_bar.choice("fate", "Show", fates, any_label="Everybody", pages="people")
        code = address_bar.look_up("Look up a person by code", param="who", pages="people")
    with load() as session:
        person = people.person_of_code(session, campaign, code) if code else None
    if code and person is None:
        tables.nothing("Nobody with this code is known.")
        return
    filters = RecipientFilter(
        outcome=Fate(fate) if fate else None,
        person_id=person,
        page=address_bar.page_of("people"),
        limit=tables.PAGE,
    )
    found = _page_of(campaign, filters, actor)
    tables.show(
        Table(
            rows=[_row(one) for one in found.rows],
            columns=_PEOPLE,
            alt="People of the audience, with what was decided and why",
            empty=_nobody(campaign, chosen=bool(fate or code)),
            name="recipients",
        )
    )
    tables.pages(found, "person", "people", param="people")


def _page_of(campaign: CampaignRead, filters: RecipientFilter, actor: Actor) -> Page[RecipientRead]:
    """After a launch as it is now; before, everybody has to be decided about for one page."""

    def read() -> Page[RecipientRead]:
        with load() as session:
            return people.list_recipients(session, campaign.id, filters, actor=actor).page(session)

    if not campaign.status.editable:
        return read()
    asked = filters.model_dump_json()
    return kept.kept(actor, ("people", campaign.id, campaign.version, asked), read)[0]


def _nobody(campaign: CampaignRead, *, chosen: bool) -> str:
    if chosen:
        return "Nobody in the audience is like this."
    if campaign.target_audience is TargetAudience.CUSTOM and campaign.status.editable:
        return "Nobody is on its list yet: upload it under Message."
    if campaign.type.stays_open and not campaign.status.editable:
        return "Nobody new was in the audience on its latest day."
    return "Nobody is in the audience: look at whom the campaign is for."


def _row(one: RecipientRead) -> dict[str, object]:
    messages = [
        f"{label_of(channel)}: {label_of(outcome.status or outcome.fate).lower()}"
        for channel, outcome in one.channels.items()
    ]
    return {
        "Person": one.name,
        "Code": one.code,
        "What": label_of(one.outcome),
        "Why": one.sentence,
        "Messages": ", ".join(messages),
        "Did it": "yes" if one.converted else "",
    }
