"""The payouts in figures: cards and the pipeline; every figure opens its rows."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import streamlit as st

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.base.money import naira_short
from crm_core.insights.queries import figures_by_month
from crm_core.insights.schemas import MonthFigures
from crm_core.payouts import queries
from crm_core.payouts.schemas import MonthTotal, PayoutStats, PayoutStatus, StatusTotal
from crm_core.people.schemas import Actor
from crm_core.ui import cards, charts
from crm_core.ui.cards import Card
from crm_core.ui.charts import Chart, Series
from crm_core.ui.formatting import counted
from crm_core.ui.page import load
from crm_core.ui.states import label_of, tone_of

LIST = {"tab": "all-payouts"}
# Whatever filtered the list before must not hide the rows behind a figure.
_ALL = dict.fromkeys(
    ("status", "month", "paid", "overdue", "hospital", "state", "owner", "file", "q", "page")
)
_MONTHS = 12
# What is on its way, in the order of the way; the rest is over and in the list.
_ON_THE_WAY = (
    PayoutStatus.PENDING,
    PayoutStatus.FAILED,
    PayoutStatus.APPROVED,
    PayoutStatus.PROCESSING,
    PayoutStatus.UNKNOWN,
)


def show(_: Actor) -> None:
    """The pipeline by state and by month, in naira."""
    with load() as session:
        stats = queries.payout_stats(session)
        by_month = queries.totals_by_month(session, _MONTHS)
        paid = figures_by_month(session, _MONTHS)
    cards.show(_cards(stats, paid))
    left, right = st.columns([2, 3])
    with left.container(border=True, height="stretch"):
        st.subheader("Pipeline", anchor=False)
        pipeline(stats)
    with right.container(border=True, height="stretch"):
        st.subheader("By month of the period", anchor=False)
        _months(by_month)


def of_the_queue(stats: PayoutStats) -> None:
    """What waits, what is late and what could be paid, above the queue."""
    by_status = {total.status: total for total in stats.statuses}
    waiting = [by_status[s] for s in (PayoutStatus.PENDING, PayoutStatus.FAILED) if s in by_status]
    count = sum(total.count for total in waiting)
    cards.show(
        [
            Card(
                f"To approve: {count:,}",
                naira_short(sum((total.net_amount for total in waiting), Decimal(0))),
                help="Pending, or failed at the bank and in need of a new approval: all below.",
            ),
            _overdue(stats),
            _card(by_status, PayoutStatus.APPROVED, "Ready to pay"),
        ],
        columns=3,
    )


def opens_payout(payout_id: int) -> Mapping[str, str | None]:
    """Parameters that show one payout; the tab and filters behind it stay."""
    return {"payout": str(payout_id)}


def opens_list(**filters: str) -> Mapping[str, str | None]:
    """Parameters that show the list with these filters and no others."""
    return {**_ALL, **LIST, **filters}


def pipeline(
    stats: PayoutStats, *, page: str = "", narrowed: Mapping[str, str] | None = None
) -> None:
    """What is on its way by state, and what was paid this month.

    Args:
        page: file of the payouts page, where the chart stands on another.
        narrowed: parameters of the list for what the figures are narrowed to.
    """
    of = narrowed or {}
    by_status = {total.status: total for total in stats.statuses}
    present = [by_status[status] for status in _ON_THE_WAY if status in by_status]
    this_month = f"{lagos_today():%Y-%m}"
    steps = [opens_list(status=total.status.value, **of) for total in present]
    chart = Chart(
        labels=[*(label_of(total.status) for total in present), "Paid this month"],
        series=[Series("Net", [*(total.net_amount for total in present), stats.paid_this_month])],
        alt="Payouts on their way by state, and what was paid this month, net in naira",
        empty="Nothing is on its way: prepare a month under Make.",
        name="pipeline",
        height=340,
        page=page,
        opens=lambda label, _: [*steps, opens_list(paid=this_month, **of)][label],
    )
    charts.bars_by_label(
        chart,
        [*(tone_of(total.status) for total in present), tone_of(PayoutStatus.PAID)],
        notes=[
            *(charts.note(total.net_amount, total.count) for total in present),
            naira_short(stats.paid_this_month),
        ],
    )


def _cards(stats: PayoutStats, by_month: Sequence[MonthFigures]) -> list[Card]:
    by_status = {total.status: total for total in stats.statuses}
    return [
        Card(
            "Paid this month",
            naira_short(stats.paid_this_month),
            cards.change_in_naira(stats.paid_this_month, stats.paid_last_month),
            trend=[figures.paid for figures in by_month],
            kind="bar",
            opens=opens_list(paid=f"{lagos_today():%Y-%m}"),
            action="See what was paid",
        ),
        _card(by_status, PayoutStatus.PROCESSING, "At the bank"),
        _overdue(stats),
        _card(by_status, PayoutStatus.UNKNOWN, "The bank did not answer"),
    ]


def _card(by_status: Mapping[PayoutStatus, StatusTotal], status: PayoutStatus, label: str) -> Card:
    total = by_status.get(status)
    return Card(
        label,
        naira_short(total.net_amount if total else Decimal(0)),
        opens=opens_list(status=status.value),
        action=f"See {counted(total.count if total else 0, 'payout')}",
    )


def _overdue(stats: PayoutStats) -> Card:
    return Card(
        "Past the due date",
        naira_short(stats.overdue_net),
        help="Not paid 14 days after the end of the period.",
        opens=opens_list(overdue="yes"),
        action=f"See {counted(stats.overdue_count, 'payout')}",
    )


def _months(by_month: Sequence[MonthTotal]) -> None:
    months = _last_months()
    order = [PayoutStatus.PAID, *reversed(_ON_THE_WAY)]
    present = [s for s in order if any(total.status is s for total in by_month)]
    amounts = {(total.month, total.status): total.net_amount for total in by_month}
    chart = Chart(
        labels=charts.month_labels(months),
        series=[
            Series(label_of(s), [amounts.get((m, s), Decimal(0)) for m in months], tone_of(s))
            for s in present
        ],
        alt="Payouts paid and on their way by month of their period, net in naira",
        empty="No payouts in the last twelve months: prepare a month under Make.",
        name="months",
        height=340,
        opens=lambda label, series: opens_list(
            month=f"{months[label]:%Y-%m}", status=present[series].value
        ),
    )
    charts.bars(chart)


def _last_months() -> list[date]:
    this = month_start(lagos_today())
    return [add_months(this, n) for n in range(1 - _MONTHS, 1)]
