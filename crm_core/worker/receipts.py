"""Jobs of what comes back: events of providers, receipts that came first, the sandbox's play."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy.orm import Session

from crm_core.base import webhooks
from crm_core.base.clock import lagos_today, utc_now
from crm_core.messaging.gateways import outbox
from crm_core.messaging.receiving import playing, receipts, telling
from crm_core.messaging.receiving.schemas import Receipt
from crm_core.worker.jobs import app, job, until_done

PLAY_EVERY_SECONDS = 1.0
EVENTS_KEPT_DAYS = 60


@app.periodic(cron="* * * * *")
@app.task(name="apply_events", queueing_lock="apply_events")
def apply_events(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Applies what webhooks left, and receipts that came before their message was known."""
    for provider in telling.READERS:
        telling.apply_waiting(provider)
    until_done("apply_events", receipts.apply_early)


@app.periodic(cron="15 1 * * *")
@app.task(name="forget_receipts", queueing_lock="forget_receipts")
def forget_receipts(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Removes receipts of strangers' messages, events long applied, old letters of the sandbox."""
    with job("forget_receipts") as session:
        receipts.forget_early(session)
    for provider in telling.READERS:
        until_done("forget_receipts", partial(_forget_events, provider=provider))
    outbox.forget_old(lagos_today())


def _forget_events(session: Session, provider: str) -> int:
    return webhooks.forget_applied(session, provider, days=EVENTS_KEPT_DAYS)


def play_sandbox() -> None:
    """Plays the sandbox's receipts that are due."""
    playing.play(utc_now(), _apply)


def _apply(told: Sequence[Receipt]) -> None:
    with job("play_sandbox") as session:
        receipts.apply_receipts(session, told)
