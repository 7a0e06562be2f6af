"""Finding out what became of transfers that nobody answered for; unknown is never failed.

A transfer that was not answered is asked after by its reference. Where the provider has never seen
it, the same order goes out again under the same reference: the provider takes a reference once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.db import reading, transaction
from crm_core.base.errors import Conflict
from crm_core.payouts.queries import get_payout
from crm_core.payouts.transfers import guarding, recording, sending
from crm_core.payouts.transfers.configured import required_gateway
from crm_core.payouts.transfers.gateway import Declined, Gateway, NotTaken, Report, Unanswered
from crm_core.payouts.transfers.models import Transfer
from crm_core.payouts.transfers.schemas import Release, TransferState, Verified
from crm_core.people.schemas import Actor, Permission

LEASE = timedelta(minutes=5)
"""Whoever claimed a transfer so long ago and wrote nothing down has died."""

_AT_ONCE = 200
_DIED = "Whoever was sending it ended before writing the answer down."
_NOT_THERE = "The provider has never seen this reference."


@dataclass(frozen=True)
class Reconciled:
    """What one run found."""

    abandoned: int
    verified: int
    sent: int


def reconcile(gateway: Gateway, *, now: datetime | None = None) -> Reconciled:
    """Takes over what was abandoned, asks after what is due, and sends what is queued."""
    moment = now or utc_now()
    abandoned = _take_over(gateway, moment)
    verified = 0
    for transfer_id in _due(gateway, moment):
        if not _ask_after(gateway, transfer_id, moment):
            break
        verified += 1
    return Reconciled(abandoned, verified, sending.send_waiting(gateway, now=now))


def verify_payout(payout_id: int, *, actor: Actor) -> Verified:
    """Asks the provider now what became of the payout's transfer; opens its transactions itself.

    Raises:
        Conflict: no provider, no transfer, or one that was not sent yet.
    """
    actor.require(Permission.PAYOUTS_PAY)
    gateway = required_gateway()
    with reading() as session:
        transfer_id, reference = _latest(session, payout_id)
    try:
        report = gateway.verify(reference)
    except (NotTaken, Unanswered, Declined) as silence:
        report, sentence = None, str(silence)
        with transaction(who=actor.key, why="the provider was asked") as session:
            recording.say(session, transfer_id, "verify", sentence)
    else:
        with transaction(who=actor.key, why="the provider was asked") as session:
            sentence = _take_note(session, transfer_id, report, utc_now())
    with reading() as session:
        return Verified(sentence=sentence, payout=get_payout(session, payout_id))


def release_payout(session: Session, payout_id: int, data: Release, *, actor: Actor) -> None:
    """An approver has looked into a frozen transfer that is over: its payout may go on.

    One that is still under way is settled instead, by what its bank says.
    """
    actor.require(Permission.PAYOUTS_APPROVE)
    transfer_id = session.scalar(
        select(Transfer.id)
        .where(
            Transfer.payout_id == payout_id,
            Transfer.frozen_reason.is_not(None),
            Transfer.released_at.is_(None),
        )
        .order_by(Transfer.id.desc())
        .limit(1)
    )
    if transfer_id is None:
        raise Conflict("Nothing about this payout is frozen.")
    locked = recording.lock(session, transfer_id)
    if locked.live:
        raise Conflict("It is still under way: settle it by what the bank says.")
    recording.say(session, transfer_id, "person", f"Released: {data.reason}")
    guarding.release(session, transfer_id, data.reason, actor=actor)


def _latest(session: Session, payout_id: int) -> tuple[int, str]:
    get_payout(session, payout_id)
    found = session.execute(
        select(Transfer.id, Transfer.reference, Transfer.state, Transfer.sends)
        .where(Transfer.payout_id == payout_id)
        .order_by(Transfer.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        raise Conflict("This payout has no transfer to ask about.")
    if found.state == TransferState.WITHDRAWN or not found.sends:
        raise Conflict("Its transfer was not sent: there is nothing to ask about.")
    return found.id, found.reference


def _take_over(gateway: Gateway, now: datetime) -> int:
    with reading() as session:
        left = session.scalars(
            select(Transfer.id)
            .where(
                Transfer.provider == gateway.name,
                Transfer.state == TransferState.SENDING.value,
                Transfer.claimed_at < now - LEASE,
            )
            .limit(_AT_ONCE)
        ).all()
    for transfer_id in left:
        with transaction(who=sending.WHO, why="an abandoned transfer was found") as session:
            locked = recording.lock(session, transfer_id)
            if locked.transfer.state == TransferState.SENDING:
                recording.say(session, transfer_id, "verify", _DIED)
                recording.make_unknown(session, locked, _DIED)
                recording.write(session, transfer_id, due_at=now)
    return len(left)


def _due(gateway: Gateway, now: datetime) -> list[int]:
    with reading() as session:
        return list(session.scalars(_due_statement(gateway, now)))


def _due_statement(gateway: Gateway, now: datetime) -> Select[int]:
    return (
        select(Transfer.id)
        .where(
            Transfer.provider == gateway.name,
            Transfer.state.in_((TransferState.UNANSWERED.value, TransferState.SENT.value)),
            Transfer.due_at <= now,
            Transfer.frozen_reason.is_(None) | Transfer.released_at.is_not(None),
        )
        .order_by(Transfer.due_at, Transfer.id)
        .limit(_AT_ONCE)
    )


def _ask_after(gateway: Gateway, transfer_id: int, now: datetime) -> bool:
    """False where the provider wants to be left alone for now."""
    with reading() as session:
        reference = session.scalars(
            select(Transfer.reference).where(Transfer.id == transfer_id)
        ).one()
    report, silence = None, None
    try:
        report = gateway.verify(reference)
    except NotTaken:
        return False
    except (Unanswered, Declined) as error:
        silence = str(error)
    with transaction(who=sending.WHO, why="the provider was asked") as session:
        locked = recording.lock(session, transfer_id)
        checks = locked.transfer.checks + 1
        due_at = recording.next_check(locked, now)
        recording.write(session, transfer_id, checks=checks, due_at=due_at)
        if silence is not None:
            recording.say(session, transfer_id, "verify", silence)
        else:
            _take_note(session, transfer_id, report, now)
    return True


def _take_note(session: Session, transfer_id: int, report: Report | None, now: datetime) -> str:
    if report is not None:
        return recording.record(session, transfer_id, report, source="verify")
    locked = recording.lock(session, transfer_id)
    recording.say(session, transfer_id, "verify", _NOT_THERE)
    if locked.transfer.state != TransferState.UNANSWERED or locked.frozen:
        return _NOT_THERE
    state = TransferState.QUEUED.value
    recording.write(session, transfer_id, state=state, due_at=now)
    return f"{_NOT_THERE} It goes out again under the same one."
