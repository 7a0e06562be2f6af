"""The first page after signing in: the morning in one look, every figure a way to its rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from crm_core.base.clock import lagos_today
from crm_core.base.money import naira_short
from crm_core.feedback import queries as feedback
from crm_core.insights import queries as insights
from crm_core.insights.schemas import MonthFigures, MonthToPrepare, Waiting
from crm_core.owners.contracts import list_contracts
from crm_core.owners.schemas import ContractFilter, ContractStatus
from crm_core.payouts import queries as payouts
from crm_core.payouts.schemas import PayoutStats, PayoutStatus, StatusTotal
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import cards, charts, needs, tables
from crm_core.ui.cards import Card, satisfaction_card
from crm_core.ui.charts import Chart, Series
from crm_core.ui.feedback.queue import staff_id
from crm_core.ui.formatting import counted
from crm_core.ui.messages import waits
from crm_core.ui.page import load, open_page
from crm_core.ui.payouts.figures import opens_list, pipeline

OWNERS, PAYOUTS = "pages/owners.py", "pages/payouts.py"
FEEDBACK = "pages/feedback.py"


@dataclass(frozen=True)
class Morning:
    """What the page shows, read in one go."""

    figures: list[MonthFigures]
    stats: PayoutStats
    waiting: Waiting
    expiring: int
    to_prepare: list[MonthToPrepare]
    feedback: Mapping[str, int]

    def total(self, status: PayoutStatus) -> StatusTotal:
        """Count and net of the payouts in a state."""
        found = next((total for total in self.stats.statuses if total.status is status), None)
        return found or StatusTotal.model_validate({"status": status, "count": 0, "net_amount": 0})


def today() -> None:
    """Figures, what needs this person, the pipeline and the trend."""
    actor = open_page("Today", needs=None)
    now = lagos_today()
    st.text(f"{now:%A}, {now.day} {now:%B %Y}. Good day, {actor.name}.")
    if not actor.may(Permission.PAYOUTS_READ) or not actor.may(Permission.OWNERS_READ):
        tables.nothing("You have no role yet: ask an administrator for one.")
        return
    morning = _read(actor)
    cards.show(_cards(morning), columns=5)
    with st.grid(2, min_column_width=320):
        with st.container(border=True, height="stretch"):
            st.subheader("Needs you", anchor=False)
            needs.show([*_needs(morning, actor), *waits.needs_of(actor)])
        with st.container(border=True, height="stretch"):
            st.subheader("Payout pipeline", anchor=False)
            pipeline(morning.stats, page=PAYOUTS)
    with st.container(border=True):
        st.subheader("Satisfaction trend", anchor=False)
        _satisfaction(morning.figures)


def _read(actor: Actor) -> Morning:
    expiring = ContractFilter(status=ContractStatus.EXPIRING, limit=1)
    with load() as session:
        return Morning(
            figures=insights.figures_by_month(session),
            stats=payouts.payout_stats(session),
            waiting=insights.waiting_for(session, actor.person),
            expiring=list_contracts(expiring).page(session).total,
            to_prepare=insights.months_to_prepare(session),
            feedback=feedback.open_counts(session, staff_id(actor)),
        )


def _cards(morning: Morning) -> list[Card]:
    pending, stats = morning.total(PayoutStatus.PENDING), morning.stats
    before, now = morning.figures[-2], morning.figures[-1]
    since = f"since {before.month:%b}"
    return [
        Card(
            "Awaiting approval",
            naira_short(pending.net_amount),
            opens=opens_list(status="pending"),
            page=PAYOUTS,
            action=counted(pending.count, "payout"),
        ),
        Card(
            "Overdue",
            naira_short(stats.overdue_net),
            opens=opens_list(overdue="yes"),
            page=PAYOUTS,
            action=counted(stats.overdue_count, "payout"),
            help="Not paid 14 days after the end of the period.",
        ),
        Card(
            "Paid this month",
            naira_short(now.paid),
            naira_short(before.paid),
            note="last month",
            neutral=True,
            trend=[figure.paid for figure in morning.figures],
            kind="bar",
            opens=opens_list(paid=f"{now.month:%Y-%m}"),
            page=PAYOUTS,
            action="What was paid",
        ),
        satisfaction_card(
            [figure.satisfaction for figure in morning.figures],
            opens={"sort": "satisfaction"},
            page=OWNERS,
            note=since,
        ),
        Card(
            "Lifetime value",
            naira_short(now.lifetime_value),
            cards.change_in_naira(now.lifetime_value, before.lifetime_value),
            note=since,
            trend=[figure.lifetime_value for figure in morning.figures],
            opens={"sort": "value"},
            page=OWNERS,
            action="Largest first",
        ),
    ]


def _needs(morning: Morning, actor: Actor) -> list[needs.Need]:
    waiting = morning.waiting
    return [
        *_if(
            actor.may(Permission.PAYOUTS_APPROVE) and waiting.count > 0,
            f"{counted(waiting.count, 'payout')} to approve: {naira_short(waiting.net_amount)}",
            icon=":material/approval:",
            opens={"tab": "to-approve", "not-mine": "yes"},
        ),
        *(_cases(morning.feedback) if actor.may(Permission.FEEDBACK_WRITE) else []),
        *(_payments(morning) if actor.may(Permission.PAYOUTS_PAY) else []),
        *(_months(morning.to_prepare) if actor.may(Permission.PAYOUTS_MAKE) else []),
        *_if(
            actor.may(Permission.OWNERS_WRITE) and morning.expiring > 0,
            f"{counted(morning.expiring, 'contract')} about to expire",
            icon=":material/event_busy:",
            opens={"tab": "contracts", "contract_status": "expiring"},
            page=OWNERS,
        ),
    ]


def _cases(counts: Mapping[str, int]) -> list[needs.Need]:
    """Feedback that is late, and what this person has taken on."""
    return [
        *_if(
            counts["overdue"] > 0,
            f"{counted(counts['overdue'], 'case')} of feedback past their time",
            icon=":material/alarm:",
            opens={"overdue": "yes"},
            page=FEEDBACK,
        ),
        *_if(
            counts["mine"] > 0,
            f"{counted(counts['mine'], 'case')} of feedback with you",
            icon=":material/reviews:",
            opens={"mine": "yes"},
            page=FEEDBACK,
        ),
    ]


def _payments(morning: Morning) -> list[needs.Need]:
    approved, failed, unknown = (
        morning.total(status)
        for status in (PayoutStatus.APPROVED, PayoutStatus.FAILED, PayoutStatus.UNKNOWN)
    )
    return [
        *_if(
            unknown.count > 0,
            f"{counted(unknown.count, 'payment')} that the bank did not answer",
            icon=":material/help:",
            opens=opens_list(status="unknown"),
        ),
        *_if(
            failed.count > 0,
            f"{counted(failed.count, 'payment')} failed",
            icon=":material/error:",
            opens=opens_list(status="failed"),
        ),
        *_if(
            approved.count > 0,
            f"{counted(approved.count, 'payout')} to send to the bank: "
            f"{naira_short(approved.net_amount)}",
            icon=":material/account_balance:",
            opens=opens_list(status="approved"),
        ),
    ]


def _months(to_prepare: list[MonthToPrepare]) -> list[needs.Need]:
    return [
        need
        for month in to_prepare
        for need in (
            *_if(
                month.ready > 0,
                f"{month.month:%B %Y}: {counted(month.ready, 'contract')} without a payout",
                icon=":material/calendar_month:",
                opens={"tab": "make", "month": f"{month.month:%Y-%m}"},
            ),
            *_if(
                month.without_revenue > 0,
                f"{month.month:%B %Y}: revenue missing for "
                f"{counted(month.without_revenue, 'contract')}",
                icon=":material/edit_note:",
                opens={"tab": "make", "month": f"{month.month:%Y-%m}"},
            ),
        )
    ]


def _if(
    wanted: bool, sentence: str, *, icon: str, opens: needs.Params, page: str = PAYOUTS
) -> list[needs.Need]:
    return [needs.Need(sentence, icon, page, opens)] if wanted else []


def _satisfaction(figures: list[MonthFigures]) -> None:
    chart = Chart(
        labels=charts.month_labels([figure.month for figure in figures]),
        series=[Series("Mean score", [figure.satisfaction for figure in figures])],
        alt="Mean satisfaction of the owners at the end of each month, out of 5",
        empty="No owner was asked yet: record a survey on an owner's page.",
        name="home-satisfaction",
        money=False,
        height=260,
    )
    charts.lines(chart, between=charts.around(chart.series[0].values, lowest=1, highest=5))
