"""The worker applies what webhooks left, plays the sandbox and forgets what is old."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_core.base import webhooks
from crm_core.base.clock import utc_now
from crm_core.base.models import WebhookEvent
from crm_core.messaging.gateways import outbox
from crm_core.messaging.gateways.outbox import Kept
from crm_core.messaging.models import Communication
from crm_core.messaging.receiving.models import EarlyReceipt
from crm_core.messaging.schemas import Channel, Purpose
from crm_core.worker import receipts
from tests.make_messages import make_sent
from tests.make_patients import make_patient


@pytest.fixture(autouse=True)
def folder(set_environment: Callable[..., None], tmp_path: Path) -> None:
    set_environment(CRM_DATA_DIR=str(tmp_path))


def status(session: Session, message_id: int) -> str:
    session.expire_all()
    return session.get_one(Communication, message_id).status


def test_what_a_webhook_left_is_applied(session: Session) -> None:
    message = make_sent(session, make_patient(session).id, "77")
    told = {"type": "outbound", "message_id": "77", "status": "Delivered"}
    webhooks.keep(session, "termii", json.dumps(told).encode())
    receipts.apply_events(timestamp=0)
    assert status(session, message.id) == "delivered"


def test_a_receipt_that_came_first_is_applied_a_minute_later(session: Session) -> None:
    told = {"type": "outbound", "message_id": "77", "status": "Delivered"}
    webhooks.keep(session, "termii", json.dumps(told).encode())
    receipts.apply_events(timestamp=0)
    message = make_sent(session, make_patient(session).id, "77")
    receipts.apply_events(timestamp=0)
    assert status(session, message.id) == "delivered"


def test_the_sandbox_is_played(session: Session) -> None:
    message = make_sent(session, make_patient(session).id, "sandbox-1", provider="sandbox")
    outbox.append([letter(hours=1)])
    receipts.play_sandbox()
    assert status(session, message.id) == "read"


def test_what_is_old_is_forgotten(session: Session) -> None:
    session.add(EarlyReceipt(provider="termii", provider_id="1", receipt={}))
    session.flush()
    session.execute(update(EarlyReceipt).values(created_at=utc_now() - timedelta(days=4)))
    outbox.append([letter(hours=24 * 16), letter(hours=0)])
    receipts.forget_receipts(timestamp=0)
    assert not session.scalars(select(EarlyReceipt)).all()
    assert len(outbox.read_outbox()) == 1


def test_events_long_applied_are_forgotten_and_no_others(session: Session) -> None:
    for provider, days, applied in (
        ("termii", 61, True),
        ("termii", 61, False),
        ("termii", 59, True),
        ("paystack", 400, True),
    ):
        webhooks.keep(session, provider, f"{provider} {days} {applied}".encode())
        session.execute(
            update(WebhookEvent)
            .where(WebhookEvent.received_at == func.now(), WebhookEvent.outcome.is_(None))
            .values(
                applied_at=utc_now() - timedelta(days=days) if applied else None,
                outcome=f"{provider} {days} {applied}",
            )
        )
    receipts.forget_receipts(timestamp=0)
    left = set(session.scalars(select(WebhookEvent.outcome)))
    assert left == {"termii 61 False", "termii 59 True", "paystack 400 True"}


def letter(hours: int) -> Kept:
    return Kept(
        at=utc_now() - timedelta(hours=hours),
        channel=Channel.SMS,
        provider_id="sandbox-1",
        id=1,
        address="+2348012345678",
        subject=None,
        content="By hand.",
        purpose=Purpose.CUSTOM,
    )
