"""What may be done with a campaign next, each step for the version that is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

import streamlit as st

from crm_core.base.clock import lagos_today, to_lagos
from crm_core.campaigns import service
from crm_core.campaigns.schemas import (
    CampaignCancellation,
    CampaignRead,
    CampaignStatus,
    Rejection,
    Schedule,
)
from crm_core.messaging.schemas import CommunicationRead, MessageStatus
from crm_core.people.schemas import Actor, Permission
from crm_core.ui.campaigns import editing, seen
from crm_core.ui.forms import Form
from crm_core.ui.page import act, form_token
from crm_core.ui.states import label_of

_S = CampaignStatus
_TESTED = "_campaign_tested"
_OPENING = time(9)


@dataclass(frozen=True)
class _Step:
    """A button: who may press it, and in which states it stands there."""

    label: str
    flash: str
    needs: Permission
    states: frozenset[CampaignStatus]
    command: Callable[..., object]
    onward: bool = False


_P = Permission
_STEPS = (
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


def show(campaign: CampaignRead, actor: Actor) -> None:
    """What this person may do next."""
    status = campaign.status
    with st.container(horizontal=True):
        if actor.may(_P.CAMPAIGNS_DRAFT) and status.editable:
            st.button(
                "Edit", icon=":material/edit:", on_click=editing.open_form, args=(campaign.id,)
            )
            _test(campaign, actor)
        for step in _STEPS:
            if actor.may(step.needs) and status in step.states:
                _button(step, campaign, actor)
        for form in _FORMS:
            if actor.may(form.needs) and status in form.states:
                form.draw(campaign, actor)
    for line in st.session_state.pop(_TESTED, "").splitlines():
        st.text(line)


def _button(step: _Step, campaign: CampaignRead, actor: Actor) -> None:
    kind: Literal["primary", "secondary"] = "primary" if step.onward else "secondary"
    once = form_token(f"{campaign.id}-{step.label}")
    key = f"step-{step.label}-{campaign.version}"
    if st.button(step.label, type=kind, key=key, on_click=seen.clicked(campaign)):
        with act(step.flash, once=once, keep=seen.done(campaign)) as session:
            step.command(session, campaign.id, actor=actor, version=campaign.version)


def _test(campaign: CampaignRead, actor: Actor) -> None:
    """A campaign to oneself; what cannot be sent says why."""
    # The test changes nothing of the campaign: its token keeps a double click from sending two.
    once = form_token(f"{campaign.id}-test")
    key = f"test-{campaign.version}"
    if st.button("Send a test to myself", key=key, on_click=seen.clicked(campaign)):
        kept = seen.done(campaign)
        with act("The test was made", once=once, keep=kept) as session:
            made = service.send_test(session, campaign.id, actor=actor, version=campaign.version)
            kept[_TESTED] = "\n".join(map(_tested, made))


def _tested(message: CommunicationRead) -> str:
    skipped = message.status is MessageStatus.SKIPPED
    said = f"not sent: {message.error_message}" if skipped else "on its way to you."
    return f"{label_of(message.channel)}: {said}"


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
    approved = campaign.approved_at is not None
    with (
        st.popover("Take the approval back" if approved else "Reject"),
        Form(name, border=False) as form,
    ):
        form.text("note", "What is wrong with it")
        label = "Make it a draft again" if approved else "Reject it"
        sent = form.submit(label, primary=False, on_click=seen.clicked(campaign))
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


@dataclass(frozen=True)
class _Popover:
    """A step that asks for something first, or once more."""

    needs: Permission
    states: frozenset[CampaignStatus]
    draw: Callable[[CampaignRead, Actor], None]


_FORMS = (
    _Popover(
        _P.CAMPAIGNS_APPROVE, frozenset({_S.PENDING_APPROVAL, _S.APPROVED, _S.SCHEDULED}), _reject
    ),
    _Popover(_P.CAMPAIGNS_LAUNCH, _LAUNCH.states, _launch),
    _Popover(_P.CAMPAIGNS_LAUNCH, _LAUNCH.states, _schedule),
    _Popover(_P.CAMPAIGNS_LAUNCH, frozenset(s for s in _S if s.can_become(_S.CANCELLED)), _cancel),
)
