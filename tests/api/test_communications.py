"""Messages over the API: the contract's rows, sending, threads, texts, choices and replies."""

import re
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.messaging.consent.models import SuppressedAddress
from crm_core.messaging.receiving.models import InboundMessage
from crm_core.people.schemas import Role
from tests.api.calls import API, created, done, refusal, wrong_fields
from tests.api.conftest import SignedIn
from tests.api.shapes import INSTANT, TEXT, Shape, wrong_in
from tests.make_business import make_owner
from tests.make_messages import make_message, make_reply, make_template
from tests.make_patients import make_patient

MESSAGES = f"{API}/communications"

COMMUNICATION: Shape = {
    "id": (int,),
    "recipient_type": (re.compile("patient|owner|staff"),),
    "recipient_id": (int,),
    "campaign_id": (int, None),
    "campaign_name": (TEXT, None),
    "channel": (re.compile("sms|email|whatsapp|push|call"),),
    "message_type": (TEXT,),
    "subject": (TEXT, None),
    "content": (TEXT, None),
    "status": (re.compile("pending|sent|delivered|failed|read|skipped|expired|deferred|unknown"),),
    "sent_at": (INSTANT, None),
    "delivered_at": (INSTANT, None),
    "read_at": (INSTANT, None),
    "error_message": (TEXT, None),
    "metadata": (dict,),
    "created_at": (INSTANT,),
    "updated_at": (INSTANT,),
}


@pytest.fixture
def desk(signed_in: SignedIn) -> TestClient:
    """A client that may write to one person."""
    return signed_in(Role.VIEWER)


@pytest.fixture
def keeper(signed_in: SignedIn) -> TestClient:
    """A client that keeps the texts."""
    return signed_in(Role.ADMIN)


def letter(patient_id: int, **more: object) -> dict[str, Any]:
    """The least that sending takes."""
    given = {"recipient_type": "patient", "recipient_id": patient_id, "channel": "sms"}
    return given | {"content": "Please call us."} | more


def of(patient_id: int) -> dict[str, Any]:
    """Whom a thread or choices are asked of."""
    return {"recipient_type": "patient", "recipient_id": patient_id}


def test_a_message_is_sent_as_the_contract_has_it(desk: TestClient, session: Session) -> None:
    patient = make_patient(session)

    row = done(desk.post(f"{MESSAGES}/send", json=letter(patient.id)))

    assert (row["status"], row["message_type"], row["content"]) == (
        "pending",
        "custom",
        "Please call us.",
    )
    assert wrong_in(row, COMMUNICATION) == {}
    assert done(desk.get(MESSAGES)) == [row]


def test_an_email_without_a_subject_is_refused(desk: TestClient, session: Session) -> None:
    patient = make_patient(session)
    answer = desk.post(f"{MESSAGES}/send", json=letter(patient.id, channel="email"))
    assert wrong_fields(answer) == ["subject"]


def test_fields_of_a_message_are_filled_in_and_unknown_ones_refused(
    desk: TestClient, session: Session
) -> None:
    patient = make_patient(session, first_name="Chioma")

    body = letter(patient.id, content="Dear {first_name}")
    assert done(desk.post(f"{MESSAGES}/send", json=body))["content"] == "Dear Chioma"
    body = letter(patient.id, content="Dear {first_nam}")
    assert wrong_fields(desk.post(f"{MESSAGES}/send", json=body)) == ["content"]


def test_nobody_is_not_found(desk: TestClient) -> None:
    assert refusal(desk.post(f"{MESSAGES}/send", json=letter(999_999)), 404) == "Patient not found"
    assert refusal(desk.get(f"{MESSAGES}/999999"), 404) == "Message not found"


def test_the_log_is_filtered_as_the_contract_has_it(desk: TestClient, session: Session) -> None:
    patient, owner = make_patient(session), make_owner(session)
    sms = make_message(session, patient.id)
    email = make_message(session, patient.id, channel="email", subject="Tomorrow")
    to_owner = make_message(session, owner.id, recipient_type="owner")
    session.commit()

    def ids(**filters: str | int) -> list[int]:
        return [row["id"] for row in done(desk.get(MESSAGES, params=filters))]

    assert ids() == [to_owner.id, email.id, sms.id]
    assert ids(recipient_type="patient", recipient_id=patient.id) == [email.id, sms.id]
    assert ids(channel="email") == [email.id]
    assert ids(status="pending", recipient_type="owner") == [to_owner.id]
    assert ids(campaign_id=1) == []
    assert ids(sent_from="2026-01-01T00:00:00Z") == []
    names = [row["recipient_name"] for row in done(desk.get(MESSAGES))]
    assert names == [owner.name, patient.name, patient.name]


