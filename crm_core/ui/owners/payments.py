"""What an owner is paid: what waits, the history as a chart and as a table."""

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from crm_core.base.clock import lagos_today, last_months
from crm_core.owners import queries as owners
from crm_core.owners.schemas import OwnerRead
from crm_core.payouts import queries
from crm_core.payouts.schemas import (
    MonthTotal,
    PayoutFilter,
    PayoutRead,
    PayoutSort,
    PayoutStatus,
)
from crm_core.ui import address_bar, charts, tables
from crm_core.ui.charts import Chart, Series
from crm_core.ui.formatting import period
from crm_core.ui.owners import satisfaction
from crm_core.ui.page import load
from crm_core.ui.states import label_of, tone_of
from crm_core.ui.tables import Column, Table

PAGE = "pages/payouts.py"
_UNDER_WAY = (
    PayoutStatus.PENDING,
    PayoutStatus.APPROVED,
    PayoutStatus.PROCESSING,
    PayoutStatus.FAILED,
    PayoutStatus.UNKNOWN,
)
# What matters stands at the foot of the bar.
_DRAWN = (PayoutStatus.PAID, *_UNDER_WAY, PayoutStatus.REVERSED)
_COLUMNS = {
    "Payout": tables.text(width=105),
    "Period": tables.text(),
    "Gross": tables.naira(),
    "Deductions": tables.naira(),
    "Net": tables.naira(),
    "Due": tables.on_day(),
    "Status": tables.state([*PayoutStatus, "overdue"]),
}
_ALL_COLUMNS = {**_COLUMNS, "Paid": tables.at()}


def overview(owner: OwnerRead) -> None:
    """What waits, the year's payouts, and the satisfaction trend."""
    waiting = PayoutFilter(
        owner_id=owner.id, statuses=_UNDER_WAY, sort=PayoutSort.DUE, limit=tables.PAGE
    )
    with load() as session:
        under_way = queries.list_payouts(waiting).page(session)
        totals = queries.totals_by_month(session, owner_id=owner.id)
        scores = owners.score_history(session, owner.id, last_months(satisfaction.KNOWN_MONTHS)[0])
    with st.grid(2, min_column_width=320):
        with st.container(border=True, height="stretch"):
            st.subheader("Payouts by month", anchor=False)
            _chart(totals)
        with st.container(border=True, height="stretch"):
            st.subheader("Satisfaction", anchor=False)
            satisfaction.trend(scores)
    with st.container(border=True):
        st.subheader("What is waiting", anchor=False)
        _table(under_way.rows, "waiting", _COLUMNS, "Nothing waits: every payout is settled.")


def history(owner: OwnerRead) -> None:
    """Every payout of the owner, by state and month; a row opens the payout."""
    with st.grid(2, min_column_width=150):
        state = address_bar.state("state", "Status", PayoutStatus)
        ended = address_bar.recent_month("month", "Month of the period")
    wanted = PayoutFilter(
        owner_id=owner.id,
        status=state,
        month=ended,
        page=address_bar.page_of(),
        limit=tables.PAGE,
    )
    with load() as session:
        found = tables.page_of(session, queries.list_payouts, wanted)
    _table(found.rows, "payouts", _ALL_COLUMNS, "No payouts here yet.")
    tables.pages(found, "payout")


def _chart(totals: Sequence[MonthTotal]) -> None:
    months = last_months(12)
    net = {(total.month, total.status): total.net_amount for total in totals}
    states = [state for state in _DRAWN if any(s is state for _, s in net)]
    series = [Series(label_of(s), [net.get((m, s), 0) for m in months], tone_of(s)) for s in states]
    charts.bars(
        Chart(
            labels=charts.month_labels(months),
            series=series,
            alt="Net payouts of the owner by month of the period and by state, in naira",
            empty="No payouts in the last twelve months.",
            name="owner-payouts",
            opens=lambda label, which: _rows_of(months[label], states[which]),
        )
    )


def _rows_of(ended: date, state: PayoutStatus) -> dict[str, str | None]:
    return {"tab": "payouts", "month": f"{ended:%Y-%m}", "state": state.value, "page": None}


def _table(
    payouts: Sequence[PayoutRead], name: str, columns: Mapping[str, Column], empty: str
) -> None:
    table = Table(
        rows=[_row(payout) for payout in payouts],
        columns=columns,
        ids=[payout.id for payout in payouts],
        alt=f"Payouts of the owner: {name}",
        empty=empty,
        name=f"owner-{name}",
    )
    # With the owner in the address, the browser's way back leads to the owner again.
    owners_of = {payout.id: str(payout.owner_id) for payout in payouts}
    tables.pick_one(
        table,
        opens=lambda payout_id: {"payout": str(payout_id), "owner": owners_of[payout_id]},
        page=PAGE,
    )


def _row(payout: PayoutRead) -> dict[str, object]:
    late = payout.status in _UNDER_WAY and payout.due_on < lagos_today()
    return {
        "Payout": payout.payout_code,
        "Period": period(payout.period_start, payout.period_end),
        "Gross": payout.gross_revenue,
        "Deductions": payout.deductions,
        "Net": payout.net_amount,
        "Due": payout.due_on,
        "Status": [payout.status.value, "overdue"] if late else payout.status.value,
        "Paid": payout.paid_at,
    }
