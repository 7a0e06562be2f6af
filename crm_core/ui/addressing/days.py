"""Days, months and times in the address."""

from datetime import date, time

import streamlit as st

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.ui.addressing.narrowing import choice
from crm_core.ui.addressing.writing import filter_key, go, set_widget, written
from crm_core.ui.formatting import month

EARLIEST, _LATEST = date(1900, 1, 1), date(2100, 12, 31)
"""Days that may stand in the address."""


def recent_month(param: str, label: str, *, months: int = 24) -> date | None:
    """A choice among the last months, as ``2026-11``; gives the month's first day."""
    this = month_start(lagos_today())
    options = {f"{first:%Y-%m}": month(first) for first in _back(this, months)}
    chosen = choice(param, label, options, any_label="All months")
    return date.fromisoformat(f"{chosen}-01") if chosen else None


def day(
    param: str, label: str, *, usual: date | None = None, since: date = EARLIEST
) -> date | None:
    """A day, as ``2026-11-03`` in the address.

    Args:
        usual: what is meant where the address names none.
        since: the first day that may be chosen.
    """
    key = filter_key(param)
    set_widget(key, day_in(param, since=since) or usual)
    st.date_input(
        label,
        None,
        since,
        _LATEST,
        key=key,
        format="DD/MM/YYYY",
        on_change=written,
        args=(param,),
    )
    return day_in(param, since=since) or usual


def day_in(param: str, *, since: date = EARLIEST) -> date | None:
    """The day that the address names, where it is one that may be chosen."""
    try:
        found = date.fromisoformat(st.query_params.get(param, ""))
    except ValueError:
        return None
    return found if since <= found <= _LATEST else None


def clock(param: str, label: str) -> time | None:
    """A time on the clocks of Lagos, as ``14:05`` in the address."""
    key = filter_key(param)
    set_widget(key, _time(st.query_params.get(param, "")))

    def written() -> None:
        given = st.session_state[key]
        go({param: f"{given:%H:%M}" if given else None})

    st.time_input(label, None, key=key, on_change=written, step=60)
    return _time(st.query_params.get(param, ""))


def _time(written: str) -> time | None:
    try:
        return time.fromisoformat(written).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


def _back(first: date, months: int) -> list[date]:
    return [add_months(first, -n) for n in range(months)]
