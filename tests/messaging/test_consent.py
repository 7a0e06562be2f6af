"""Who wants nothing more, who wants it again, and addresses that failed."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, NotFound
from crm_core.messaging.consent import queries, service
from crm_core.messaging.consent.models import SuppressedAddress
from crm_core.messaging.consent.schemas import Choice, SuppressionFilter
from crm_core.messaging.schemas import MessageStatus, RecipientType
from crm_core.messaging.threads import thread_of
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_messages import WRITER, make_message
from tests.make_patients import make_patient

PATIENT = RecipientType.PATIENT


def choice(patient_id: int, **more: object) -> Choice:
    """No SMS at all."""
    given: dict[str, Any] = {"recipient_type": "patient", "recipient_id": patient_id}
    return Choice.model_validate(given | {"channel": "sms"} | more)


def closed(session: Session, address: str) -> SuppressedAddress:
    """A number that failed for good."""
    made = SuppressedAddress(channel="sms", address=address, reason="No such number")
    session.add(made)
    session.flush()
    return made


def test_whoever_opts_out_gets_nothing_until_they_opt_in(session: Session) -> None:
    patient = make_patient(session)
    service.opt_out(session, choice(patient.id), source="stop word", actor=WRITER)
    refused = make_message(session, patient.id)
    service.opt_in(session, choice(patient.id), source="telephone", actor=WRITER)
    sent = make_message(session, patient.id)

    assert (refused.status, refused.reason) == (MessageStatus.SKIPPED, "opted_out")
    assert sent.status is MessageStatus.PENDING


def test_a_choice_is_kept_with_its_source_and_once(session: Session) -> None:
    patient = make_patient(session)
    first = service.opt_out(session, choice(patient.id), source="stop word", actor=WRITER)
    again = service.opt_out(session, choice(patient.id), source="telephone", actor=WRITER)

    assert again == first
    assert (first.source, first.opted_out, first.purpose) == ("stop word", True, None)


def test_refusing_a_purpose_leaves_the_others(session: Session) -> None:
    patient = make_patient(session)
    no_offers = choice(patient.id, purpose="promotional")
    service.opt_out(session, no_offers, source="one-tap link", actor=WRITER)

    offer = make_message(session, patient.id, purpose="promotional")
    reminder = make_message(session, patient.id)

    assert (offer.reason, reminder.status) == ("opted_out", MessageStatus.PENDING)
    (kept,) = queries.standing_of(session, PATIENT, patient.id).choices
    assert (kept.purpose, kept.opted_out) == ("promotional", True)


def test_a_reminder_cannot_be_refused_by_purpose() -> None:
    with pytest.raises(ValidationError, match="only promotional, educational and survey"):
        choice(1, purpose="reminder")


def test_choices_of_nobody_are_not_found(session: Session) -> None:
    with pytest.raises(NotFound, match="Patient not found"):
        service.opt_out(session, choice(999_999), source="telephone", actor=WRITER)
    with pytest.raises(NotFound, match="Patient not found"):
        queries.standing_of(session, PATIENT, 999_999)


def test_a_closed_address_is_seen_and_opened_with_a_reason(session: Session) -> None:
    patient = make_patient(session)
    address = closed(session, patient.phone)
    refused = make_message(session, patient.id)

    (seen,) = queries.standing_of(session, PATIENT, patient.id).suppressions
    service.lift_suppression(session, address.id, reason="The SIM works again", actor=WRITER)

    assert (seen.address, refused.reason) == (patient.phone, "suppressed")
    assert queries.standing_of(session, PATIENT, patient.id).suppressions == []
    assert make_message(session, patient.id).status is MessageStatus.PENDING
    with pytest.raises(Conflict, match="open already"):
        service.lift_suppression(session, address.id, reason="Once more", actor=WRITER)


def test_closed_addresses_are_listed_by_whether_they_are_still_closed(session: Session) -> None:
    shut, opened = closed(session, "+2348030000001"), closed(session, "+2348030000002")
    service.lift_suppression(session, opened.id, reason="It works again", actor=WRITER)

    found = {
        lifted: [
            each.id
            for each in queries.list_suppressions(SuppressionFilter(lifted=lifted))
            .page(session)
            .rows
        ]
        for lifted in (False, True, None)
    }

    assert found == {False: [shut.id], True: [opened.id], None: [opened.id, shut.id]}


def test_whoever_may_not_send_may_not_choose_for_others(session: Session) -> None:
    reader = make_actor(Role.ANALYST)
    patient = make_patient(session)

    with pytest.raises(Forbidden):
        service.opt_out(session, choice(patient.id), source="telephone", actor=reader)
    with pytest.raises(Forbidden):
        service.lift_suppression(session, 1, reason="Because", actor=reader)


def test_what_was_said_under_a_merged_record_holds_for_the_one_that_stayed(
    session: Session,
) -> None:
    stays, gone = make_patient(session, "Ada Obi"), make_patient(session, "Ada Obi")
    service.opt_out(session, choice(gone.id), source="stop word", actor=WRITER)
    make_message(session, gone.id, channel="email", subject="Hello", content="Before the merge")
    session.execute(
        text(
            "UPDATE crm_patients SET merged_into_id = :stays, status = 'inactive' WHERE id = :gone"
        ),
        {"stays": stays.id, "gone": gone.id},
    )

    assert make_message(session, stays.id).reason == "opted_out"
    (kept,) = queries.standing_of(session, PATIENT, stays.id).choices
    assert kept.opted_out
    assert "Before the merge" in {t.content for t in thread_of(session, PATIENT, stays.id)}
    service.opt_in(session, choice(stays.id), source="telephone", actor=WRITER)
    assert make_message(session, stays.id).status is MessageStatus.PENDING
