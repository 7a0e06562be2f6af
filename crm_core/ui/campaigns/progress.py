"""A campaign at work: figures that move by themselves, failures by reason, and what it brought."""

import streamlit as st

from crm_core.base.money import naira_short
from crm_core.campaigns import effects, figures
from crm_core.campaigns.schemas import (
    CampaignRead,
    CampaignStats,
    CampaignStatus,
    Conclusion,
    Group,
    RunState,
)
from crm_core.people.schemas import Actor
from crm_core.ui import charts, tables
from crm_core.ui.charts import Chart, Series
from crm_core.ui.formatting import counted
from crm_core.ui.page import load
from crm_core.ui.states import Tone, label_of
from crm_core.ui.tables import Table

_OFTEN, _NOW_AND_THEN = 2.0, 10.0
"""Seconds between two looks: while messages go out, and while answers still come in."""
_STEPS = ("queued", "sent", "delivered", "read", "answered")
_FAILURES = {
    "Channel": tables.text(width=110),
    "State": tables.text(width=110),
    "Reason": tables.text(width=260),
    "Messages": tables.number(width=95),
}


def show(campaign_id: int) -> None:
    """The tab Progress; it looks again by itself until the campaign is over."""
    with load() as session:
        stats = figures.campaign_stats(session, campaign_id)
    pace = _pace(stats)
    st.fragment(_live, run_every=pace)(campaign_id, pace)


def effect(campaign: CampaignRead, actor: Actor) -> None:
    """The tab Effect: those written to, beside those who were left out by lot."""
    with load() as session:
        found = effects.effect_of(session, campaign.id, actor=actor)
    if found.conclusion in (Conclusion.NO_GOAL, Conclusion.NO_CONTROL):
        tables.nothing(found.sentence)
        return
    st.text(f"{label_of(found.goal)} within {counted(found.days, 'day')}.")
    with st.grid(3, min_column_width=200):
        _group("Written to", found.treated)
        _group("Control group", found.control)
        if found.difference is not None and found.low is not None and found.high is not None:
            st.metric(
                "Difference, with its 95 % interval",
                f"{found.difference * 100:+.1f} points",
                f"{found.low * 100:+.1f} to {found.high * 100:+.1f}",
                delta_color="off",
                delta_arrow="off",
                border=True,
            )
    st.info(found.sentence)


def _group(label: str, group: Group) -> None:
    st.metric(
        label,
        f"{group.share:.1%}",
        f"{group.converted:,} of {group.people:,}",
        delta_color="off",
        delta_arrow="off",
        border=True,
    )


def _pace(stats: CampaignStats) -> float | None:
    """Seconds to the next look; None where it is over or held, for nothing moves by itself then."""
    if any(run.state in (RunState.WAITING, RunState.QUEUEING) for run in stats.runs):
        return _OFTEN
    if stats.status is CampaignStatus.CANCELLED and stats.total.waiting:
        return _OFTEN  # what it never sends is still being written down
    if stats.status is not CampaignStatus.ACTIVE:
        return None
    return _OFTEN if stats.total.waiting or stats.rate else _NOW_AND_THEN


def _live(campaign_id: int, pace: float | None) -> None:
    with load() as session:
        stats = figures.campaign_stats(session, campaign_id)
    if _pace(stats) != pace:
        # The state at the head of the page may be another now, and with it what one may do.
        st.rerun()
    _how_far(stats)
    with st.grid(5, min_column_width=140):
        st.metric("People", f"{stats.people:,}", border=True)
        st.metric("Get it", f"{stats.recipients:,}", border=True)
        st.metric("Control group", f"{stats.control:,}", border=True)
        st.metric("Failed", f"{stats.total.failed:,}", border=True)
        st.metric("Cost so far", naira_short(stats.total.cost), border=True)
    _funnel(stats)
    _failures(stats)


def _how_far(stats: CampaignStats) -> None:
    if any(run.state in (RunState.WAITING, RunState.QUEUEING) for run in stats.runs):
        st.progress(0.0, text="Deciding about everybody in the audience …")
        return
    queued, waiting = stats.total.queued, stats.total.waiting
    if queued:
        done = max(0.0, min(1.0, 1 - waiting / queued))
        left = f", about {_time(stats.seconds_left)} left" if stats.seconds_left else ""
        told = f"{queued - waiting:,} of {queued:,} messages handed over{left}"
        rate = f" · {stats.rate:,} a minute" if stats.rate else ""
        st.progress(done, text=f"{told}{rate}")


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return counted(minutes, "minute") if minutes else "a minute"


def _funnel(stats: CampaignStats) -> None:
    with st.container(border=True):
        st.subheader("How far they came", anchor=False)
        values = [getattr(stats.total, step) for step in _STEPS]
        chart = Chart(
            labels=[label_of(step) for step in _STEPS],
            series=[Series("Messages", values, Tone.TEAL)],
            alt="Messages by how far they came",
            empty="No message was queued yet.",
            name="campaign-funnel",
            money=False,
            height=230,
        )
        charts.bars(chart, sideways=True, notes=[f"{value:,}" for value in values])


def _failures(stats: CampaignStats) -> None:
    if not stats.failures:
        return
    st.subheader("Reached nobody, by reason", anchor=False)
    tables.show(
        Table(
            rows=[
                {
                    "Channel": label_of(one.channel),
                    "State": label_of(one.status),
                    "Reason": label_of(one.reason or "no reason given"),
                    "Messages": one.count,
                }
                for one in stats.failures
            ],
            columns=_FAILURES,
            alt="Messages that reached nobody, by channel and reason",
            empty="",
            name="campaign-failures",
        )
    )
