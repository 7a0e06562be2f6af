"""Into the books with whatever is said of a transfer: once, forward only, in any order.

The answer to an order, a verification and a webhook all come here. Each locks the payout first and
the transfer after it, so that two that come at once are taken one after the other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.money import naira
from crm_core.payouts.models import PayoutAttempt
from crm_core.payouts.schemas import Because, PayoutRead, PayoutStatus
from crm_core.payouts.service import common, concluding, settling
from crm_core.payouts.transfers.gateway import Report
from crm_core.payouts.transfers.models import Transfer, TransferAccount, TransferAnswer
from crm_core.payouts.transfers.schemas import TransferState, TransferStatus
from crm_core.people.schemas import machine

_CHECK_AFTER_MINUTES = (1, 2, 5, 15, 60)


@dataclass(frozen=True)
class Locked:
    """A transfer and its payout, both locked, and whether its attempt is the one under way."""

    transfer: Transfer
    payout: PayoutRead
    live: bool

    @property
    def frozen(self) -> bool:
        """Whether a person looks into it first."""
        return self.transfer.frozen_reason is not None and self.transfer.released_at is None

    def looked_into(self, trouble: str) -> bool:
        """Whether a person knows of this already and has decided."""
        return self.transfer.frozen_reason == trouble and self.transfer.released_at is not None


def lock(session: Session, transfer_id: int) -> Locked:
    """Locks owner, payout and transfer, in the order in which everybody does."""
    payout_id = session.scalars(select(Transfer.payout_id).where(Transfer.id == transfer_id)).one()
    payout = common.lock_payout(session, payout_id)
    transfer = session.scalars(
        select(Transfer)
        .where(Transfer.id == transfer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    outcome = session.scalars(
        select(PayoutAttempt.outcome).where(PayoutAttempt.id == transfer.attempt_id)
    ).one()
    return Locked(transfer, payout, outcome in ("open", "unknown"))


def find(session: Session, provider: str, reference: str) -> int | None:
    """The id of the transfer that went out under this reference."""
    return session.scalar(
        select(Transfer.id).where(Transfer.provider == provider, Transfer.reference == reference)
    )


def record(session: Session, transfer_id: int, report: Report, *, source: str) -> str:
    """Takes note of what the provider says and does what follows; gives it in a sentence."""
    locked = lock(session, transfer_id)
    say(session, transfer_id, source, report.sentence, status=report.status)
    # Both are asked: that a person has decided about one says nothing of the other.
    troubles = (_contradiction(locked, report.status), _mismatch(session, locked, report))
    for trouble in troubles:
        if trouble is not None and not locked.looked_into(trouble):
            return freeze(session, locked, trouble)
    if locked.frozen:
        return f"It is frozen: {locked.transfer.frozen_reason}"
    if not _is_news(locked.transfer, report.status):
        return f"Nothing new: it is {locked.payout.status}."
    _write_down(session, locked, report)
    return _follow(session, locked, report)


def say(
    session: Session,
    transfer_id: int,
    source: str,
    sentence: str,
    *,
    status: TransferStatus | None = None,
) -> None:
    """Adds a sentence to what was said of the transfer."""
    session.add(
        TransferAnswer(
            transfer_id=transfer_id,
            source=source,
            status=status.value if status else None,
            sentence=sentence[:1000],
        )
    )
    session.flush()


def make_unknown(
    session: Session, locked: Locked, sentence: str, *, now: datetime | None = None
) -> None:
    """Nobody knows whether the provider has it: locked until a verification finds out."""
    values = {"state": TransferState.UNANSWERED.value, "due_at": next_check(locked, now)}
    write(session, locked.transfer.id, **values)
    if locked.payout.status is PayoutStatus.PROCESSING:
        concluding.leave(session, locked.payout.id, PayoutStatus.UNKNOWN, sentence)


def freeze(session: Session, locked: Locked, trouble: str) -> str:
    """Stops everything about the payout until a person has looked into it."""
    write(
        session,
        locked.transfer.id,
        frozen_reason=trouble,
        frozen_at=func.clock_timestamp(),
        released_at=None,
        released_by=None,
        release_reason=None,
    )
    sentence = f"Frozen: {trouble}"
    if locked.live and locked.payout.status is PayoutStatus.PROCESSING:
        concluding.leave(session, locked.payout.id, PayoutStatus.UNKNOWN, sentence)
    return sentence


def fail(session: Session, locked: Locked, sentence: str, *, source: str) -> None:
    """The provider does not do it and never had it: conclusive without a status of its own."""
    say(session, locked.transfer.id, source, sentence)
    _conclude(session, locked.transfer.id)
    concluding.leave(session, locked.payout.id, PayoutStatus.FAILED, sentence)


def next_check(locked: Locked, now: datetime | None = None) -> datetime:
    """When to ask again: soon at first, then ever more rarely."""
    step = min(locked.transfer.checks, len(_CHECK_AFTER_MINUTES) - 1)
    return (now or utc_now()) + timedelta(minutes=_CHECK_AFTER_MINUTES[step])


def write(session: Session, transfer_id: int, **values: object) -> None:
    """Changes columns of a transfer that is locked."""
    session.execute(
        update(Transfer).where(Transfer.id == transfer_id).values(**values),
        execution_options=common.VALUES,
    )


def _write_down(session: Session, locked: Locked, report: Report) -> None:
    transfer = locked.transfer
    values: dict[str, object] = {"provider_status": report.status.value}
    if report.transfer_code is not None:
        values["transfer_code"] = report.transfer_code
    if not report.status.conclusive and transfer.state != TransferState.SENT:
        values |= {"state": TransferState.SENT.value, "due_at": next_check(locked)}
    write(session, transfer.id, **values)
    if report.status.conclusive:
        _conclude(session, transfer.id)


def _follow(session: Session, locked: Locked, report: Report) -> str:
    """What the provider's word means for the payout."""
    payout, status = locked.payout, report.status
    if not status.conclusive:
        return report.sentence
    if status is TransferStatus.SUCCESS and locked.live:
        reference = report.transfer_code or locked.transfer.transfer_code or report.reference
        concluding.mark_paid(session, {payout.id: reference})
        return f"{payout.payout_code} is paid."
    if status is TransferStatus.REVERSED and payout.status is PayoutStatus.PAID:
        because = Because(reason=f"{locked.transfer.provider.capitalize()}: the money came back")
        settling.reverse_payout(session, payout.id, because, actor=machine("provider"))
        return f"{payout.payout_code} is reversed: the money came back."
    if locked.live:
        concluding.leave(session, payout.id, PayoutStatus.FAILED, report.sentence)
        return f"{payout.payout_code} failed. {report.sentence}"
    return f"Nothing to do: {payout.payout_code} is {payout.status}."


