"""What a transfer under way forbids: nothing else may pay, fail or settle its payout meanwhile."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict
from crm_core.payouts.models import PayoutAttempt
from crm_core.payouts.schemas import PayoutRead
from crm_core.payouts.transfers.configured import gateway
from crm_core.payouts.transfers.models import Transfer, TransferAnswer
from crm_core.payouts.transfers.schemas import UNDER_WAY, TransferState
from crm_core.people.schemas import Actor

_HELD = "Its transfer is under way: only the provider's word settles it. Verify it."
_FROZEN = Transfer.frozen_reason.is_not(None), Transfer.released_at.is_(None)


def held(session: Session, payout_ids: Sequence[int]) -> dict[int, str]:
    """Which of these a transfer under way holds, with the sentence that says so."""
    found = session.scalars(
        select(Transfer.payout_id)
        .join(PayoutAttempt, PayoutAttempt.id == Transfer.attempt_id)
        .where(Transfer.payout_id.in_(payout_ids), PayoutAttempt.outcome.in_(("open", "unknown")))
    )
    return dict.fromkeys(found, _HELD)


def frozen(session: Session, payout_ids: Sequence[int]) -> dict[int, str]:
    """Which of these are frozen, with the reason."""
    found = session.execute(
        select(Transfer.payout_id, Transfer.frozen_reason).where(
            Transfer.payout_id.in_(payout_ids), *_FROZEN
        )
    )
    return {row.payout_id: str(row.frozen_reason) for row in found}


def refuse_held(session: Session, payout: PayoutRead) -> None:
    """Raises ``Conflict`` where a transfer holds the payout."""
    if sentence := held(session, [payout.id]).get(payout.id):
        raise Conflict(f"{payout.payout_code}: {sentence}")


def withdraw(session: Session, payout: PayoutRead) -> None:
    """Takes a transfer back that was never sent; ``Conflict`` where it may have been."""
    transfer = _under_way(session, payout.id)
    if transfer is None:
        return
    if transfer.state != TransferState.QUEUED or transfer.sends:
        raise Conflict(f"{payout.payout_code}: {_HELD}")
    _end(session, transfer, TransferState.WITHDRAWN)


def settle_by_hand(session: Session, payout: PayoutRead, reason: str, *, actor: Actor) -> None:
    """A person decides where the provider cannot: a frozen transfer, or nobody left to ask."""
    transfer = _under_way(session, payout.id)
    if transfer is None:
        return
    is_frozen = transfer.frozen_reason is not None and transfer.released_at is None
    if gateway() is not None and not is_frozen:
        raise Conflict(f"{payout.payout_code}: {_HELD}")
    session.execute(
        insert(TransferAnswer).values(transfer_id=transfer.id, source="person", sentence=reason)
    )
    _end(session, transfer, TransferState.CONCLUDED)
    if is_frozen:
        release(session, transfer.id, reason, actor=actor)


def release(session: Session, transfer_id: int, reason: str, *, actor: Actor) -> None:
    """Notes that somebody has looked into a frozen transfer."""
    session.execute(
        update(Transfer)
        .where(Transfer.id == transfer_id)
        .values(released_at=func.now(), released_by=actor.person, release_reason=reason),
        execution_options={"synchronize_session": False},
    )


def _under_way(session: Session, payout_id: int) -> Transfer | None:
    return session.scalar(
        select(Transfer)
        .where(Transfer.payout_id == payout_id, Transfer.state.in_(UNDER_WAY))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _end(session: Session, transfer: Transfer, state: TransferState) -> None:
    session.execute(
        update(Transfer)
        .where(Transfer.id == transfer.id)
        .values(state=state.value, concluded_at=func.now()),
        execution_options={"synchronize_session": False},
    )
