"""What members do over time: tiers up and down, who still earns, which rewards they take."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import streamlit as st

from crm_core.base.clock import add_months, last_months
from crm_core.loyalty import queries
from crm_core.loyalty.figures import queries as figures
from crm_core.loyalty.figures.schemas import CohortQuarter, ProgrammeMonth, TakeUp
from crm_core.loyalty.schemas import RewardFilter, RewardRead
from crm_core.people.schemas import Actor
from crm_core.ui import charts, heat
from crm_core.ui.charts import Chart, Series
from crm_core.ui.formatting import moment
from crm_core.ui.loyalty.figures import PATIENTS
from crm_core.ui.loyalty.ledger import opens_list
from crm_core.ui.page import load
from crm_core.ui.states import Tone

_TONES = (Tone.TEAL, Tone.AMBER, Tone.INDIGO, Tone.SKY, Tone.ROSE, Tone.LIME)
_OTHERS = "Other rewards"
_TALL = 340


def show(_: Actor) -> None:
    """The three charts."""
    with load() as session:
        months = figures.programme_by_month(session)
        cohorts = figures.retention(session)
        taken = figures.take_up_by_month(session)
        rewards = queries.list_rewards(RewardFilter(limit=100)).page(session).rows
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.subheader("Changes of tier", anchor=False)
        _movements(months)
    with right.container(border=True, height="stretch"):
        st.subheader("Rewards taken", anchor=False)
        take_up(taken, rewards)
    with st.container(border=True):
        st.subheader("Who still earns points", anchor=False)
        _retention(cohorts)


def take_up(taken: Sequence[TakeUp], rewards: Sequence[RewardRead]) -> None:
    """Rewards taken by month: the most taken ones, and the rest together."""
    months = last_months(12)
    names = {reward.id: reward.name for reward in rewards}
    most = _most_taken(taken, names)
    counts: dict[tuple[date, int | None], int] = defaultdict(int)
    for each in taken:
        known = each.reward_id if each.reward_id in most else None
        counts[each.month, known] += each.taken
    kinds: list[int | None] = [*most, None] if any(k is None for _, k in counts) else [*most]
    tones = {None: Tone.GREY} | dict(zip(most, _TONES, strict=False))
    charts.bars(
        Chart(
            labels=charts.month_labels(months),
            series=[
                Series(_name(kind, names), [counts.get((m, kind), 0) for m in months], tones[kind])
                for kind in kinds
            ],
            alt="Rewards taken by month and reward",
            empty="No reward was taken in the last year.",
            name="take-up",
            money=False,
            height=_TALL,
            opens=lambda label, series: opens_list(
                "rewards", month=f"{months[label]:%Y-%m}", **_of(kinds[series])
            ),
        )
    )


def _movements(months: Sequence[ProgrammeMonth]) -> None:
    ways = ("up", "down")
    charts.bars(
        Chart(
            labels=charts.month_labels([month.month for month in months]),
            series=[
                Series("Up", [month.rose for month in months], Tone.TEAL),
                Series("Down", [month.fell for month in months], Tone.ROSE),
            ],
            alt="Members who rose or fell by a tier, by month",
            empty="Nobody's tier changed in the last year.",
            name="movements",
            money=False,
            height=_TALL,
            opens=lambda label, series: opens_list(
                "tiers", month=f"{months[label].month:%Y-%m}", way=ways[series]
            ),
        )
    )


def _retention(cohorts: Sequence[CohortQuarter]) -> None:
    # The youngest cohort has no later quarter yet.
    firsts = sorted({each.cohort for each in cohorts})[:-1]
    found = {(each.cohort, each.quarter): each for each in cohorts}
    later = range(1, len(firsts) + 1)
    chart = Chart(
        labels=[_quarter(first) for first in firsts],
        series=[
            Series(
                f"{n} quarters later" if n > 1 else "the next quarter",
                [_share(found.get((first, add_months(first, 3 * n)))) for first in firsts],
            )
            for n in later
        ],
        alt="Of the members registered in a quarter, the share that earned points in later ones",
        empty="Not counted yet: it is done every night.",
        name="retention",
        money=False,
        height=70 + 34 * len(firsts),
        opens=lambda label, _: _registered_in(firsts[label]),
        page=PATIENTS,
    )
    sizes = {each.cohort: each.registered for each in cohorts}
    heat.grid(
        chart,
        columns=[f"+{n}" if n > 1 else "+1 quarter" for n in later],
        notes=[f"of {sizes[first]:,} members" for first in firsts],
    )
    if cohorts:
        st.text(
            "Members by the quarter they registered in, and the share that earned points so many"
            f" quarters later. Counted {moment(cohorts[0].counted_at)}; the last quarter is not"
            " over."
        )


def _share(each: CohortQuarter | None) -> float | None:
    return None if each is None else each.earning / each.registered


def _registered_in(first: date) -> Mapping[str, str]:
    last = add_months(first, 3) - timedelta(days=1)
    return {"from": f"{first}", "to": f"{last}"}


def _quarter(first: date) -> str:
    return f"Q{(first.month + 2) // 3} {first:%Y}"


def _most_taken(taken: Sequence[TakeUp], names: Mapping[int, str]) -> list[int]:
    totals: dict[int, int] = defaultdict(int)
    for each in taken:
        if each.reward_id is not None and each.reward_id in names:
            totals[each.reward_id] += each.taken
    return sorted(totals, key=lambda reward_id: (-totals[reward_id], reward_id))[: len(_TONES)]


def _name(reward_id: int | None, names: Mapping[int, str]) -> str:
    return _OTHERS if reward_id is None else names[reward_id]


def _of(reward_id: int | None) -> dict[str, str]:
    return {} if reward_id is None else {"reward": str(reward_id)}
