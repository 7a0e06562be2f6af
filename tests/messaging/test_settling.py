"""A person settles what nobody knows, and pauses a channel."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, Invalid
from crm_core.messaging import service
from crm_core.messaging.gateways import Unanswered
from crm_core.messaging.schemas import Channel, ChannelPause, MessageSettlement
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_messages import WRITER, make_message
from tests.make_patients import make_patient
from tests.messaging.dispatch.providers import Scripted
from tests.messaging.dispatch.working import get, send_all

ADMIN = make_actor(Role.ADMIN)
SENT = MessageSettlement(outcome="sent", reason="The provider's log has them.")
FAILED = MessageSettlement(outcome="failed", reason="The provider never got them.")
WORKS = ChannelPause(reason="The provider changes its lines tonight.")


def unknown(session: Session, count: int = 1) -> list[int]:
    """Messages that nobody knows of."""
    patient = make_patient(session)
    ids = [make_message(session, patient.id).id for _ in range(count)]
    send_all(Scripted(trouble=Unanswered("timed out")))
    session.execute(text("UPDATE crm_channel_health SET state = 'closed', failures = 0"))
    return ids


@pytest.mark.parametrize("settlement", [SENT, FAILED])
def test_what_was_found_out_is_written_down(
    session: Session, settlement: MessageSettlement
) -> None:
    ids = unknown(session, 2)
    plan = service.plan_settle(session, ids, settlement, actor=ADMIN)
    receipt = service.commit_settle(session, plan.fingerprint, ids, settlement, actor=ADMIN)
    settled = get(session, ids[0])
    assert (receipt.changed, receipt.refused) == (2, [])
    assert settled.status == settlement.outcome
    assert (settled.sent_at is not None) == (settlement is SENT)
    assert settled.error_message == (None if settlement is SENT else FAILED.reason)


def test_what_a_receipt_told_meanwhile_is_not_overwritten(session: Session) -> None:
    (one,) = unknown(session)
    plan = service.plan_settle(session, [one], FAILED, actor=ADMIN)
    session.execute(text("UPDATE crm_communication_logs SET status = 'delivered'"))
    receipt = service.commit_settle(session, plan.fingerprint, [one], FAILED, actor=ADMIN)
    assert (receipt.changed, [v.code for v in receipt.refused]) == (0, ["changed"])
    assert get(session, one).status == "delivered"


def test_what_is_known_is_not_settled(session: Session) -> None:
    message = make_message(session, make_patient(session).id)
    plan = service.plan_settle(session, [message.id, 987_654], SENT, actor=ADMIN)
    assert [(v.ok, v.code) for v in plan.verdicts] == [(False, "not_found"), (False, "pending")]


def test_who_manages_messages_settles_them(session: Session) -> None:
    with pytest.raises(Forbidden):
        service.plan_settle(session, [1], SENT, actor=WRITER)
    with pytest.raises(Forbidden):
        service.commit_settle(session, "", [1], SENT, actor=WRITER)


def test_a_paused_channel_sends_nothing_until_it_goes_on(session: Session) -> None:
    message = make_message(session, make_patient(session).id)
    service.pause_channel(session, Channel.SMS, WORKS, actor=ADMIN)
    gateway = Scripted()
    assert send_all(gateway) == 0
    service.resume_channel(session, Channel.SMS, actor=ADMIN)
    send_all(gateway)
    assert get(session, message.id).status == "sent"


def test_another_channel_goes_on(session: Session) -> None:
    patient = make_patient(session, email="ada@example.ng")
    message = make_message(session, patient.id, channel="email", subject="Visit")
    service.pause_channel(session, Channel.SMS, WORKS, actor=ADMIN)
    session.execute(text("UPDATE crm_patients SET communication_preferences = '{\"email\": true}'"))
    send_all(Scripted(channel=Channel.EMAIL))
    assert get(session, message.id).status == "sent"


def test_pausing_and_going_on_are_in_the_history(session: Session) -> None:
    service.pause_channel(session, Channel.SMS, WORKS, actor=ADMIN)
    rows = session.execute(
        text("SELECT after ->> 'reason' FROM crm_history WHERE table_name = 'crm_channel_health'")
    )
    assert list(rows.scalars()) == [WORKS.reason]


def test_a_channel_is_paused_once(session: Session) -> None:
    service.pause_channel(session, Channel.SMS, WORKS, actor=ADMIN)
    with pytest.raises(Conflict, match="paused already"):
        service.pause_channel(session, Channel.SMS, WORKS, actor=ADMIN)


def test_what_sends_need_not_go_on(session: Session) -> None:
    with pytest.raises(Conflict, match="not paused"):
        service.resume_channel(session, Channel.SMS, actor=ADMIN)


def test_a_channel_without_a_provider_cannot_be_paused(session: Session) -> None:
    with pytest.raises(Invalid, match="Nothing is sent by push"):
        service.pause_channel(session, Channel.PUSH, WORKS, actor=ADMIN)


def test_who_may_write_may_not_pause(session: Session) -> None:
    with pytest.raises(Forbidden):
        service.pause_channel(session, Channel.SMS, WORKS, actor=WRITER)
    with pytest.raises(Forbidden):
        service.resume_channel(session, Channel.SMS, actor=WRITER)
