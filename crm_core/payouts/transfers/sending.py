"""Sending what was claimed: claim and commit, send, record; each a step that may be the last one.

No transaction is open while the network is. Whoever dies between claiming and recording leaves a
transfer in ``sending``: ``reconciling`` finds it, and only a verification says what became of it.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, select, update
from sqlalchemy.orm import Session, aliased

from crm_core.base.clock import utc_now
from crm_core.base.db import transaction
from crm_core.payouts.models import Payout
from crm_core.payouts.service import common
from crm_core.payouts.transfers import accounts, recording
from crm_core.payouts.transfers.gateway import (
    Declined,
    Gateway,
    NotTaken,
    Order,
    Report,
    Unanswered,
)
from crm_core.payouts.transfers.models import Transfer, TransferAccount
from crm_core.payouts.transfers.schemas import TransferState

WHO = accounts.WHO


@dataclass(frozen=True)
class Claimed:
    """An order that is ours to send; ``token`` tells later whether it still is."""

    transfer_id: int
    token: int
    order: Order


def send_waiting(gateway: Gateway, *, now: datetime | None = None) -> int:
    """Sends every transfer whose turn has come; gives how many were claimed."""
    sent = 0
    while True:
        moment = now or utc_now()
        accounts.make_recipients(gateway, moment)
        claimed = claim(gateway, moment)
        if not claimed:
            return sent
        sent += len(claimed)
        send(gateway, claimed)


def claim(gateway: Gateway, now: datetime) -> list[Claimed]:
    """Marks some queued transfers as being sent, and commits; others skip what is locked."""
    with transaction(who=WHO, why="sending transfers") as session:
        chosen = list(session.scalars(_ready(gateway, now)))
        if not chosen:
            return []
        session.execute(
            update(Transfer)
            .where(Transfer.id.in_(chosen))
            .values(state=TransferState.SENDING.value, claimed_at=now, sends=Transfer.sends + 1),
            execution_options=common.VALUES,
        )
        return _orders(session, chosen)


def send(gateway: Gateway, claimed: Sequence[Claimed]) -> None:
    """Sends what was claimed and records each answer."""
    if len(claimed) > 1 and _send_batch(gateway, claimed):
        return
    for one in claimed:
        _send_one(gateway, one)


def _send_batch(gateway: Gateway, claimed: Sequence[Claimed]) -> bool:
    """False where the batch as such was declined: one by one, each gets an answer of its own."""
    try:
        reports = {r.reference: r for r in gateway.send_many([one.order for one in claimed])}
    except Declined:
        return False
    except (NotTaken, Unanswered) as trouble:
        for one in claimed:
            _note_trouble(one, trouble)
    else:
        _record_batch(gateway, claimed, reports)
    return True


def _record_batch(
    gateway: Gateway, claimed: Sequence[Claimed], reports: Mapping[str, Report]
) -> None:
    for one in claimed:
        report = reports.get(one.order.reference)
        if report is not None:
            _record(one, report)
        else:
            _note_silence(one, f"{gateway.title} took the batch and did not mention this one.")


def _send_one(gateway: Gateway, one: Claimed) -> None:
    try:
        _record(one, gateway.send(one.order))
    except (NotTaken, Unanswered) as trouble:
        _note_trouble(one, trouble)
    except Declined as declined:
        _look_up_declined(gateway, one, str(declined))


def _look_up_declined(gateway: Gateway, one: Claimed, sentence: str) -> None:
    """A no is only a no where the reference is unknown: it may be that it was sent before."""
    try:
        report = gateway.verify(one.order.reference)
    except (NotTaken, Unanswered, Declined):
        _note_silence(one, sentence)
        return
    if report is not None:
        _record(one, report)
        return
    with _recording() as session:
        locked = recording.lock(session, one.transfer_id)
        if _is_ours(locked.transfer, one):
            recording.fail(session, locked, sentence, source="send")


def _record(one: Claimed, report: Report) -> None:
    with _recording() as session:
        recording.record(session, one.transfer_id, report, source="send")


def _note_trouble(one: Claimed, trouble: NotTaken | Unanswered) -> None:
    if isinstance(trouble, NotTaken):
        _put_back(one, trouble)
    else:
        _note_silence(one, str(trouble))


def _put_back(one: Claimed, refused: NotTaken) -> None:
    """It did not get there: it goes out later, under the same reference."""
    due_at = utc_now() + timedelta(seconds=refused.wait_seconds)
    with _recording() as session:
        locked = recording.lock(session, one.transfer_id)
        recording.say(session, one.transfer_id, "send", str(refused))
        if _is_ours(locked.transfer, one):
            state, sends = TransferState.QUEUED.value, one.token - 1
            recording.write(session, one.transfer_id, state=state, sends=sends, due_at=due_at)


def _note_silence(one: Claimed, sentence: str) -> None:
    with _recording() as session:
        locked = recording.lock(session, one.transfer_id)
        recording.say(session, one.transfer_id, "send", sentence)
        if _is_ours(locked.transfer, one):
            recording.make_unknown(session, locked, sentence)


def _is_ours(transfer: Transfer, one: Claimed) -> bool:
    return transfer.state == TransferState.SENDING and transfer.sends == one.token


def _ready(gateway: Gateway, now: datetime) -> Select[int]:
    """Queued, due, with a recipient, and of a payout about which nothing is frozen."""
    other = aliased(Transfer)
    frozen = exists().where(
        other.payout_id == Transfer.payout_id,
        other.frozen_reason.is_not(None),
        other.released_at.is_(None),
    )
    return (
        select(Transfer.id)
        .join(TransferAccount, TransferAccount.id == Transfer.account_id)
        .where(
            Transfer.provider == gateway.name,
            Transfer.state == TransferState.QUEUED.value,
            Transfer.due_at <= now,
            TransferAccount.recipient_code.is_not(None),
            ~frozen,
        )
        .order_by(Transfer.due_at, Transfer.id)
        .limit(gateway.most_at_once)
        .with_for_update(of=Transfer, skip_locked=True)
    )


def _orders(session: Session, transfer_ids: Sequence[int]) -> list[Claimed]:
    found = session.execute(
        select(
            Transfer.id,
            Transfer.sends,
            Transfer.reference,
            Transfer.amount_kobo,
            TransferAccount.recipient_code,
            Payout.payout_code,
            Payout.period_start,
        )
        .join(TransferAccount, TransferAccount.id == Transfer.account_id)
        .join(Payout, Payout.id == Transfer.payout_id)
        .where(Transfer.id.in_(transfer_ids))
        .order_by(Transfer.id)
    )
    return [
        Claimed(
            row.id,
            row.sends,
            Order(
                row.reference,
                row.amount_kobo,
                row.recipient_code,
                f"{row.payout_code} {row.period_start:%b %Y}",
            ),
        )
        for row in found
    ]


def _recording() -> AbstractContextManager[Session]:
    return transaction(who=WHO, why="the provider's answer to a transfer")
