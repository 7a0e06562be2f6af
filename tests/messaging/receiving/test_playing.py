"""The sandbox plays what a provider would tell: the same every time, and by the same way."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Forbidden, NotFound
from crm_core.messaging.consent.models import ContactChoice
from crm_core.messaging.gateways import gateway_for
from crm_core.messaging.gateways.outbox import folder, read_outbox
from crm_core.messaging.models import Communication
from crm_core.messaging.receiving.models import InboundMessage
from crm_core.messaging.receiving.playing import fate_of, play, play_reply
from crm_core.messaging.receiving.receipts import apply_receipts
from crm_core.messaging.receiving.schemas import Receipt
from crm_core.messaging.schemas import Channel, MessageStatus, Purpose
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_messages import WRITER, make_message, make_sent
from tests.make_patients import make_patient
from tests.messaging.gateways.letters import make_letter

SOON = timedelta(seconds=2)
LATER = timedelta(seconds=5)


@pytest.fixture(autouse=True)
def outbox(set_environment: Callable[..., None], tmp_path: Path) -> None:
    set_environment(CRM_DATA_DIR=str(tmp_path))


def send(session: Session, content: str = "By hand.", **more: object) -> int:
    """A message that the sandbox took, and the worker wrote down."""
    wanted = {"purpose": "custom", "content": content} | more
    message = make_message(session, make_patient(session).id, **wanted)
    letter = make_letter(message.id, content=content, purpose=Purpose(str(wanted["purpose"])))
    (outcome,) = gateway_for(Channel.SMS).send([letter])
    session.execute(
        update(Communication)
        .where(Communication.id == message.id)
        .values(status="sent", provider="sandbox", provider_id=outcome.provider_id)
    )
    return message.id


def status(session: Session, message_id: int) -> str:
    session.expire_all()
    return session.get_one(Communication, message_id).status


def test_a_message_becomes_delivered_and_then_read(session: Session) -> None:
    message_id = send(session)
    seen = []
    for after in (timedelta(0), SOON, LATER):
        play(utc_now() + after, lambda told: take(session, told))
        seen.append(status(session, message_id))
    assert seen == ["sent", "delivered", "read"]


def test_a_text_that_says_so_fails(session: Session) -> None:
    message_id = send(session, "This one is undeliverable.")
    play(utc_now() + LATER, lambda told: take(session, told))
    message = session.get_one(Communication, message_id)
    assert (status(session, message_id), message.reason) == ("failed", "undelivered")
    assert "sandbox" in (message.error_message or "")


def test_what_was_played_is_not_played_again(session: Session) -> None:
    send(session)
    heard: list[Receipt] = []
    assert play(utc_now() + LATER, heard.extend) == 2
    assert play(utc_now() + LATER, heard.extend) == 0
    assert [one.status.value for one in heard] == ["delivered", "read"]


def test_what_could_not_be_applied_is_played_again(session: Session) -> None:
    send(session)

    def break_down(_: Sequence[Receipt]) -> None:
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError):
        play(utc_now() + LATER, break_down)
    heard: list[Receipt] = []
    assert play(utc_now() + LATER, heard.extend) == 2


def test_most_of_a_campaign_arrives_and_some_of_it_fails() -> None:
    letters = [make_letter(n, purpose=Purpose.PROMOTIONAL) for n in range(400)]
    gateway_for(Channel.SMS).send(letters)
    fates = [fate_of(letter) for letter in read_outbox(most=400)]
    counts = {fate: fates.count(fate) for fate in set(fates)}
    assert counts[MessageStatus.READ] > counts[MessageStatus.DELIVERED] > 0
    assert 0 < counts[MessageStatus.FAILED] < 40
    assert fates == [fate_of(letter) for letter in read_outbox(most=400)]


def test_one_process_plays_at_a_time(session: Session) -> None:
    send(session)
    inner: list[int] = []

    def play_within(_: Sequence[Receipt]) -> None:
        inner.append(play(utc_now() + LATER, lambda _: None))

    play(utc_now() + LATER, play_within)
    assert set(inner) == {0}
    assert (folder() / "played.json").exists()


def test_a_reply_is_played_as_its_recipient_would_write(session: Session) -> None:
    message_id = send(session)
    play_reply(session, message_id, "STOP", actor=WRITER)
    reply = session.scalars(select(InboundMessage)).one()
    assert (reply.provider, reply.answers_id, reply.outcome) == (
        "sandbox",
        message_id,
        "opted_out",
    )
    assert len(session.scalars(select(ContactChoice)).all()) == 3


def test_only_messages_of_the_sandbox_are_answered(session: Session) -> None:
    message = make_sent(session, make_patient(session).id, "77")
    with pytest.raises(Conflict, match="Only messages of the sandbox"):
        play_reply(session, message.id, "YES", actor=WRITER)
    with pytest.raises(NotFound):
        play_reply(session, 987_654, "YES", actor=WRITER)


def test_who_may_not_send_may_not_answer(session: Session) -> None:
    message_id = send(session)
    with pytest.raises(Forbidden):
        play_reply(session, message_id, "YES", actor=make_actor(Role.ANALYST))


def take(session: Session, told: Sequence[Receipt]) -> None:
    apply_receipts(session, told)
