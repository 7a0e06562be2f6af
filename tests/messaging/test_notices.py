"""Before points end their member hears of it: thirty and seven days before, once each."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.messaging import notices
from crm_core.worker import messaging
from tests.make_patients import make_patient
from tests.observe import executed


def end_in(session: Session, days: int, patient_id: int | None = None) -> None:
    """The points of this patient, or of all, end in so many days."""
    session.execute(
        text(
            "UPDATE crm_loyalty_lots SET expires_on = :day"
            " WHERE patient_id = coalesce(:id, patient_id)"
        ),
        {"day": lagos_today() + timedelta(days=days), "id": patient_id},
    )


def told(session: Session) -> list[tuple[int, str]]:
    """Who was told what, in order."""
    rows = session.execute(
        text("SELECT recipient_id, content FROM crm_communication_logs ORDER BY id")
    )
    return [(row.recipient_id, row.content) for row in rows]


@pytest.mark.parametrize(
    ("days", "expected"), [(31, 0), (30, 1), (20, 1), (8, 1), (7, 1), (1, 1), (0, 0)]
)
def test_a_notice_comes_thirty_or_seven_days_before(
    session: Session, days: int, expected: int
) -> None:
    patient = make_patient(session)
    end_in(session, days)
    messaging.announce_ending_points(timestamp=0)
    messages = told(session)
    assert [one for one, _ in messages] == [patient.id] * expected
    day = lagos_today() + timedelta(days=days)
    assert all(f"100 of your points end on {day:%-d %B %Y}" in content for _, content in messages)


def test_each_notice_comes_once(session: Session) -> None:
    make_patient(session)
    end_in(session, 30)
    for _ in range(2):
        messaging.announce_ending_points(timestamp=0)
    assert len(told(session)) == 1
    end_in(session, 7)
    for _ in range(2):
        messaging.announce_ending_points(timestamp=0)
    assert len(told(session)) == 2


def test_who_has_nothing_left_hears_nothing(session: Session) -> None:
    make_patient(session)
    end_in(session, 7)
    session.execute(text("UPDATE crm_loyalty_lots SET remaining = 0"))
    messaging.announce_ending_points(timestamp=0)
    assert told(session) == []


def test_the_family_of_the_dead_hears_nothing(session: Session) -> None:
    make_patient(session)
    end_in(session, 7)
    session.execute(text("UPDATE crm_patients SET status = 'deceased'"))
    messaging.announce_ending_points(timestamp=0)
    assert told(session) == []


def test_points_that_end_on_several_days_are_several_notices(session: Session) -> None:
    patient = make_patient(session)
    referrer = make_patient(session, "Bola Ade")
    end_in(session, 20, patient.id)
    end_in(session, 25, referrer.id)
    messaging.announce_ending_points(timestamp=0)
    assert [one for one, _ in told(session)] == [patient.id, referrer.id]


def test_who_comes_after_the_first_few_hundred_is_told_too(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "AT_ONCE", 2)
    patients = [make_patient(session, f"Ada Obi{n}").id for n in range(5)]
    end_in(session, 7)
    messaging.announce_ending_points(timestamp=0)
    assert [one for one, _ in told(session)] == patients


def test_many_take_as_many_statements_as_one(session: Session) -> None:
    seven = notices.KINDS[1]
    make_patient(session)
    end_in(session, 7)
    with executed(session) as few:
        notices.announce_ending_points(session, seven, after=0)
    for number in range(10):
        make_patient(session, f"Ada Obi{number}")
    end_in(session, 7)
    with executed(session) as many:
        notices.announce_ending_points(session, seven, after=0)
    assert len(many) == len(few)
