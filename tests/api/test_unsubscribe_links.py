"""Ending emails by their link: the page asks, one tap ends, and reminders go on."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base import links
from crm_core.base.clock import utc_now
from crm_core.messaging import unsubscribing
from crm_core.messaging.consent.models import ContactChoice
from tests.make_messages import make_message
from tests.make_patients import make_patient

NEWS = {"promotional", "educational", "survey"}


@pytest.fixture
def patient_id(session: Session) -> int:
    return make_patient(session, email="ada@email.example").id


@pytest.fixture
def address(session: Session, patient_id: int) -> str:
    promotion = make_message(
        session, patient_id, channel="email", purpose="promotional", subject="News"
    )
    return unsubscribing.address_for(promotion.id).removeprefix("http://localhost:8000")


def choices(session: Session) -> list[ContactChoice]:
    session.expire_all()
    return list(session.scalars(select(ContactChoice)))


def test_opening_the_link_asks_and_ends_nothing(
    anonymous: TestClient, session: Session, address: str
) -> None:
    answer = anonymous.get(address)
    assert answer.status_code == 200
    assert "News, health tips and surveys" in answer.text
    assert not choices(session)


@pytest.mark.parametrize(
    "posted",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b"List-Unsubscribe=One-Click"},
        {},
        {"data": {"action": "news"}},
    ],
)
def test_one_tap_ends_news_and_not_reminders(
    anonymous: TestClient,
    session: Session,
    patient_id: int,
    address: str,
    posted: dict[str, object],
) -> None:
    answer = anonymous.post(address, **posted)  # type: ignore[arg-type] # as the client takes them

    assert answer.status_code == 200
    assert "Messages about your own visits go on" in answer.text
    made = choices(session)
    assert {one.purpose for one in made} == NEWS
    assert {(one.recipient_id, one.channel, one.source) for one in made} == {
        (patient_id, "email", "unsubscribe link")
    }
    assert make_message(session, patient_id, channel="email", subject="Visit").reason is None


def test_everything_ends_the_channel(
    anonymous: TestClient, session: Session, patient_id: int, address: str
) -> None:
    anonymous.post(address, data={"action": "everything"})
    reminder = make_message(session, patient_id, channel="email", subject="Visit")
    assert reminder.reason == "opted_out"
    assert make_message(session, patient_id).reason is None


def test_twice_is_as_once(anonymous: TestClient, session: Session, address: str) -> None:
    assert [anonymous.post(address).status_code for _ in range(3)] == [200, 200, 200]
    assert len(choices(session)) == 3


def test_a_link_that_is_over_says_so(anonymous: TestClient, session: Session) -> None:
    token = links.make_link("unsubscribe", 1, expires_at=utc_now() - timedelta(minutes=2))
    answer = anonymous.post(links.address_of("unsubscribe", token)[len("http://localhost:8000") :])
    assert answer.status_code == 409
    assert "expired" in answer.text
    assert not choices(session)


def test_a_link_of_a_message_that_is_gone_is_refused(anonymous: TestClient) -> None:
    token = links.make_link("unsubscribe", 987_654, expires_at=utc_now() + timedelta(days=1))
    answer = anonymous.get(links.address_of("unsubscribe", token)[len("http://localhost:8000") :])
    assert answer.status_code == 404
