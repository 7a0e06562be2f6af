"""How messages fare by the hour, the day and the provider: charts that open their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from crm_core.base.clock import LAGOS, lagos_today, to_lagos, utc_now
from crm_core.messaging.figures import queries
from crm_core.messaging.figures.schemas import HealthHour
from crm_core.messaging.schemas import MessageStatus
from crm_core.ui import address_bar, charts
from crm_core.ui.charts import Chart, Series
from crm_core.ui.messages.words import ALL_CHANNELS, CHANNELS
from crm_core.ui.page import load
from crm_core.ui.states import label_of, tone_of

_SPANS = {"weeks": "The last four weeks"}
_STATES = (
    MessageStatus.READ,
    MessageStatus.DELIVERED,
    MessageStatus.SENT,
    MessageStatus.FAILED,
)
_EMPTY = "Nothing was handed to a provider in this time."


@dataclass(frozen=True)
class _Slot:
    """One bar: an hour or a day in Lagos."""

    label: str
    begins: datetime
    ends: datetime


def show() -> None:
    """Both charts, for all channels or one."""
    with st.grid(2, min_column_width=150):
        channel = address_bar.choice("by", "By", CHANNELS, any_label="All")
        span = address_bar.choice("span", "Time", _SPANS, any_label="The last 24 hours")
    slots = _days() if span == "weeks" else _hours()
    with load() as session:
        found = queries.health_by_hour(session, slots[0].begins, slots[-1].ends)
    shown = [each for each in found if channel in (None, each.channel.value)]
    left, right = st.columns([3, 2])
    with left.container(border=True, height="stretch"):
        st.subheader("By day" if span == "weeks" else "By hour", anchor=False)
        _over_time(shown, slots, channel)
    with right.container(border=True, height="stretch"):
        st.subheader("By provider", anchor=False)
        _by_provider(shown, slots)


def opens_log(**params: str | None) -> Mapping[str, str | None]:
    """The log with these filters and no others."""
    names = ("to", "person", "by", "status", "why", "campaign", "provider", "from", "until")
    bare = dict.fromkeys((*names, "after", "span", "outbox"))
    return {**bare, "tab": "log", **params}


def _over_time(shown: Sequence[HealthHour], slots: Sequence[_Slot], channel: str | None) -> None:
    groups = [[each for each in shown if slot.begins <= each.hour < slot.ends] for slot in slots]
    charts.bars(
        Chart(
            labels=[slot.label for slot in slots],
            series=_series(groups),
            alt="Messages by the time they were handed over, and where they are now",
            empty=_EMPTY,
            name="health",
            money=False,
            opens=lambda label, series: opens_log(
                by=channel, status=_STATES[series].value, **_between(slots[label])
            ),
        )
    )


def _by_provider(shown: Sequence[HealthHour], slots: Sequence[_Slot]) -> None:
    served = sorted({(each.channel, each.provider) for each in shown})
    groups = [[each for each in shown if (each.channel, each.provider) == one] for one in served]
    whole = _Slot("", slots[0].begins, slots[-1].ends)
    charts.bars(
        Chart(
            labels=[f"{ALL_CHANNELS[channel]} · {provider}" for channel, provider in served],
            series=_series(groups),
            alt="Messages by channel and provider, and where they are now",
            empty=_EMPTY,
            name="providers",
            money=False,
            opens=lambda label, series: opens_log(
                by=served[label][0].value,
                provider=served[label][1],
                status=_STATES[series].value,
                **_between(whole),
            ),
        ),
        sideways=True,
    )


def _series(groups: Sequence[Sequence[HealthHour]]) -> list[Series]:
    """One a state: how many messages of each group are in it."""
    return [
        Series(
            label_of(state.value),
            [sum(int(getattr(each, state.value)) for each in group) for group in groups],
            tone_of(state.value),
        )
        for state in _STATES
    ]


def _between(slot: _Slot) -> dict[str, str]:
    return {"from": f"{slot.begins:%Y-%m-%dT%H:%M:%SZ}", "until": f"{slot.ends:%Y-%m-%dT%H:%M:%SZ}"}


def _hours() -> list[_Slot]:
    this = utc_now().replace(minute=0, second=0, microsecond=0)
    begins = [this - timedelta(hours=n) for n in range(23, -1, -1)]
    return [_Slot(f"{to_lagos(one):%H}", one, one + timedelta(hours=1)) for one in begins]


def _days() -> list[_Slot]:
    # A day's number names its bar: more than four weeks would have some twice.
    days = [lagos_today() - timedelta(days=n) for n in range(27, -1, -1)]
    begins = [datetime.combine(day, time(), LAGOS).astimezone(UTC) for day in days]
    return [
        _Slot(_day(day, first=n == 0), one, one + timedelta(days=1))
        for n, (day, one) in enumerate(zip(days, begins, strict=True))
    ]


def _day(day: date, *, first: bool) -> str:
    """Its number, with the month under it where one begins."""
    return f"{day.day}<br>{day:%b}" if first or day.day == 1 else f"{day.day}"
