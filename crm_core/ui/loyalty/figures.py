"""The programme in figures: cards, points and members by month, what is owed by age."""

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from crm_core.base.clock import month_end
from crm_core.base.money import naira_short
from crm_core.loyalty import queries
from crm_core.loyalty.figures import queries as figures
from crm_core.loyalty.figures.schemas import EndingMonth, ProgrammeMonth
from crm_core.loyalty.schemas import LoyaltyStats, Tier, TransactionType
from crm_core.people.schemas import Actor
from crm_core.ui import cards, charts
from crm_core.ui.cards import Card
from crm_core.ui.charts import Chart, Series
from crm_core.ui.loyalty.ledger import opens_list
from crm_core.ui.page import load
from crm_core.ui.states import Tone, label_of, tone_of

PATIENTS = "pages/patients.py"
_EMPTY = "Nobody is a member yet: register a patient first."


def show(_: Actor) -> None:
    """Cards, and the charts of points, members and what is owed."""
    with load() as session:
        stats = queries.loyalty_stats(session)
        months = figures.programme_by_month(session)
        ending = figures.ending_by_month(session)
    cards.show(_cards(stats, months), columns=3)
    with st.container(border=True):
        st.subheader("Points by month", anchor=False)
        _points(months)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader("Members by tier", anchor=False)
        _members(months)
    with right.container(border=True, height="stretch"):
        st.subheader("What is owed, by the month it ends", anchor=False)
        _owed(ending)


def _cards(stats: LoyaltyStats, months: Sequence[ProgrammeMonth]) -> list[Card]:
    before, now = months[-2:]
    outstanding = [month.outstanding for month in months]
    joined = now.all_members - before.all_members
    return [
        Card(
            "Members",
            f"{stats.members:,}",
            f"{joined:+,}" if joined else None,
            trend=[month.all_members for month in months],
            opens={},
            page=PATIENTS,
            action="See the patients",
        ),
        Card(
            "Points outstanding",
            f"{stats.points_outstanding:,}",
            _change(now.outstanding - before.outstanding),
            neutral=True,
            trend=outstanding,
            opens=opens_list("open"),
            action="Those that end soonest",
        ),
        Card(
            "What is owed",
            naira_short(stats.liability),
            f"₦{stats.naira_a_point:,.2f} a point",
            note="",
            neutral=True,
            trend=[points * stats.naira_a_point for points in outstanding],
            opens=opens_list("open"),
            action="Those that end soonest",
            help="Outstanding points × naira a point, as the settings have it.",
        ),
        _flow(TransactionType.EARNED, [month.earned for month in months]),
        _flow(TransactionType.REDEEMED, [month.redeemed for month in months]),
        _flow(TransactionType.EXPIRED, [month.expired for month in months]),
    ]


def _flow(kind: TransactionType, points: Sequence[int]) -> Card:
    """Points of this month against the whole one before."""
    return Card(
        f"{label_of(kind)} this month",
        f"{points[-1]:,}",
        _change(points[-1] - points[-2]),
        less_is_better=kind is TransactionType.EXPIRED,
        trend=points,
        kind="bar",
        opens=opens_list(kind=kind.value),
        action="See the transactions",
    )


def _change(points: int) -> str | None:
    return f"{points:+,}" if points else None


def _points(months: Sequence[ProgrammeMonth]) -> None:
    kinds = (TransactionType.EARNED, TransactionType.REDEEMED, TransactionType.EXPIRED)
    flows = [[getattr(month, kind.value) for month in months] for kind in kinds]
    charts.lines(
        Chart(
            labels=charts.month_labels([month.month for month in months]),
            series=[
                Series(label_of(kind), flow, tone)
                for kind, flow, tone in zip(
                    kinds, flows, (Tone.TEAL, Tone.INDIGO, Tone.ROSE), strict=True
                )
            ],
            alt="Points earned, redeemed and expired by month",
            empty="No points were earned in the last year.",
            name="points",
            money=False,
            height=280,
            opens=lambda label, series: opens_list(
                kind=kinds[series].value, month=f"{months[label].month:%Y-%m}"
            ),
        )
    )


def _members(months: Sequence[ProgrammeMonth]) -> None:
    tiers = list(Tier)
    charts.bars(
        Chart(
            labels=charts.month_labels([month.month for month in months]),
            series=[
                Series(label_of(tier), [month.members[tier] for month in months], tone_of(tier))
                for tier in tiers
            ],
            alt="Members by tier at the end of each month",
            empty=_EMPTY,
            name="members",
            money=False,
            opens=lambda label, series: _who(tiers[series], months[label].month),
            page=PATIENTS,
        )
    )


def _who(tier: Tier, month: date) -> Mapping[str, str]:
    """Those of the tier now who were members by then."""
    return {"tier": tier.value, "to": f"{month_end(month)}"}


def _owed(ending: Sequence[EndingMonth]) -> None:
    charts.bars(
        Chart(
            labels=_ends([each.month for each in ending]),
            series=[Series("Owed", [each.liability for each in ending], Tone.AMBER)],
            alt="What outstanding points are worth by the month that they end in, in naira",
            empty="No points are outstanding.",
            name="owed",
            opens=lambda label, _: opens_list("open", month=f"{ending[label].month:%Y-%m}"),
        )
    )


def _ends(months: Sequence[date]) -> list[str]:
    """A year of months as elsewhere; the same months of the year after with their year."""
    return [*charts.month_labels(months[:12]), *(f"{each:%b}<br>{each:%Y}" for each in months[12:])]
