"""Texts: checked when they are saved, a new version each time, read as a person before sending."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.base.validation import problems_of
from crm_core.messaging.consent import service as consent
from crm_core.messaging.consent.schemas import Choice
from crm_core.messaging.fields import FIELDS
from crm_core.messaging.filling import fields_in
from crm_core.messaging.schemas import MessageStatus
from crm_core.messaging.texts import queries, service
from crm_core.messaging.texts.schemas import PreviewAsk, TemplateFilter, TemplateSave, TemplateSend
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_messages import WRITER, make_template
from tests.make_patients import make_patient

KEEPER = make_actor(Role.ADMIN)


def text_of(**more: object) -> TemplateSave:
    """A reminder by SMS."""
    given: dict[str, Any] = {
        "name": "visit_reminder",
        "channel": "sms",
        "purpose": "reminder",
        "body": "Dear {first_name}, see you on {date} at {time}.",
    }
    return TemplateSave.model_validate(given | more)


def asked(patient_id: int, body: str, **more: object) -> PreviewAsk:
    """The text, read as this patient."""
    given: dict[str, Any] = {
        "recipient_type": "patient",
        "recipient_id": patient_id,
        "content": body,
    }
    return PreviewAsk.model_validate(given | {"channel": "sms"} | more)


def refused(**more: object) -> dict[str, str]:
    """What is wrong with the text, by field."""
    with pytest.raises(ValidationError) as error:
        text_of(**more)
    return {problem.path: problem.message for problem in problems_of(error.value)}


def test_saving_a_text_again_makes_its_next_version(session: Session) -> None:
    first = service.save_template(session, text_of(), actor=KEEPER)
    second = service.save_template(session, text_of(body="See you."), actor=KEEPER)

    assert (first.version, second.version) == (1, 2)
    assert queries.get_template(session, first.id).current is False
    assert [each.version for each in queries.versions_of(session, second)] == [2, 1]
    current = queries.list_templates(TemplateFilter(name="visit_reminder", current=True))
    assert [each.id for each in current.page(session).rows] == [second.id]


def test_texts_of_a_channel_do_not_touch_those_of_another(session: Session) -> None:
    sms = service.save_template(session, text_of(), actor=KEEPER)
    service.save_template(session, text_of(channel="whatsapp"), actor=KEEPER)

    assert queries.get_template(session, sms.id).current is True


def test_a_retired_text_comes_back_as_a_new_version(session: Session) -> None:
    first = service.save_template(session, text_of(), actor=KEEPER)
    retired = service.retire_template(session, first.id, actor=KEEPER)
    again = service.save_template(session, text_of(), actor=KEEPER)

    assert (retired.current, again.version, again.current) == (False, 2, True)
    with pytest.raises(Conflict, match="not in force"):
        service.retire_template(session, first.id, actor=KEEPER)


def test_an_unknown_field_is_named_with_those_there_are() -> None:
    problems = refused(body="Dear {frist_name}")
    assert problems["body"].startswith("There is no field {frist_name}: choose among {name}, ")


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"channel": "email"}, "subject", "Give the email a subject."),
        ({"channel": "email", "subject": ""}, "subject", "Give the email a subject."),
        ({"channel": "email", "subject": "{nobody}"}, "subject", "There is no field {nobody}"),
        ({"subject": "Hello"}, "subject", "Only an email has a subject"),
        (
            {"channel": "email", "subject": "Offer", "purpose": "promotional"},
            "body",
            "A promotional email needs the opt-out line",
        ),
        ({"body": ""}, "body", "This must not be empty."),
        ({"name": "Visit Reminder"}, "name", "This does not have the right form."),
    ],
)
def test_a_text_is_checked_when_it_is_saved(
    wrong: dict[str, str], field: str, sentence: str
) -> None:
    assert refused(**wrong)[field].startswith(sentence)


def test_a_promotional_email_with_its_line_is_saved(session: Session) -> None:
    offer = text_of(
        channel="email",
        purpose="promotional",
        subject="For {first_name}",
        body="Free screening. No more of these: {unsubscribe}",
    )
    assert service.save_template(session, offer, actor=KEEPER).subject == "For {first_name}"


def test_only_whoever_manages_messages_changes_texts(session: Session) -> None:
    with pytest.raises(Forbidden):
        service.save_template(session, text_of(), actor=WRITER)
    with pytest.raises(Forbidden):
        service.retire_template(session, 1, actor=WRITER)


def test_every_text_that_comes_with_the_product_can_be_filled(session: Session) -> None:
    built_in = (
        session.execute(
            text("SELECT name, channel, purpose, subject, body FROM crm_message_templates")
        )
        .mappings()
        .all()
    )
    assert built_in
    for row in built_in:
        assert fields_in(row["body"]) | fields_in(row["subject"] or "") <= set(FIELDS), row["name"]
        TemplateSave.model_validate(dict(row))


def test_a_preview_reads_as_the_person_and_tells_the_price(session: Session) -> None:
    patient = make_patient(session, first_name="Chioma")

    shown = service.preview(session, asked(patient.id, "Dear {first_name}, ₦500"), actor=WRITER)

    assert shown.content == "Dear Chioma, ₦500"
    assert (shown.encoding, shown.parts, shown.cost) == ("UCS-2", 1, Decimal(4))
    assert shown.warning is not None
    assert shown.warning.startswith("With ₦ a part holds 70")
    assert (shown.address, shown.refusal, shown.examples) == (patient.phone, None, [])


def test_a_preview_says_which_fields_are_examples(session: Session) -> None:
    patient = make_patient(session)
    body = "On {date} at {time}, {first_name}"

    shown = service.preview(
        session, asked(patient.id, body, fields={"time": "10:00"}), actor=WRITER
    )

    assert shown.examples == ["date"]
    assert "at 10:00" in (shown.content)


def test_a_preview_says_that_the_person_refused(session: Session) -> None:
    patient = make_patient(session)
    no = Choice.model_validate(
        {"recipient_type": "patient", "recipient_id": patient.id, "channel": "sms"}
    )
    consent.opt_out(session, no, source="telephone", actor=WRITER)

    shown = service.preview(session, asked(patient.id, "Hello"), actor=WRITER)

    assert shown.refusal == "Asked not to get this."


def test_a_text_is_sent_with_what_the_sender_fills_in(session: Session) -> None:
    patient = make_patient(session, first_name="Chioma")
    make_template(session, "come_by", body="Dear {first_name}, come on {date}.")
    wanted: dict[str, Any] = {
        "recipient_type": "patient",
        "recipient_id": patient.id,
        "channel": "sms",
        "template": "come_by",
    }

    with pytest.raises(Invalid) as error:
        service.send_template(session, TemplateSend.model_validate(wanted), actor=WRITER)
    sent = service.send_template(
        session, TemplateSend.model_validate(wanted | {"fields": {"date": "Friday"}}), actor=WRITER
    )

    assert error.value.problems[0].path == "fields.date"
    assert (sent.content, sent.status) == ("Dear Chioma, come on Friday.", MessageStatus.PENDING)
    assert (sent.message_type, sent.purpose) == ("come_by", "reminder")
    with pytest.raises(NotFound, match="Template"):
        service.send_template(
            session, TemplateSend.model_validate(wanted | {"channel": "email"}), actor=WRITER
        )
