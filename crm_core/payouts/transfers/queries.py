"""Reads of transfers: a payout's story, the latest ones, and whose an account is."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.payouts.models import Payout
from crm_core.payouts.transfers.models import Transfer, TransferAccount, TransferAnswer
from crm_core.payouts.transfers.names import name_match
from crm_core.payouts.transfers.schemas import (
    AccountHolder,
    TransferAnswerRead,
    TransferLine,
    TransferRead,
    TransferStory,
)

HOLDS = timedelta(days=90)
"""So long the bank's word for the holder's name is believed."""

# The one provider that there is: another one would be asked for its own word.
OF_THE_PAYOUT = and_(
    TransferAccount.account_hash == Payout.account_hash,
    TransferAccount.bank_code == Payout.bank_code,
)


def story_of(session: Session, payout_id: int) -> TransferStory:
    """A payout's transfers with what was said of them, the latest first."""
    transfers = session.scalars(
        select(Transfer).where(Transfer.payout_id == payout_id).order_by(Transfer.id.desc())
    ).all()
    answers = session.scalars(
        select(TransferAnswer)
        .where(TransferAnswer.transfer_id.in_([transfer.id for transfer in transfers]))
        .order_by(TransferAnswer.id.desc())
        .limit(200)
    )
    return TransferStory(
        transfers=[TransferRead.model_validate(transfer) for transfer in transfers],
        answers=[TransferAnswerRead.model_validate(answer) for answer in answers],
    )


def latest_transfers(session: Session, *, limit: int = 50) -> list[TransferLine]:
    """The latest transfers with their payouts, the newest first."""
    found = session.execute(
        select(
            Transfer.id,
            Transfer.payout_id,
            Payout.payout_code,
            Payout.account_name,
            Payout.status,
            Transfer.amount_kobo,
            Transfer.state,
            Transfer.provider_status,
            (Transfer.frozen_reason.is_not(None) & Transfer.released_at.is_(None)).label("frozen"),
            Transfer.created_at,
        )
        .join(Payout, Payout.id == Transfer.payout_id)
        .order_by(Transfer.id.desc())
        .limit(limit)
    )
    return [TransferLine.model_validate(row) for row in found]


def holders_of(session: Session, payout_ids: Sequence[int]) -> dict[int, AccountHolder]:
    """Whose the payouts' accounts are by their banks' word, where a bank was asked."""
    found = session.execute(
        select(
            Payout.id,
            Payout.account_name,
            TransferAccount.resolved_name,
            TransferAccount.resolve_error,
            TransferAccount.resolved_at,
        )
        .join(TransferAccount, OF_THE_PAYOUT)
        .where(
            Payout.id.in_(payout_ids),
            TransferAccount.resolved_at > utc_now() - HOLDS,
        )
    )
    return {
        row.id: AccountHolder(
            name=row.resolved_name,
            error=row.resolve_error,
            match=name_match(row.account_name or "", row.resolved_name)
            if row.resolved_name
            else None,
            resolved_at=row.resolved_at,
        )
        for row in found
    }


def transfers_by_state(session: Session) -> dict[str, int]:
    """How many transfers are under way or frozen, by where they stand; for the metrics."""
    under_way = session.execute(
        select(Transfer.state, func.count().label("transfers"))
        .where(Transfer.state.in_(("queued", "sending", "unanswered", "sent")))
        .group_by(Transfer.state)
    )
    frozen = session.scalar(
        select(func.count()).where(
            Transfer.frozen_reason.is_not(None), Transfer.released_at.is_(None)
        )
    )
    return {row.state: row.transfers for row in under_way} | {"frozen": frozen or 0}
