"""The tab of jobs and channels: who works, what failed or waits, what sends."""

import streamlit as st

from crm_core.insights.work import Work, work_under_way
from crm_core.messaging.figures.queries import channel_states
from crm_core.messaging.figures.schemas import ChannelHealth
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import tables
from crm_core.ui.formatting import words
from crm_core.ui.page import load
from crm_core.ui.states import label_of

_JOB_STATES = {"todo": "waits", "doing": "under way", "failed": "failed", "aborted": "aborted"}
_WORKERS = {
    "Worker": tables.text(width="large"),
    "Last seen": tables.at(width=150),
    "State": tables.text(width=90),
}
_JOBS = {
    "Job": tables.text(width="large"),
    "State": tables.text(width=100),
    "How many": tables.number(width=90),
    "Most attempts": tables.number(width=110),
    "Latest": tables.number(width=90),
    "Due since": tables.at(width=150),
}
_EVENTS = {"Provider": tables.text(width="medium"), "Not applied yet": tables.number(width=130)}
_CHANNELS = {
    "Channel": tables.text(width=110),
    "Gateway": tables.text(width=130),
    "State": tables.text(width=110),
    "Why": tables.text(width="large"),
    "Waiting": tables.number(width=90),
    "Since": tables.at(width=150),
}


def show(actor: Actor) -> None:
    """Four short tables; whatever is wrong stands first."""
    if not actor.may(Permission.SETTINGS_WRITE):
        tables.nothing("Jobs and channels take the admin role.")
        return
    with load() as session:
        now = work_under_way(session, actor=actor)
        channels = channel_states(session)
    _workers(now)
    _jobs(now)
    _channels(channels)
    _part("Events of providers", _EVENTS, _events(now), empty="Every event was applied.")


def _workers(now: Work) -> None:
    if not now.workers or all(worker.late for worker in now.workers):
        st.error("No worker was seen in the last minute: nothing is sent and no job runs.")
    rows: list[dict[str, object]] = [
        {
            "Worker": worker.name,
            "Last seen": worker.seen_at,
            "State": "late" if worker.late else "alive",
        }
        for worker in now.workers
    ]
    _part("Workers", _WORKERS, rows, empty="No worker was ever seen: start one.")


def _jobs(now: Work) -> None:
    failed = sum(job.jobs for job in now.jobs if job.state == "failed")
    if failed:
        st.warning(f"{failed:,} failed for good: the worker's log says why, by the job's number.")
    rows: list[dict[str, object]] = [
        {
            "Job": words(job.name),
            "State": _JOB_STATES[job.state],
            "How many": job.jobs,
            "Most attempts": job.attempts,
            "Latest": job.last_id,
            "Due since": job.due_since,
        }
        for job in now.jobs
    ]
    _part("Jobs that failed, run or wait", _JOBS, rows, empty="No job waits, and none failed.")


def _events(now: Work) -> list[dict[str, object]]:
    return [
        {"Provider": label_of(provider), "Not applied yet": number}
        for provider, number in now.events.items()
    ]


def _channels(channels: list[ChannelHealth]) -> None:
    rows = [_channel(each) for each in channels]
    _part("Channels", _CHANNELS, rows, empty="Nothing is sent by any channel.")
    st.page_link(
        "pages/communications.py",
        label="Pause and open channels",
        icon=":material/arrow_forward:",
        icon_position="right",
        query_params={"tab": "channels"},
    )


def _channel(each: ChannelHealth) -> dict[str, object]:
    return {
        "Channel": label_of(each.channel.value),
        "Gateway": each.gateway,
        "State": "sends" if each.state.value == "closed" else label_of(each.state.value),
        "Why": each.reason or "",
        "Waiting": each.waiting,
        "Since": each.since,
    }


def _part(
    title: str,
    columns: dict[str, tables.Column],
    rows: list[dict[str, object]],
    *,
    empty: str,
) -> None:
    with st.container(border=True):
        st.subheader(title, anchor=False)
        name = title.lower().replace(" ", "-")
        tables.show(tables.Table(rows=rows, columns=columns, alt=title, empty=empty, name=name))
