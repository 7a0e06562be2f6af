"""The messages page: the log, one message, replies, texts; and the tab of a patient or an owner."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.clock import utc_now
from crm_core.messaging.consent.models import SuppressedAddress
from crm_core.messaging.gateways import outbox
from crm_core.messaging.queries import list_communications
from crm_core.messaging.receiving.models import InboundMessage
from crm_core.messaging.schemas import CommunicationFilter, CommunicationRead, RecipientType
from crm_core.messaging.texts import queries as texts
from crm_core.messaging.texts.schemas import TemplateFilter, TemplateRead
from crm_core.messaging.threads import thread_of
from crm_core.patients.schemas import PatientRead
from crm_core.people.schemas import Role
from tests.make_business import make_owner
from tests.make_messages import make_message, make_reply, make_template
from tests.make_patients import make_patient
from tests.pages.acting import cells, chips, choose, errors, fill, htmls, labels, metric, press
from tests.pages.acting import texts as said

Open = Callable[..., AppTest]


@pytest.fixture
def messages(visit: Open) -> Open:
    """``messages(Role.VIEWER, message=3)``: the messages page at that address."""
    return partial(visit, "pages/communications.py")


@pytest.fixture
def patient(session: Session) -> PatientRead:
    """Somebody to write to."""
    return make_patient(session, "Chioma Okafor")


def became(session: Session, message: CommunicationRead, status: str, ago: str = "1 hour") -> None:
    """A message of a while ago that has come so far."""
    session.execute(
        text(
            "UPDATE crm_communication_logs SET status = CAST(:status AS crm_message_status),"
            " sent_at = now(), provider = 'sandbox', error_message = :why,"
            " created_at = now() - CAST(:ago AS interval) WHERE id = :id"
        ),
        {
            "id": message.id,
            "status": status,
            "ago": ago,
            "why": "No such number" if status == "failed" else None,
        },
    )
    session.commit()


def of(session: Session, patient_id: int) -> list[CommunicationRead]:
    """What was sent to the patient, the newest first."""
    wanted = CommunicationFilter(recipient_type="patient", recipient_id=patient_id)
    return list(list_communications(wanted).page(session).rows)


def test_without_messages_the_log_says_what_to_do(messages: Open) -> None:
    told = "No message is like this: take a filter away, or write to a patient."
    assert told in said(messages(Role.VIEWER))


def test_somebody_without_a_role_sees_no_message(messages: Open) -> None:
    page = messages()
    assert errors(page) == ["You may not see messages: ask an administrator for a role that may."]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, ["Adebayo Obi", "Chioma Okafor", "Chioma Okafor"]),
        ({"to": "owner"}, ["Adebayo Obi"]),
        ({"by": "email"}, ["Chioma Okafor"]),
        ({"status": "failed"}, []),
        ({"why": "custom"}, []),
        ({"status": "no such state"}, ["Adebayo Obi", "Chioma Okafor", "Chioma Okafor"]),
    ],
    ids=str,
)
def test_the_log_is_filtered_by_its_address(
    messages: Open,
    session: Session,
    patient: PatientRead,
    query: dict[str, str],
    shown: list[str],
) -> None:
    make_message(session, patient.id)
    make_message(session, patient.id, channel="email", subject="Tomorrow")
    owner = make_owner(session, first_name="Adebayo", last_name="Obi")
    make_message(session, owner.id, recipient_type="owner")

    assert cells(messages(Role.VIEWER, **query), "To") == shown


def test_a_message_tells_every_step_of_its_way(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    message = make_message(session, patient.id)
    became(session, message, "failed")

    page = messages(Role.VIEWER, message=message.id)

    assert chips(page, "Step") == [["Pending"], ["Sent"], ["Failed"]]
    assert cells(page, "What")[1:] == ["Accepted by sandbox", "No such number"]
    assert any("See you tomorrow." in drawn for drawn in htmls(page))


def test_a_message_on_its_way_is_looked_at_again(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    message = make_message(session, patient.id)
    became(session, message, "sent", ago="1 second")
    page = messages(Role.VIEWER, message=message.id)
    before = chips(page, "Step")
    became(session, message, "delivered", ago="1 second")
    page.run()

    assert before[-1] == ["Sent"]
    assert "Delivered" in "".join(htmls(page))


def test_an_unknown_message_is_said_to_be_unknown(messages: Open) -> None:
    assert errors(messages(Role.VIEWER, message=999)) == ["Message not found"]


def test_a_message_is_written_with_its_price_and_sent(
    visit: Open, session: Session, patient: PatientRead
) -> None:
    page = visit("pages/patients.py", Role.VIEWER, patient=patient.id, tab="messages")
    fill(page, "letter", content="Dear {first_name}, please call us: ₦500")
    page.run()

    assert f"To {patient.phone}: 1 part · UCS-2 · 33 characters · ₦4.00" in said(page)
    assert "a part holds 70 characters" in page.warning[0].value.replace("\\", "")
    press(page, "Send it now")
    (sent,) = of(session, patient.id)
    assert (sent.content, sent.message_type) == ("Dear Chioma, please call us: ₦500", "custom")
    assert any("Dear Chioma" in drawn for drawn in htmls(page))


def test_a_text_is_sent_once_its_fields_are_filled_in(
    visit: Open, session: Session, patient: PatientRead
) -> None:
    make_template(session, "come_by", body="Dear {first_name}, come on {date}.")
    page = visit("pages/patients.py", Role.VIEWER, patient=patient.id, tab="messages")
    fill(page, "letter", template="come_by").run()
    assert any("shows an example" in warned.value for warned in page.warning)
    fill(page, "letter", **{"fields.date": "Monday"}).run()
    press(page, "Send it now")

    (sent,) = of(session, patient.id)
    assert (sent.content, sent.message_type) == ("Dear Chioma, come on Monday.", "come_by")


def test_an_unknown_field_is_named_while_writing(
    visit: Open, session: Session, patient: PatientRead
) -> None:
    page = visit("pages/patients.py", Role.VIEWER, patient=patient.id, tab="messages")
    fill(page, "letter", content="Dear {first_nam}").run()

    assert errors(page)[0].startswith("There is no field {first_nam}")
    (send,) = [button for button in page.button if button.label == "Send it now"]
    assert send.disabled


def test_whoever_may_not_write_only_reads(
    visit: Open, session: Session, patient: PatientRead
) -> None:
    make_message(session, patient.id)
    page = visit("pages/patients.py", Role.ANALYST, patient=patient.id, tab="messages")

    assert {"Send it now", "Write it down"}.isdisjoint(labels(page))
    assert cells(page, "Text") == ["See you tomorrow."]


def test_a_choice_is_written_down_and_holds(
    visit: Open, session: Session, patient: PatientRead
) -> None:
    page = visit("pages/patients.py", Role.VIEWER, patient=patient.id, tab="messages")
    fill(page, "choice", channel="sms")
    press(page, "Write it down")

    assert chips(page, "Choice") == [["Opted out"]]
    assert make_message(session, patient.id).reason == "opted_out"
    fill(page, "letter", content="Hello").run()
    assert "This cannot be sent. Asked not to get this." in errors(page)


def test_a_closed_address_is_opened_again_with_a_reason(
    visit: Open, session: Session, patient: PatientRead
) -> None:
    session.add(SuppressedAddress(channel="sms", address=patient.phone, reason="Not in service."))
    session.commit()
    page = visit("pages/patients.py", Role.VIEWER, patient=patient.id, tab="messages")
    assert any("Not in service" in warned.value for warned in page.warning)
    fill(page, "lift", reason="It rings again")
    press(page, "Open it")

    assert not page.warning


def test_an_owner_has_the_same_tab(visit: Open, session: Session) -> None:
    owner = make_owner(session)
    make_message(session, owner.id, recipient_type="owner")

    page = visit("pages/owners.py", Role.VIEWER, owner=owner.id, tab="messages")

    assert cells(page, "To") == [owner.name]
    assert "Send it now" in labels(page)


def test_a_reply_that_waits_is_dealt_with(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    reply = make_reply(session, patient.id, patient.phone)
    session.commit()
    page = messages(Role.VIEWER, tab="replies", reply=reply.id)
    assert cells(page, "From") == ["Chioma Okafor"]
    fill(page, "reply", note="Called back")
    press(page, "It is dealt with")

    assert "No reply waits for a person." in said(messages(Role.VIEWER, tab="replies"))


def current(session: Session, name: str) -> TemplateRead:
    """The text in force."""
    wanted = TemplateFilter(name=name, current=True)
    (found,) = texts.list_templates(wanted).page(session).rows
    return found


def test_a_text_is_changed_into_its_next_version(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    template = make_template(session, "come_by", body="Dear {first_name}, come.")
    page = messages(Role.ADMIN, tab="templates", template=template.id)
    fill(page, "text", body="Dear {first_name}, come on {date}.").run()
    assert f"As {patient.name} reads it:" in said(page)
    press(page, "Save the next version")

    found = current(session, "come_by")
    assert (found.version, found.body) == (2, "Dear {first_name}, come on {date}.")
    assert cells(page, "Version") == [2, 1]


def test_a_text_with_an_unknown_field_cannot_be_saved(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    page = messages(Role.ADMIN, tab="templates", template="new")
    fill(page, "text", name="come_by", body="Dear {nobody}").run()

    assert errors(page)[0].startswith("There is no field {nobody}")
    (save,) = [button for button in page.button if button.label == "Save the text"]
    assert save.disabled


def test_a_new_text_is_saved_and_opened(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    page = messages(Role.ADMIN, tab="templates", template="new")
    fill(page, "text", name="come_by", body="Dear {first_name}").run()
    press(page, "Save the text")

    assert page.query_params["template"] == str(current(session, "come_by").id)


def test_a_text_is_retired(messages: Open, session: Session, patient: PatientRead) -> None:
    template = make_template(session, "come_by")
    press(messages(Role.ADMIN, tab="templates", template=template.id), "Retire this text")

    assert texts.get_template(session, template.id).current is False


def test_texts_are_only_read_by_those_who_may_not_keep_them(
    messages: Open, session: Session
) -> None:
    template = make_template(session, "come_by")
    page = messages(Role.VIEWER, tab="templates", template=template.id)

    assert {"Retire this text", "Save the next version"}.isdisjoint(labels(page))


def test_what_failed_is_sent_again_from_its_page(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    message = make_message(session, patient.id)
    became(session, message, "failed")
    page = press(messages(Role.VIEWER, message=message.id), "Send it again")

    new = of(session, patient.id)[0]
    assert (new.content, new.status) == (message.content, "pending")
    assert page.query_params["message"] == str(new.id)
    old = messages(Role.VIEWER, message=message.id)
    assert "Send it again" not in labels(old)
    press(old, "It was sent again: see the new message")
    assert old.query_params["message"] == str(new.id)


def test_many_that_failed_are_sent_again_as_shown(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    for _ in range(2):
        became(session, make_message(session, patient.id), "failed")
    page = messages(Role.VIEWER, status="failed")
    press(page, "Send again what failed here: 2 messages")
    press(page, "Send 2 messages again")

    assert [each.status for each in of(session, patient.id)] == [
        "pending",
        "pending",
        "failed",
        "failed",
    ]
    assert "Done: 2 records changed." in said(page)


def test_whoever_may_not_send_sends_nothing_again(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    message = make_message(session, patient.id)
    became(session, message, "failed")

    assert "Send it again" not in labels(messages(Role.ANALYST, message=message.id))


def test_channels_say_how_messages_fare_and_who_serves_them(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    for status in ("sent", "delivered", "read", "failed"):
        became(session, make_message(session, patient.id), "sent")
        became(session, of(session, patient.id)[0], status)
    page = messages(Role.VIEWER, tab="channels")

    assert [metric(page, label) for label in ("Sent in 30 days", "Delivered", "Failed")] == [
        "4",
        "50.0%",
        "1",
    ]
    assert said(page).count("Served by the sandbox: nothing reaches anybody.") == 3
    assert len(page.get("plotly_chart")) == 2


def test_a_channel_that_does_not_send_is_said_first(messages: Open, session: Session) -> None:
    session.execute(
        text(
            "UPDATE crm_channel_health SET state = 'open', reason = 'It does not answer.',"
            " retry_at = now() WHERE channel = 'sms'"
        )
    )
    session.commit()

    (told,) = errors(messages(Role.VIEWER, tab="channels"))

    assert told.startswith("SMS does not go out: the provider keeps failing. It does not answer.")


def test_the_sandboxes_outbox_is_opened_from_the_page(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    message = make_message(session, patient.id)
    outbox.append(
        [
            outbox.Kept(
                at=utc_now(),
                channel="sms",
                provider_id="sandbox-1",
                id=message.id,
                address=patient.phone,
                subject=None,
                content="See you tomorrow.",
                purpose="reminder",
            )
        ]
    )
    page = messages(Role.VIEWER, tab="channels", outbox="yes")

    assert patient.phone in cells(page, "To")
    assert "This is a sandbox" in page.info[0].value


def test_a_channel_is_paused_with_a_reason_and_resumed(messages: Open, session: Session) -> None:
    page = messages(Role.ADMIN, tab="channels")
    fill(page, "pause-sms", reason="The contract has ended")
    press(page, "Pause SMS")
    told = [warned.value.replace("\\", "") for warned in page.warning]
    assert any("nothing goes out. The contract has ended" in sentence for sentence in told)
    press(page, "Resume SMS")

    assert not page.warning
    assert "Resume SMS" not in labels(page)


def test_what_is_in_doubt_is_settled_as_it_was_shown(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    message = make_message(session, patient.id)
    became(session, message, "unknown")
    page = choose(messages(Role.ADMIN, tab="channels"), "doubts", message.id)
    fill(page, "settle", outcome="failed", reason="Not in the provider's list")
    press(page, "Look at what would be written down")
    press(page, "Write 1 message down as failed")

    (settled,) = of(session, patient.id)
    assert (settled.status, settled.error_message) == ("failed", "Not in the provider's list")
    assert "Done: 1 record changed." in said(page)


def test_a_settlement_needs_all_that_is_asked(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    became(session, make_message(session, patient.id), "unknown")
    page = press(messages(Role.ADMIN, tab="channels"), "Look at what would be written down")

    assert "Choose messages above, say what you found, and how you know." in errors(page)


def test_operations_staff_see_what_is_in_doubt_and_settle_nothing(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    became(session, make_message(session, patient.id), "unknown")
    page = messages(Role.VIEWER, tab="channels")

    assert "In doubt" in [each.value for each in page.subheader]
    assert {"Pause SMS", "Look at what would be written down"}.isdisjoint(labels(page))


def test_a_message_of_the_sandbox_is_answered_as_its_recipient(
    messages: Open, session: Session, patient: PatientRead
) -> None:
    message = make_message(session, patient.id)
    became(session, message, "sent")
    page = messages(Role.VIEWER, message=message.id)
    fill(page, "answer", text="What shall I bring?")
    press(page, "Answer")

    told = [turn.content for turn in thread_of(session, RecipientType.PATIENT, patient.id)]
    assert told == ["See you tomorrow.", "What shall I bring?"]


def test_nothing_is_no_answer(messages: Open, session: Session, patient: PatientRead) -> None:
    message = make_message(session, patient.id)
    became(session, message, "sent")
    page = press(messages(Role.VIEWER, message=message.id), "Answer")

    assert "This is required." in errors(page)


@pytest.mark.parametrize(("role", "told"), [(Role.VIEWER, True), (Role.ANALYST, False)])
def test_the_home_page_tells_of_replies_that_wait(
    visit: Open, session: Session, patient: PatientRead, role: Role, told: bool
) -> None:
    session.add(
        InboundMessage(
            channel="sms",
            provider="sandbox",
            provider_id="a",
            sender=patient.phone,
            text="What shall I bring?",
            outcome="person",
        )
    )
    session.commit()
    page = visit("Home.py", role)

    links = [link.proto.label for link in page.get("page_link")]
    assert ("1 reply that no rule could answer" in links) is told
