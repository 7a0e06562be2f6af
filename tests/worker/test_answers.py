"""The worker hands replies on: to the domain that takes it, else to a person."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.appointments.queries import get_appointment
from crm_core.feedback import service
from crm_core.feedback.schemas import FeedbackReply
from crm_core.messaging.receiving.models import InboundMessage
from crm_core.messaging.receiving.replies import take_replies
from crm_core.messaging.receiving.schemas import Reply
from crm_core.messaging.schemas import Channel, InboundRead
from crm_core.patients.queries import get_patient
from crm_core.people.schemas import machine
from crm_core.worker import answers
from tests.make_appointments import make_visit
from tests.make_feedback import VIEWER, make_feedback

Takes = Callable[..., list[str]]


@pytest.fixture
def takers(monkeypatch: pytest.MonkeyPatch) -> Takes:
    """``takers("yes", fails=True)``: two domains, the second of which takes these words."""
    heard: list[str] = []

    def set_them(word: str, *, fails: bool = False) -> list[str]:
        def deaf(_: Session, inbound: InboundRead) -> bool:
            heard.append(inbound.text)
            return False

        def take(_: Session, inbound: InboundRead) -> bool:
            if fails and inbound.text == word:
                raise RuntimeError("a bug")
            return inbound.text == word

        monkeypatch.setattr(answers, "TAKERS", (deaf, take))
        return heard

    return set_them


def outcomes(session: Session) -> list[tuple[str | None, bool]]:
    session.expire_all()
    rows = session.scalars(select(InboundMessage).order_by(InboundMessage.id))
    return [(row.outcome, row.handled_at is not None) for row in rows]


def write(session: Session, *texts: str, sender: str = "+2348012345678") -> None:
    replies = [
        Reply(
            provider="termii",
            provider_id=f"in-{text}",
            channel=Channel.SMS,
            sender=sender,
            text=text,
        )
        for text in texts
    ]
    take_replies(session, replies, actor=machine("webhook:termii"))


def test_a_reply_goes_to_who_takes_it_and_the_rest_to_a_person(
    session: Session, takers: Takes
) -> None:
    heard = takers("yes")
    write(session, "yes", "When do you open?")
    answers.hand_on_replies()
    assert heard == ["yes", "When do you open?"]
    assert outcomes(session) == [("taken", True), ("person", False)]


def test_nothing_is_handed_on_twice(session: Session, takers: Takes) -> None:
    heard = takers("yes")
    write(session, "yes", "no", "STOP")
    answers.hand_on_replies()
    answers.hand_on_replies()
    assert heard == ["yes", "no"]


def test_a_domain_that_breaks_loses_no_reply(
    session: Session, takers: Takes, caplog: pytest.LogCaptureFixture
) -> None:
    takers("yes", fails=True)
    write(session, "yes", "other")
    answers.hand_on_replies()
    assert outcomes(session) == [("person", False), ("person", False)]
    assert "could not be handed on" in caplog.text


def test_an_answer_to_a_reminder_confirms_the_visit_and_no_more(session: Session) -> None:
    visit = make_visit(session)
    patient = get_patient(session, visit.patient_id)
    write(session, "YES", sender=patient.phone)
    answers.hand_on_replies()
    session.expire_all()
    assert get_appointment(session, visit.id).status == "confirmed"
    assert outcomes(session) == [("taken", True)]


def test_an_answer_to_our_answer_goes_into_the_case(session: Session) -> None:
    case = make_feedback(session)
    service.reply_to_source(session, case.id, FeedbackReply(content="Sorry."), actor=VIEWER)
    patient = get_patient(session, case.source_id)
    write(session, "It happened again.", sender=patient.phone)
    answers.hand_on_replies()
    assert outcomes(session) == [("taken", True)]
