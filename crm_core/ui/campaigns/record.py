"""One campaign: where it stands, what may be done next, who gets it and who does not, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Literal

import streamlit as st

from crm_core.base.clock import lagos_today, to_lagos
from crm_core.campaigns import queries, service
from crm_core.campaigns.schemas import (
    AudienceList,
    CampaignCancellation,
    CampaignRead,
    CampaignStatus,
    Rejection,
    Schedule,
    TargetAudience,
)
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, beside, facts, histories, past
from crm_core.ui.campaigns import editing, explaining, listing, progress, seen, words
from crm_core.ui.formatting import counted, moment
from crm_core.ui.forms import Form
from crm_core.ui.page import act, form_token, load
from crm_core.ui.plain import plain
from crm_core.ui.states import chips, label_of

_S = CampaignStatus
_OPENING = time(9)
_HERE = ["campaign", "tab", "do", "fate", "people", *past.PARAMS]


def show(actor: Actor, campaign_id: int) -> None:
    """The campaign at ``?campaign=``."""
    beside.way_back(
        "All campaigns",
        queries.CAMPAIGNS,
        listing.filters_of_address(),
        record=("campaign", campaign_id),
        without=_HERE,
    )
    with load() as session:
        campaign = queries.get_campaign(session, campaign_id)
    st.header(plain(campaign.name), anchor=False)
    chips([campaign.status.value])
    if campaign.status_note:
        st.info(plain(campaign.status_note))
    seen.tell(campaign)
    if st.query_params.get("do") == "edit" and actor.may(Permission.CAMPAIGNS_DRAFT):
        if campaign.status in _EDITABLE:
            editing.edit(actor, campaign)
            return
        st.info(plain(f"It is {label_of(campaign.status).lower()}: it is not edited any more."))
    _steps(campaign, actor)
    shows: dict[str, Callable[[], None]] = {
        "Who and why": partial(explaining.show, campaign, actor),
        "Message": partial(_message, campaign, actor),
        "History": partial(_history, campaign, actor),
    }
    if campaign.status.launched or campaign.status is _S.CANCELLED:
        shows = {
            "Progress": partial(progress.show, campaign.id),
            "Effect": partial(progress.effect, campaign, actor),
        } | shows
    address_bar.tabs(shows)


@dataclass(frozen=True)
class _Step:
    """A button: who may press it, and in which states it stands there."""

    label: str
    flash: str
    needs: Permission
    states: frozenset[CampaignStatus]
    command: Callable[..., object]
    onward: bool = False


_EDITABLE = frozenset({_S.DRAFT, _S.PENDING_APPROVAL, _S.APPROVED, _S.SCHEDULED})
_P = Permission
_STEPS = (
    _Step(
        "Send a test to myself",
        "The test is on its way",
        _P.CAMPAIGNS_DRAFT,
        _EDITABLE,
        service.send_test,
    ),
    _Step(
        "Submit for approval",
        "Submitted",
        _P.CAMPAIGNS_DRAFT,
        frozenset({_S.DRAFT}),
        service.submit_campaign,
        onward=True,
    ),
    _Step(
        "Approve",
        "Approved",
        _P.CAMPAIGNS_APPROVE,
        frozenset({_S.PENDING_APPROVAL}),
        service.approve_campaign,
        onward=True,
    ),
    _Step(
        "Take off the schedule",
        "It goes out when somebody launches it",
        _P.CAMPAIGNS_LAUNCH,
        frozenset({_S.SCHEDULED}),
        service.unschedule_campaign,
    ),
    _Step("Pause", "Paused", _P.CAMPAIGNS_LAUNCH, frozenset({_S.ACTIVE}), service.pause_campaign),
    _Step(
        "Resume", "It goes on", _P.CAMPAIGNS_LAUNCH, frozenset({_S.PAUSED}), service.resume_campaign
    ),
)

_LAUNCH = _Step(
    "Launch now",
    "The launch has begun",
    _P.CAMPAIGNS_LAUNCH,
    frozenset({_S.APPROVED, _S.SCHEDULED}),
    service.launch_campaign,
    onward=True,
)


def _steps(campaign: CampaignRead, actor: Actor) -> None:
    """What this person may do next."""
    status = campaign.status
    with st.container(horizontal=True):
        if actor.may(_P.CAMPAIGNS_DRAFT) and status in _EDITABLE:
            st.button(
                "Edit", icon=":material/edit:", on_click=editing.open_form, args=(campaign.id,)
            )
        for step in _STEPS:
            if actor.may(step.needs) and status in step.states:
                _button(step, campaign, actor)
        if actor.may(_P.CAMPAIGNS_APPROVE) and status is _S.PENDING_APPROVAL:
            _reject(campaign, actor)
        if actor.may(_LAUNCH.needs) and status in _LAUNCH.states:
            _launch(campaign, actor)
        if actor.may(_P.CAMPAIGNS_LAUNCH) and status in _LAUNCH.states:
            _schedule(campaign, actor)
        if actor.may(_P.CAMPAIGNS_LAUNCH) and status.can_become(_S.CANCELLED):
            _cancel(campaign, actor)


def _button(step: _Step, campaign: CampaignRead, actor: Actor) -> None:
    kind: Literal["primary", "secondary"] = "primary" if step.onward else "secondary"
    # One token a campaign and step: a double click on "Send a test" sends one test.
    once = form_token(f"{campaign.id}-{step.label}")
    key = f"step-{step.label}-{campaign.version}"
    if st.button(step.label, type=kind, key=key, on_click=seen.clicked(campaign)):
        with act(step.flash, once=once, keep=seen.done(campaign)) as session:
            step.command(session, campaign.id, actor=actor, version=campaign.version)


def _launch(campaign: CampaignRead, actor: Actor) -> None:
    """In two clicks: what was sent is not taken back."""
    with st.popover("Launch", type="primary"):
        st.text(
            "It goes out at once to the people under Who and why. Its audience is frozen then,"
            " and its texts are not changed any more."
        )
        _button(_LAUNCH, campaign, actor)


def _reject(campaign: CampaignRead, actor: Actor) -> None:
    name = f"reject-campaign-{campaign.version}"
    with st.popover("Reject"), Form(name, border=False) as form:
        form.text("note", "What is wrong with it")
        sent = form.submit("Reject it", primary=False, on_click=seen.clicked(campaign))
    if sent:
        given = {"note": form.values["note"] or "", "version": campaign.version}
        with act("Back with its drafter", once=form.token, keep=seen.done(campaign)) as session:
            data = Rejection.model_validate(given)
            service.reject_campaign(session, campaign.id, data, actor=actor)


def _cancel(campaign: CampaignRead, actor: Actor) -> None:
    name = f"cancel-campaign-{campaign.version}"
    with st.popover("Cancel"), Form(name, border=False) as form:
        form.reason()
        sent = form.submit("Cancel the campaign", primary=False, on_click=seen.clicked(campaign))
    if sent:
        given = {"reason": form.values["reason"], "version": campaign.version}
        with act("The campaign is cancelled", once=form.token, keep=seen.done(campaign)) as session:
            data = CampaignCancellation.model_validate(given)
            service.cancel_campaign(session, campaign.id, data, actor=actor)


def _schedule(campaign: CampaignRead, actor: Actor) -> None:
    again = campaign.status is _S.SCHEDULED
    with st.popover("Another time" if again else "Schedule"):
        when = st.datetime_input(
            "When, on a clock in Lagos",
            _time_offered(campaign),
            key=f"when-{campaign.id}-{campaign.version}",
            format="DD/MM/YYYY",
        )
        key = f"schedule-campaign-{campaign.version}"
        sent = st.button("Put on the schedule", key=key, on_click=seen.clicked(campaign))
    if sent and when is not None:
        at = f"{when:%Y-%m-%dT%H:%M}:00+01:00"
        with act("Scheduled", keep=seen.done(campaign)) as session:
            data = Schedule.model_validate({"scheduled_date": at, "version": campaign.version})
            service.schedule_campaign(session, campaign.id, data, actor=actor)


def _time_offered(campaign: CampaignRead) -> datetime:
    """The time it is meant for, else tomorrow as the offices open; on a clock in Lagos."""
    tomorrow = datetime.combine(lagos_today() + timedelta(days=1), _OPENING)
    meant = campaign.scheduled_date
    return tomorrow if meant is None else to_lagos(meant).replace(tzinfo=None)


def _message(campaign: CampaignRead, actor: Actor) -> None:
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
    editable = not campaign.status.launched and campaign.status is not _S.CANCELLED
    mine = actor.may(Permission.CAMPAIGNS_DRAFT) and editable
    if campaign.target_audience is TargetAudience.CUSTOM and mine:
        _list(campaign, actor)


def _time_called(campaign: CampaignRead) -> str:
    """What a draft says of its time is a wish, until somebody puts it on the schedule."""
    return "Meant for" if campaign.status in _EDITABLE - {_S.SCHEDULED} else "Scheduled"


def _list(campaign: CampaignRead, actor: Actor) -> None:
    with load() as session:
        size = queries.list_size(session, campaign.id)
    st.subheader("The list", anchor=False)
    st.text(f"On it: {counted(size, 'patient')}.")
    with Form(f"campaign-list-{campaign.version}") as form:
        form.prose("entries", "Codes, phone numbers or email addresses, one a line")
        sent = form.submit("Replace the list", primary=False, on_click=seen.clicked(campaign))
    if sent:
        lines = [line.strip() for line in str(form.values["entries"] or "").splitlines()]
        given = {"entries": [one for one in lines if one], "version": campaign.version}
        with act("The list was replaced", once=form.token, keep=seen.done(campaign)) as session:
            data = AudienceList.model_validate(given)
            service.upload_list(session, campaign.id, data, actor=actor)


def _history(campaign: CampaignRead, actor: Actor) -> None:
    histories.show("crm_campaigns", campaign.id, actor, noun="campaign", made="Drafted")
