"""What the tests of transfers do over and over: order, send, let time pass, look."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.db import SessionFactory, transaction
from crm_core.base.preflight import Receipt
from crm_core.payouts.invariants import invariants
from crm_core.payouts.schemas import PayoutRead
from crm_core.payouts.transfers import planning, reconciling, sending
from crm_core.payouts.transfers.configured import required_gateway
from crm_core.payouts.transfers.models import Transfer
from crm_core.payouts.transfers.queries import story_of
from crm_core.payouts.transfers.reconciling import Reconciled
from crm_core.people.schemas import Actor
from tests.make_business import FINANCE
from tests.payouts.acts import approve, get, new


def approved(gross: str = "100000") -> PayoutRead:
    """A committed payout that is approved."""
    with SessionFactory.begin() as session:
        payout = new(session, gross)
        return approve(session, payout.id)


def order(*ids: int, by: Actor = FINANCE) -> Receipt:
    """Looked at and committed to go by transfer."""
    with transaction(who=by.key, why="by transfer") as session:
        plan = planning.plan_transfer(session, ids, actor=by)
        return planning.commit_transfer(session, plan.fingerprint, ids, actor=by)


def send() -> int:
    """What the worker does when it is woken."""
    return sending.send_waiting(required_gateway())


def ordered(gross: str = "100000") -> PayoutRead:
    """A payout that is to go by transfer, and has not gone yet."""
    payout = approved(gross)
    order(payout.id)
    return now(payout)


def sent(gross: str = "100000") -> PayoutRead:
    """A payout whose transfer was handed over."""
    payout = ordered(gross)
    send()
    return now(payout)


def reconcile(*, minutes: float = 0) -> Reconciled:
    """What the worker does every minute, so many minutes from now."""
    return reconciling.reconcile(required_gateway(), now=later(minutes))


def later(minutes: float) -> datetime:
    """An instant in the future."""
    return utc_now() + timedelta(minutes=minutes)


def now(payout: PayoutRead) -> PayoutRead:
    """The payout as it is by now."""
    with SessionFactory() as session:
        return get(session, payout.id)


def transfer(payout: PayoutRead) -> Transfer:
    """The payout's latest transfer."""
    with SessionFactory() as session:
        found = select(Transfer).where(Transfer.payout_id == payout.id).order_by(Transfer.id.desc())
        return session.scalars(found.limit(1)).one()


def said(payout: PayoutRead) -> list[str]:
    """What was said of the payout's transfers, oldest first."""
    with SessionFactory() as session:
        return [answer.sentence for answer in reversed(story_of(session, payout.id).answers)]


def assert_books_hold(session: Session | None = None) -> None:
    """Every rule of payouts holds."""
    with SessionFactory() as own:
        assert list(invariants(session or own)) == []