def test_one_message_tells_its_way(desk: TestClient, session: Session) -> None:
    message = make_message(session, make_patient(session).id)
    session.commit()

    page = done(desk.get(f"{MESSAGES}/{message.id}"))

    assert [(step["kind"], step["status"]) for step in page["steps"]] == [
        ("queued", "pending"),
        ("waits", "pending"),
    ]


def test_a_thread_holds_both_sides(desk: TestClient, session: Session) -> None:
    patient = make_patient(session)
    make_message(session, patient.id, content="Will you come?")
    session.add(
        InboundMessage(
            channel="sms", provider="sandbox", provider_id="a", sender=patient.phone, text="Yes"
        )
    )
    session.commit()

    said = done(desk.get(f"{MESSAGES}/thread", params=of(patient.id)))

    assert {(turn["ours"], turn["content"]) for turn in said} == {
        (True, "Will you come?"),
        (False, "Yes"),
    }


def test_a_text_is_saved_read_sent_and_retired(
    keeper: TestClient, desk: TestClient, session: Session
) -> None:
    patient = make_patient(session, first_name="Chioma")
    body = {
        "name": "come_by",
        "channel": "sms",
        "purpose": "follow_up",
        "body": "Dear {first_name}, come on {date}.",
    }
    saved = created(keeper.post(f"{MESSAGES}/templates", json=body))
    asked = letter(patient.id, content=body["body"])
    seen = done(desk.post(f"{MESSAGES}/preview", json=asked))
    given = of(patient.id) | {"channel": "sms", "template": "come_by", "fields": {"date": "Monday"}}
    sent = done(desk.post(f"{MESSAGES}/send-template", json=given))
    retired = done(keeper.post(f"{MESSAGES}/templates/{saved['id']}/retire"))

    assert (seen["parts"], seen["cost"], seen["examples"]) == (1, "4.00", ["date"])
    assert (sent["content"], sent["message_type"]) == ("Dear Chioma, come on Monday.", "come_by")
    assert retired["current"] is False
    listed = done(desk.get(f"{MESSAGES}/templates", params={"name": "come_by", "current": True}))
    assert listed == []
    refusal(desk.post(f"{MESSAGES}/send-template", json=given), 404)


def test_an_unknown_field_is_refused_where_it_stands(keeper: TestClient) -> None:
    body = {"name": "come_by", "channel": "sms", "purpose": "reminder", "body": "{when}"}
    assert wrong_fields(keeper.post(f"{MESSAGES}/templates", json=body)) == ["body"]
    names = [field["name"] for field in done(keeper.get(f"{MESSAGES}/templates/fields"))]
    assert names[:2] == ["name", "first_name"]


def test_choices_are_made_and_seen(desk: TestClient, session: Session) -> None:
    patient = make_patient(session)
    session.add(SuppressedAddress(channel="sms", address=patient.phone, reason="No such number"))
    session.commit()
    no = of(patient.id) | {"channel": "sms", "purpose": "promotional", "source": "telephone"}
    done(desk.post(f"{MESSAGES}/choices", json=no))

    standing = done(desk.get(f"{MESSAGES}/choices", params=of(patient.id)))
    assert [(each["purpose"], each["opted_out"]) for each in standing["choices"]] == [
        ("promotional", True)
    ]
    (closed,) = standing["suppressions"]
    lift = f"{MESSAGES}/suppressions/{closed['id']}/lift"
    assert done(desk.post(lift, json={"reason": "It works again"}))["lifted_at"]
    assert "open already" in refusal(desk.post(lift, json={"reason": "It works again"}), 409)
    assert done(desk.get(f"{MESSAGES}/suppressions", params={"lifted": False})) == []
    assert done(desk.post(f"{MESSAGES}/choices", json=no | {"opted_out": False}))


