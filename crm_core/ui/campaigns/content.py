"""What a campaign says and whom it is for, with the list of a custom audience."""

import streamlit as st

from crm_core.campaigns import queries, service
from crm_core.campaigns.schemas import (
    AudienceList,
    CampaignRead,
    CampaignStatus,
    ListReceipt,
    TargetAudience,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import facts
from crm_core.ui.campaigns import explaining, seen, words
from crm_core.ui.formatting import counted, moment
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.plain import plain
from crm_core.ui.states import label_of


def show(campaign: CampaignRead, actor: Actor) -> None:
    """The tab Message."""
    with st.container(border=True):
        facts.show(
            {
                "Kind": label_of(campaign.type),
                "Audience": words.AUDIENCES[campaign.target_audience],
                "Channels": ", ".join(label_of(channel) for channel in campaign.channels),
                "Goal": words.GOALS[campaign.goal],
                "Control group": f"{campaign.control_percent} %",
                "Drafted by": campaign.created_by_name,
                "Approved by": campaign.approved_by_name or "–",
                _time_called(campaign): moment(campaign.scheduled_date),
                "Launched": moment(campaign.start_date),
                "Ended": moment(campaign.end_date),
            }
        )
        if campaign.description:
            st.text(campaign.description)
        if campaign.target_audience is TargetAudience.SPECIFIC_SEGMENT:
            with load():
                criteria = queries.written(campaign).segment_criteria
            st.text(words.told(criteria))
    explaining.texts(campaign, actor)
    mine = actor.may(Permission.CAMPAIGNS_DRAFT) and campaign.status.editable
    if campaign.target_audience is TargetAudience.CUSTOM and mine:
        _list(campaign, actor)


def _time_called(campaign: CampaignRead) -> str:
    """What a draft says of its time is a wish, until somebody puts it on the schedule."""
    wish = campaign.status.editable and campaign.status is not CampaignStatus.SCHEDULED
    return "Meant for" if wish else "Scheduled"


def _list(campaign: CampaignRead, actor: Actor) -> None:
    with load() as session:
        size = queries.list_size(session, campaign.id)
    st.subheader("The list", anchor=False)
    st.text(f"On it: {counted(size, 'patient')}.")
    told = f"_list-{campaign.id}"
    if st.session_state.get(told):
        st.warning(plain(st.session_state[told]))
    if campaign.approved_at is not None:
        st.warning("Another list makes this campaign a draft again: somebody approves it anew.")
    with Form(f"campaign-list-{campaign.version}") as form:
        form.prose("entries", "Codes, phone numbers or email addresses, one a line")
        sent = form.submit("Replace the list", primary=False, on_click=seen.clicked(campaign))
    if sent:
        lines = [line.strip() for line in str(form.values["entries"] or "").splitlines()]
        given = {"entries": [one for one in lines if one], "version": campaign.version}
        kept = seen.done(campaign)
        with act("The list was replaced", once=form.token, keep=kept) as session:
            data = AudienceList.model_validate(given)
            kept[told] = _unknown(service.upload_list(session, campaign.id, data, actor=actor))


def _unknown(receipt: ListReceipt) -> str:
    """Which entries belong to nobody; nothing where each is somebody's."""
    if not receipt.unknown:
        return ""
    more = receipt.unknown_count - len(receipt.unknown)
    others = f" and {more:,} more" if more else ""
    entries = counted(receipt.unknown_count, "entry belongs", "entries belong")
    return f"{entries} to no patient: {', '.join(receipt.unknown)}{others}."
