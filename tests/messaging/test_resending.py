"""Sending again what failed: once each, and only what surely nobody has got."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, NotFound
from crm_core.messaging import service
from crm_core.messaging.consent import service as consent
from crm_core.messaging.consent.schemas import Choice
from crm_core.messaging.queries import get_communication
from crm_core.messaging.schemas import CommunicationRead, MessageStatus, RecipientType
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_messages import WRITER, make_message
from tests.make_patients import make_patient


def ended(session: Session, status: str = "failed") -> CommunicationRead:
    """A message that has come to this end."""
    message = make_message(session, make_patient(session).id)
    session.execute(
        text(
            "UPDATE crm_communication_logs SET status = CAST(:status AS crm_message_status)"
            " WHERE id = :id"
        ),
        {"status": status, "id": message.id},
    )
    return message


def test_what_failed_is_sent_again_as_a_new_message(session: Session) -> None:
    old = ended(session)

    new = service.resend_message(session, old.id, actor=WRITER)

    assert (new.status, new.content, new.recipient_id) == (
        MessageStatus.PENDING,
        old.content,
        old.recipient_id,
    )
    assert get_communication(session, old.id).status is MessageStatus.FAILED
    with pytest.raises(Conflict, match="sent again already"):
        service.resend_message(session, old.id, actor=WRITER)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("sent", "did not fail"),
        ("delivered", "did not fail"),
        ("unknown", "may have arrived"),
    ],
)
def test_what_may_have_arrived_is_never_sent_again(session: Session, status: str, why: str) -> None:
    old = ended(session, status)
    with pytest.raises(Conflict, match=why):
        service.resend_message(session, old.id, actor=WRITER)


def test_whoever_opted_out_meanwhile_gets_it_no_more(session: Session) -> None:
    old = ended(session)
    no = Choice.model_validate(
        {"recipient_type": "patient", "recipient_id": old.recipient_id, "channel": "sms"}
    )
    consent.opt_out(session, no, source="stop word", actor=WRITER)

    with pytest.raises(Conflict, match="Asked not to get this"):
        service.resend_message(session, old.id, actor=WRITER)


def test_many_are_sent_again_as_they_were_shown(session: Session) -> None:
    failed, arrived, settled = ended(session), ended(session, "sent"), ended(session)
    ids = [failed.id, arrived.id, settled.id]
    plan = service.plan_resend(session, ids, actor=WRITER)
    service.resend_message(session, settled.id, actor=WRITER)

    receipt = service.commit_resend(session, plan.fingerprint, ids, actor=WRITER)

    assert plan.accepted == [failed.id, settled.id]
    assert receipt.changed == 1
    assert {verdict.id: verdict.code for verdict in receipt.refused} == {
        arrived.id: "sent",
        settled.id: "changed",
    }


def test_nothing_is_not_found_and_strangers_may_not(session: Session) -> None:
    with pytest.raises(NotFound):
        service.resend_message(session, 999_999, actor=WRITER)
    with pytest.raises(Forbidden):
        service.plan_resend(session, [1], actor=make_actor(Role.ANALYST))


def test_the_thread_belongs_to_the_same_person(session: Session) -> None:
    new = service.resend_message(session, ended(session).id, actor=WRITER)
    assert new.recipient_type is RecipientType.PATIENT