def test_replies_that_wait_are_dealt_with(desk: TestClient, session: Session) -> None:
    patient = make_patient(session)
    reply = make_reply(session, patient.id, patient.phone)
    session.commit()

    (waiting,) = done(desk.get(f"{MESSAGES}/replies", params={"open": True}))
    handle = f"{MESSAGES}/replies/{reply.id}/handle"
    handled = done(desk.post(handle, json={"note": "Called back"}))

    assert (waiting["text"], waiting["patient_name"]) == ("What shall I bring?", patient.name)
    assert handled["outcome"] == "handled"
    assert done(desk.get(f"{MESSAGES}/replies", params={"open": True})) == []
    refusal(desk.post(handle, json={"note": "Called back"}), 409)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/send", letter(1)),
        ("/send-template", of(1) | {"channel": "sms", "template": "please_call"}),
        ("/choices", of(1) | {"channel": "sms", "source": "telephone"}),
        ("/replies/1/handle", {"note": "Called back"}),
        ("/suppressions/1/lift", {"reason": "It works again"}),
        ("/templates/1/retire", None),
    ],
)
def test_whoever_only_reads_may_not_act(
    signed_in: SignedIn, path: str, body: dict[str, object] | None
) -> None:
    reader = signed_in(Role.ANALYST)
    assert refusal(reader.post(MESSAGES + path, json=body), 403).startswith("You may not")


def test_texts_of_campaigns_are_not_listed(desk: TestClient, session: Session) -> None:
    make_template(session, "campaign-1-1")
    session.commit()
    assert done(desk.get(f"{MESSAGES}/templates", params={"name": "campaign"})) == []


def failed(session: Session) -> int:
    """A message that failed."""
    message = make_message(session, make_patient(session).id)
    session.execute(
        text(
            "UPDATE crm_communication_logs SET status = 'failed', provider = 'sandbox',"
            " sent_at = now() WHERE id = :id"
        ),
        {"id": message.id},
    )
    session.commit()
    return message.id


def test_what_failed_is_sent_again_one_or_many(desk: TestClient, session: Session) -> None:
    one, other = failed(session), failed(session)

    new = done(desk.post(f"{MESSAGES}/{one}/resend"))
    plan = done(desk.post(f"{MESSAGES}/plan-resend", json={"ids": [one, other]}))
    body = {"ids": [one, other], "fingerprint": plan["fingerprint"]}
    receipt = done(desk.post(f"{MESSAGES}/commit-resend", json=body))

    assert (new["status"], new["id"] != one) == ("pending", True)
    assert [verdict["ok"] for verdict in plan["verdicts"]] == [False, True]
    assert receipt["changed"] == 1
    assert "sent again already" in refusal(desk.post(f"{MESSAGES}/{one}/resend"), 409)


def test_figures_are_those_of_the_last_thirty_days(desk: TestClient, session: Session) -> None:
    failed(session)
    stats = done(desk.get(f"{MESSAGES}/stats"))
    channels = done(desk.get(f"{MESSAGES}/channels"))

    assert (stats["days"], stats["sent"], stats["failed"], stats["cost"]) == (30, 1, 1, "0.00")
    assert stats["byChannel"]["sms"]["failed"] == 1
    assert [(each["channel"], each["state"], each["gateway"]) for each in channels] == [
        ("sms", "closed", "sandbox"),
        ("email", "closed", "sandbox"),
        ("whatsapp", "closed", "sandbox"),
    ]


def test_messages_in_doubt_are_settled_as_shown(keeper: TestClient, session: Session) -> None:
    message = make_message(session, make_patient(session).id)
    session.execute(
        text("UPDATE crm_communication_logs SET status = 'unknown' WHERE id = :id"),
        {"id": message.id},
    )
    session.commit()
    found = {"outcome": "failed", "reason": "Not in the provider's list"}
    body: dict[str, Any] = {"ids": [message.id], "settlement": found}
    plan = done(keeper.post(f"{MESSAGES}/plan-settlement", json=body))
    body |= {"fingerprint": plan["fingerprint"]}

    assert done(keeper.post(f"{MESSAGES}/commit-settlement", json=body))["changed"] == 1
    assert done(keeper.get(f"{MESSAGES}/{message.id}"))["status"] == "failed"


def test_a_channel_is_paused_and_resumed(keeper: TestClient, desk: TestClient) -> None:
    pause, resume = f"{MESSAGES}/channels/sms/pause", f"{MESSAGES}/channels/sms/resume"
    why = {"reason": "The contract has ended"}

    refusal(desk.post(pause, json=why), 403)
    paused = done(keeper.post(pause, json=why))
    assert (paused["state"], paused["reason"]) == ("paused", "The contract has ended")
    refusal(keeper.post(pause, json=why), 409)
    assert done(keeper.post(resume))["state"] == "closed"