def _is_news(transfer: Transfer, status: TransferStatus) -> bool:
    """Late words of an earlier state change nothing."""
    before = TransferStatus(transfer.provider_status) if transfer.provider_status else None
    if transfer.state == TransferState.WITHDRAWN:
        return False
    if before is None or not before.conclusive:
        return transfer.state != TransferState.CONCLUDED or status.conclusive
    return before is TransferStatus.SUCCESS and status is TransferStatus.REVERSED


def _contradiction(locked: Locked, status: TransferStatus) -> str | None:
    """A last word against another last word: money may have gone twice, or not at all."""
    transfer = locked.transfer
    before = TransferStatus(transfer.provider_status) if transfer.provider_status else None
    if status is TransferStatus.SUCCESS:
        said_no = before is not None and before.failure
        over = not locked.live and (before is None or not before.conclusive)
        if said_no or (over and locked.payout.status is not PayoutStatus.PAID):
            return "the provider says success of a transfer that had failed."
    if status.failure and before is TransferStatus.SUCCESS:
        return f"the provider says {status} of a transfer that had succeeded."
    return None


def _mismatch(session: Session, locked: Locked, report: Report) -> str | None:
    transfer = locked.transfer
    if report.kobo is not None and report.kobo != transfer.amount_kobo:
        theirs, ours = naira_of(report.kobo), naira_of(transfer.amount_kobo)
        return f"the provider says {theirs}, we say {ours}."
    if report.currency is not None and report.currency.upper() != "NGN":
        return f"the provider says {report.currency[:10]}, we say NGN."
    if names_recipient(session, transfer.account_id, report) is False:
        return "the provider names another recipient than the one we pay."
    return None


def names_recipient(session: Session, account_id: int, report: Report) -> bool | None:
    """Whether the report names our recipient; None where it names nobody that we could compare."""
    ours = session.execute(
        select(TransferAccount.recipient_code, TransferAccount.recipient_number).where(
            TransferAccount.id == account_id
        )
    ).one()
    if report.recipient_code is not None:
        return bool(report.recipient_code == ours.recipient_code)
    if report.recipient_number is not None and ours.recipient_number is not None:
        return bool(report.recipient_number == ours.recipient_number)
    return None


def naira_of(kobo: int) -> str:
    """Kobo as people read it."""
    return naira(Decimal(kobo) / 100)


def _conclude(session: Session, transfer_id: int) -> None:
    write(
        session,
        transfer_id,
        state=TransferState.CONCLUDED.value,
        concluded_at=func.coalesce(Transfer.concluded_at, func.now()),
    )
