"""The cards of the home page: a figure, its past, what it is compared with, and its rows."""

from decimal import Decimal

from crm_core.base.clock import lagos_today
from crm_core.base.money import naira_short
from crm_core.insights.morning.queries import first_day
from crm_core.insights.morning.schemas import Delivery, Operations
from crm_core.payouts.schemas import PayoutStatus
from crm_core.ui import cards
from crm_core.ui.cards import Card, satisfaction_card
from crm_core.ui.formatting import counted
from crm_core.ui.home import places
from crm_core.ui.payouts.figures import opens_list

_WEEKS = 28


def show(now: Operations) -> None:
    """All of them, the money first."""
    shown = [
        *_payouts(now),
        *_visits(now),
        *_feedback(now),
        *_reach(now),
        _liability(now),
        _escalated(now),
    ]
    cards.show(shown, columns=4)


def _payouts(now: Operations) -> list[Card]:
    stats, of, past = now.payouts, _within(now), now.payouts_by_month
    waiting = [total for total in stats.statuses if total.status is PayoutStatus.PENDING]
    net = sum((total.net_amount for total in waiting), Decimal(0))
    return [
        Card(
            "Awaiting approval",
            naira_short(net),
            # The month that runs has no payouts yet: they are made when it has ended.
            _moved(past[-2].made, past[-3].made),
            note="made, vs the month before",
            neutral=True,
            trend=[each.made for each in past[:-1]],
            kind="bar",
            opens=opens_list(status="pending", **of),
            page=places.PAYOUTS,
            action=counted(sum(total.count for total in waiting), "payout"),
            help="The bars are what was made for each month, until last month.",
        ),
        Card(
            "Overdue",
            naira_short(stats.overdue_net),
            _moved(stats.overdue_net, past[-2].overdue),
            note="vs the end of last month",
            less_is_better=True,
            trend=[each.overdue for each in past],
            opens=opens_list(overdue="yes", **of),
            page=places.PAYOUTS,
            action=f"{counted(stats.overdue_count, 'payout')} late",
            help="Not paid 14 days after the end of the period; the line is each month's end.",
        ),
        Card(
            "Paid this month",
            naira_short(stats.paid_this_month),
            naira_short(stats.paid_last_month),
            note="last month",
            neutral=True,
            trend=[each.paid for each in past],
            kind="bar",
            opens=opens_list(paid=f"{lagos_today():%Y-%m}", **of),
            page=places.PAYOUTS,
            action="What was paid",
        ),
        satisfaction_card(
            [each.score for each in now.satisfaction],
            opens=places.scores(now.satisfaction[-1].month, **of),
            page=places.FEEDBACK,
            action="The scores",
        ),
    ]


def _visits(now: Operations) -> list[Card]:
    today, of = lagos_today(), _within(now)
    shown = now.visits[-now.days :]
    this, before = now.visits[-1], now.visits[-1 - _WEEKS]
    return [
        Card(
            "Visits today",
            f"{this.visits:,}",
            _change(this.visits, before.visits),
            note="vs four weeks ago",
            trend=[each.visits for each in shown],
            kind="bar",
            opens=places.visits(today, today, **of),
            page=places.VISITS,
            action="Today's visits",
            help="All that were booked for today, cancelled ones among them.",
        ),
        Card(
            "Missed today",
            f"{this.missed:,}",
            _change(this.missed, before.missed),
            note="vs four weeks ago",
            less_is_better=True,
            trend=[each.missed for each in shown],
            kind="bar",
            opens=places.visits(today, today, status="no_show", **of),
            page=places.VISITS,
            action="Who did not come",
        ),
    ]


def _feedback(now: Operations) -> list[Card]:
    of = _within(now)
    before, this = now.complaints[-2:]
    return [
        Card(
            "Open complaints",
            f"{now.feedback.complaints:,}",
            _change(this.complaints, before.complaints),
            note="came in, vs last month",
            less_is_better=True,
            trend=[each.complaints for each in now.complaints],
            kind="bar",
            opens={"type": "complaint", **of},
            page=places.FEEDBACK,
            action="The open ones",
            help="The bars are complaints that came in, month by month.",
        ),
        Card(
            "Past their time",
            f"{now.feedback.overdue:,}",
            _change(this.late, before.late),
            note="late, vs last month",
            less_is_better=True,
            trend=[each.late for each in now.complaints],
            kind="bar",
            opens={"overdue": "yes", **of},
            page=places.FEEDBACK,
            action="Cases that are late",
            help="Open feedback whose target has passed; the bars are targets missed by month.",
        ),
    ]


def _reach(now: Operations) -> list[Card]:
    campaigns, delivery = now.campaigns, now.delivery
    return [
        Card(
            "Campaigns running",
            f"{campaigns.running:,}",
            _change(campaigns.began, campaigns.began_before),
            note="begun, vs last month",
            trend=campaigns.began_by_month,
            kind="bar",
            opens={"status": "active"},
            page=places.CAMPAIGNS,
            action="The running ones",
            help="Of the whole group; the bars are campaigns that began, month by month.",
        ),
        Card(
            "Delivered",
            "–" if delivery.rate is None else f"{delivery.rate * 100:.1f} %",
            _points(delivery),
            note=f"points vs the {now.days} days before",
            trend=[each.delivered / each.sent for each in delivery.by_day if each.sent],
            opens=places.messages_since(first_day(now.days), lagos_today()),
            page=places.MESSAGES,
            action=f"{counted(delivery.sent, 'message')}",
            help=f"Of what providers took in the last {now.days} days, over the whole group.",
        ),
    ]


def _liability(now: Operations) -> Card:
    before, this = now.liability[-2:]
    return Card(
        "Loyalty liability",
        naira_short(this.liability),
        _moved(this.liability, before.liability),
        less_is_better=True,
        trend=[each.liability for each in now.liability],
        opens={"tab": "figures"},
        page=places.LOYALTY,
        action="Points outstanding",
        help="Outstanding points at what a point is worth now, over the whole group.",
    )


def _escalated(now: Operations) -> Card:
    return Card(
        "Escalated",
        f"{now.feedback.escalated:,}",
        opens={"escalated": "yes", **_within(now)},
        page=places.FEEDBACK,
        action="Escalated cases",
        help="Open feedback that was passed up.",
    )


def _within(now: Operations) -> dict[str, str]:
    """What narrows a list to the hospitals that the figures are of."""
    return places.within(now.hospital_id, now.state)


def _moved(now: Decimal, before: Decimal) -> str | None:
    return cards.change_in_naira(now, before) if now != before else None


def _change(now: int, before: int) -> str | None:
    return f"{now - before:+,}" if now != before else None


def _points(delivery: Delivery) -> str | None:
    if delivery.rate is None or delivery.rate_before is None:
        return None
    moved = (delivery.rate - delivery.rate_before) * 100
    return f"{moved:+.1f}" if moved else None
