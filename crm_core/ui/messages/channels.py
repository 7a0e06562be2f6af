"""The tab Channels: who serves each, whether it sends, how messages fare, and the sandbox."""

from collections.abc import Sequence

import streamlit as st

from crm_core.messaging import service
from crm_core.messaging.figures import queries
from crm_core.messaging.figures.schemas import ChannelHealth, CommunicationStats
from crm_core.messaging.schemas import ChannelPause, ChannelState
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, cards
from crm_core.ui.cards import Card
from crm_core.ui.formatting import counted, moment, words
from crm_core.ui.forms import Form
from crm_core.ui.messages import doubts, health, outbox
from crm_core.ui.messages.health import opens_log
from crm_core.ui.messages.words import ALL_CHANNELS
from crm_core.ui.page import act, form_token, load
from crm_core.ui.plain import plain
from crm_core.ui.states import Tone, chips

_STATES = {
    ChannelState.CLOSED: ("Sends", Tone.TEAL),
    ChannelState.OPEN: ("Waits for its provider", Tone.ROSE),
    ChannelState.HALF_OPEN: ("Tries again", Tone.AMBER),
    ChannelState.PAUSED: ("Paused by a person", Tone.AMBER),
}


def show(actor: Actor) -> None:
    """The channels, their figures and charts; the sandbox's outbox at ``?outbox=yes``."""
    if st.query_params.get("outbox") == "yes":
        outbox.show()
        return
    if doubts.decided(actor):
        return
    with load() as session:
        states = queries.channel_states(session)
        stats = queries.communication_stats(session)
    _troubles(states)
    _figures(stats)
    with st.grid(3, min_column_width=230):
        for each in states:
            with st.container(border=True, height="stretch"):
                _channel(each, actor)
    doubts.show(actor)
    health.show()


def _troubles(states: Sequence[ChannelHealth]) -> None:
    """Said above everything else: what does not go out at present, and why."""
    for each in states:
        label = ALL_CHANNELS[each.channel]
        why = f" {each.reason}" if each.reason else ""
        if each.state is ChannelState.PAUSED:
            st.warning(
                plain(f"{label} is paused since {moment(each.since)}: nothing goes out.{why}")
            )
        elif each.state is not ChannelState.CLOSED:
            again = f" It is tried again at {moment(each.retry_at)}." if each.retry_at else ""
            st.error(plain(f"{label} does not go out: the provider keeps failing.{why}{again}"))


def _figures(stats: CommunicationStats) -> None:
    delivered = "–" if stats.delivery_rate is None else f"{stats.delivery_rate:.1%}"
    read = "–" if stats.read_rate is None else f"{stats.read_rate:.1%}"
    cards.show(
        [
            Card("Sent in 30 days", f"{stats.sent:,}", opens=opens_log(), action="See the log"),
            Card("Delivered", delivered, help="Of what was sent"),
            Card("Read", read, help="Of what was delivered; SMS cannot tell"),
            Card(
                "Failed",
                f"{stats.failed:,}",
                opens=opens_log(status="failed"),
                action="See what failed",
            ),
            Card(
                "In doubt",
                f"{stats.unknown:,}",
                help="Nobody knows whether the provider has it: it is never blindly sent again",
                opens=opens_log(status="unknown"),
                action="See and settle",
            ),
        ],
        columns=5,
    )


def _channel(each: ChannelHealth, actor: Actor) -> None:
    st.subheader(ALL_CHANNELS[each.channel], anchor=False)
    chips([_STATES[each.state]])
    st.text(f"{counted(each.waiting, 'message')} on the way")
    if each.sandbox:
        _sandbox(each)
    else:
        st.text(f"Served by {words(each.gateway)}")
    if not actor.may(Permission.MESSAGES_MANAGE):
        return
    if each.state is not ChannelState.PAUSED:
        _pause(each, actor)
    if each.state is not ChannelState.CLOSED:
        _resume(each, actor)


def _sandbox(each: ChannelHealth) -> None:
    st.text("Served by the sandbox: nothing reaches anybody.")
    st.button(
        "Open its outbox",
        key=f"outbox-{each.channel}",
        type="tertiary",
        icon=":material/outbox:",
        on_click=address_bar.go,
        args=({"outbox": "yes", "by": each.channel.value},),
    )


def _pause(each: ChannelHealth, actor: Actor) -> None:
    label = ALL_CHANNELS[each.channel]
    with (
        st.popover("Pause it", icon=":material/pause:"),
        Form(f"pause-{each.channel}", border=False) as form,
    ):
        st.text(f"Nothing goes out by {label} until somebody resumes it; what is written waits.")
        form.reason()
        sent = form.submit(f"Pause {label}", primary=False)
    if not sent:
        return
    why = str(form.values["reason"])
    with act(f"{label} is paused", why=why, once=form.token) as session:
        data = ChannelPause.model_validate(form.values)
        service.pause_channel(session, each.channel, data, actor=actor)


def _resume(each: ChannelHealth, actor: Actor) -> None:
    label = ALL_CHANNELS[each.channel]
    token = form_token(f"resume-{each.channel}")
    if st.button(f"Resume {label}", icon=":material/play_arrow:", key=f"resume-{token}"):
        with act(f"{label} goes out again", once=token) as session:
            service.resume_channel(session, each.channel, actor=actor)
