"""How an attempt under way ends, and its payout with it; whoever says so has locked the payout."""

from collections.abc import Mapping

from sqlalchemy import ARRAY, BigInteger, String, cast, func, select, update
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.payouts.models import Payout, PayoutAttempt
from crm_core.payouts.queries import get_payout
from crm_core.payouts.schemas import PayoutRead, PayoutStatus
from crm_core.payouts.service import common

_OPEN = ("open", "unknown")


def mark_paid(session: Session, references: Mapping[int, str]) -> None:
    """Concludes the attempts that are under way, and the payouts with them."""
    given = (
        select(
            func.unnest(cast(list(references), ARRAY(BigInteger))).label("payout_id"),
            func.unnest(cast(list(references.values()), ARRAY(String))).label("ref"),
        )
    ).subquery("given")
    now = utc_now()
    session.execute(
        update(PayoutAttempt)
        .where(PayoutAttempt.payout_id == given.c.payout_id, PayoutAttempt.outcome.in_(_OPEN))
        .values(outcome="paid", bank_reference=given.c.ref, concluded_at=now),
        execution_options=common.VALUES,
    )
    with common.refusing():
        session.execute(
            update(Payout)
            .where(Payout.id == given.c.payout_id)
            .values(
                status=PayoutStatus.PAID.value,
                status_reason=None,
                paid_at=now,
                bank_reference=given.c.ref,
            ),
            execution_options=common.VALUES,
        )


def leave(session: Session, payout_id: int, status: PayoutStatus, reason: str) -> PayoutRead:
    """Processing or unknown becomes failed or unknown, with the attempt that is under way."""
    payout = common.lock_payout(session, payout_id)
    common.refuse_transition(payout, status)
    session.execute(
        update(PayoutAttempt)
        .where(PayoutAttempt.payout_id == payout_id, PayoutAttempt.outcome.in_(_OPEN))
        .values(
            outcome=status.value,
            reason=reason,
            concluded_at=utc_now() if status is PayoutStatus.FAILED else None,
        ),
        execution_options=common.VALUES,
    )
    session.execute(
        update(Payout)
        .where(Payout.id == payout_id)
        .values(status=status.value, status_reason=reason)
    )
    return get_payout(session, payout_id)
