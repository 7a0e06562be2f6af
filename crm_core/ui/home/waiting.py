"""What needs the person who looks, by what their roles let them do; over the whole group."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm_core.base.money import naira_short
from crm_core.insights import queries as insights
from crm_core.insights.morning.queries import to_do
from crm_core.insights.morning.schemas import ToDo
from crm_core.insights.schemas import MonthToPrepare, Waiting
from crm_core.payouts.queries import payout_stats
from crm_core.payouts.schemas import PayoutStats, PayoutStatus
from crm_core.people.schemas import Actor, Permission
from crm_core.privacy.erasures import count_waiting
from crm_core.ui.feedback.queue import staff_id
from crm_core.ui.formatting import counted
from crm_core.ui.home import places
from crm_core.ui.needs import Need, Params
from crm_core.ui.payouts.figures import opens_list

_PAYMENTS = (
    (PayoutStatus.UNKNOWN, "payment", "that the bank did not answer", ":material/help:"),
    (PayoutStatus.FAILED, "payment", "failed", ":material/error:"),
    (PayoutStatus.APPROVED, "payout", "to send to the bank", ":material/account_balance:"),
)


@dataclass(frozen=True)
class Desk:
    """What the list is made of, read in one go."""

    waiting: Waiting
    to_prepare: Sequence[MonthToPrepare]
    payouts: PayoutStats
    to_do: ToDo
    erasures: int


def read(session: Session, actor: Actor) -> Desk:
    """How much waits for whom."""
    return Desk(
        waiting=insights.waiting_for(session, actor.person),
        to_prepare=insights.months_to_prepare(session),
        payouts=payout_stats(session),
        to_do=to_do(session, staff_id(actor)),
        erasures=count_waiting(session) if actor.may(Permission.ERASURES_APPROVE) else 0,
    )


def needs_of(desk: Desk, actor: Actor) -> list[Need]:
    """One line a kind of thing, approvals first."""
    return [
        *(_payouts_to_approve(desk) if actor.may(Permission.PAYOUTS_APPROVE) else []),
        *(_campaigns(desk) if actor.may(Permission.CAMPAIGNS_APPROVE) else []),
        *_erasures(desk),
        *(_cases(desk) if actor.may(Permission.FEEDBACK_WRITE) else []),
        *(_payments(desk) if actor.may(Permission.PAYOUTS_PAY) else []),
        *(_months(desk.to_prepare) if actor.may(Permission.PAYOUTS_MAKE) else []),
        *(_doubts(desk) if actor.may(Permission.MESSAGES_MANAGE) else []),
        *(_answers(desk) if actor.may(Permission.APPOINTMENTS_WRITE) else []),
        *(_contracts(desk) if actor.may(Permission.OWNERS_WRITE) else []),
    ]


def _payouts_to_approve(desk: Desk) -> list[Need]:
    waiting = desk.waiting
    return _need(
        waiting.count,
        f"{counted(waiting.count, 'payout')} to approve: {naira_short(waiting.net_amount)}",
        ":material/approval:",
        (places.PAYOUTS, {"tab": "to-approve", "not-mine": "yes"}),
    )


def _campaigns(desk: Desk) -> list[Need]:
    return _need(
        desk.to_do.campaigns,
        f"{counted(desk.to_do.campaigns, 'campaign')} to approve",
        ":material/campaign:",
        (places.CAMPAIGNS, {"status": "pending_approval"}),
    )


def _erasures(desk: Desk) -> list[Need]:
    return _need(
        desk.erasures,
        f"{counted(desk.erasures, 'request')} to be erased to decide",
        ":material/person_off:",
        (places.ERASURES, {"state": "requested"}),
    )


def _cases(desk: Desk) -> list[Need]:
    escalated, late, mine = desk.to_do.escalated, desk.to_do.overdue, desk.to_do.mine
    return [
        *_need(
            escalated,
            f"{counted(escalated, 'case')} of feedback escalated",
            ":material/priority_high:",
            (places.FEEDBACK, {"escalated": "yes"}),
        ),
        *_need(
            late,
            f"{counted(late, 'case')} of feedback past their time",
            ":material/alarm:",
            (places.FEEDBACK, {"overdue": "yes"}),
        ),
        *_need(
            mine,
            f"{counted(mine, 'case')} of feedback with you",
            ":material/reviews:",
            (places.FEEDBACK, {"mine": "yes"}),
        ),
    ]


def _payments(desk: Desk) -> list[Need]:
    totals = {total.status: total for total in desk.payouts.statuses}
    return [
        Need(
            f"{counted(totals[status].count, noun)} {what}"
            + (
                f": {naira_short(totals[status].net_amount)}"
                if status is PayoutStatus.APPROVED
                else ""
            ),
            icon,
            places.PAYOUTS,
            opens_list(status=status.value),
        )
        for status, noun, what, icon in _PAYMENTS
        if status in totals
    ]


def _months(to_prepare: Sequence[MonthToPrepare]) -> list[Need]:
    return [need for month in to_prepare for need in _month(month)]


def _month(month: MonthToPrepare) -> list[Need]:
    there = (places.PAYOUTS, {"tab": "make", "month": f"{month.month:%Y-%m}"})
    missing = counted(month.without_revenue, "contract")
    return [
        *_need(
            month.ready,
            f"{month.month:%B %Y}: {counted(month.ready, 'contract')} without a payout",
            ":material/calendar_month:",
            there,
        ),
        *_need(
            month.without_revenue,
            f"{month.month:%B %Y}: revenue missing for {missing}",
            ":material/edit_note:",
            there,
        ),
    ]


def _doubts(desk: Desk) -> list[Need]:
    count = desk.to_do.unknown_messages
    return _need(
        count,
        f"{counted(count, 'message')} of which nobody knows whether it went out",
        ":material/question_mark:",
        (places.MESSAGES, {"tab": "log", "status": "unknown"}),
    )


def _answers(desk: Desk) -> list[Need]:
    count = desk.to_do.answers
    return _need(
        count,
        f"{counted(count, 'answer')} to a reminder for a person to settle",
        ":material/event_note:",
        (places.VISITS, {"tab": "reminders"}),
    )


def _contracts(desk: Desk) -> list[Need]:
    count = desk.to_do.expiring
    return _need(
        count,
        f"{counted(count, 'contract')} about to expire",
        ":material/event_busy:",
        (places.OWNERS, {"tab": "contracts", "contract_status": "expiring"}),
    )


def _need(count: int, sentence: str, icon: str, there: tuple[str, Params]) -> list[Need]:
    page, opens = there
    return [Need(sentence, icon, page, opens)] if count else []
