"""Webhooks of those who carry messages: forged, replayed, cut off and out of order."""

import hashlib
import hmac
import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.api.app import PREFIX
from crm_core.base.models import WebhookEvent
from crm_core.loyalty.schemas import MemberRead
from crm_core.messaging.consent.models import ContactChoice
from crm_core.messaging.models import Communication
from crm_core.messaging.receiving.models import InboundMessage
from tests.make_messages import make_message, make_sent
from tests.make_patients import make_patient

WEBHOOKS = f"{PREFIX}/webhooks"
SECRET = "of the account"


@pytest.fixture
def hooks(anonymous: TestClient, set_environment: Callable[..., None]) -> TestClient:
    set_environment(
        CRM_TERMII_SECRET_KEY=SECRET,
        CRM_AFRICASTALKING_WEBHOOK_SECRET=SECRET,
        CRM_WHATSAPP_APP_SECRET=SECRET,
        CRM_WHATSAPP_VERIFY_TOKEN="our word",
    )
    return anonymous


@pytest.fixture
def patient(session: Session) -> MemberRead:
    return make_patient(session, communication_preferences={"whatsapp": True})


def termii(hooks: TestClient, document: object, *, secret: str = SECRET) -> int:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    headers = {"x-termii-signature": signature}
    return hooks.post(f"{WEBHOOKS}/termii", content=body, headers=headers).status_code


def africas_talking(hooks: TestClient, form: dict[str, str], *, secret: str = SECRET) -> int:
    return hooks.post(
        f"{WEBHOOKS}/africastalking/{secret}",
        content=urlencode(form),
        headers={"content-type": "application/x-www-form-urlencoded"},
    ).status_code


def whatsapp(hooks: TestClient, value: object, *, secret: str = SECRET) -> int:
    change = {"field": "messages", "value": value}
    document = {"object": "whatsapp_business_account", "entry": [{"changes": [change]}]}
    body = json.dumps(document).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}"}
    return hooks.post(f"{WEBHOOKS}/whatsapp", content=body, headers=headers).status_code


def state(session: Session, message_id: int) -> str:
    session.expire_all()
    return session.get_one(Communication, message_id).status


def reason(session: Session, message_id: int) -> str | None:
    return session.get_one(Communication, message_id).reason


def outcome(session: Session) -> str:
    return (
        session.scalars(select(WebhookEvent.outcome).order_by(WebhookEvent.id.desc())).first() or ""
    )


DELIVERED = {"type": "outbound", "message_id": "77", "status": "DELIVERED | Message delivered"}


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        ("Message Sent", ("sent", None)),
        ("Delivered", ("delivered", None)),
        ("DELIVERED | Message delivered to handset", ("delivered", None)),
        ("DND Active on Phone Number", ("failed", "dnd")),
        ("Rejected", ("failed", "rejected")),
        ("Message Failed", ("failed", "undelivered")),
        ("Expired", ("failed", "expired")),
    ],
)
def test_termii_tells_what_became_of_a_message(
    hooks: TestClient, session: Session, patient: MemberRead, status: str, ends: object
) -> None:
    message = make_sent(session, patient.id, "77")
    assert termii(hooks, DELIVERED | {"status": status}) == 200
    assert (state(session, message.id), reason(session, message.id)) == ends


def test_a_forged_receipt_changes_nothing(
    hooks: TestClient, session: Session, patient: MemberRead
) -> None:
    message = make_sent(session, patient.id, "77")
    whatsapp_message = make_sent(session, patient.id, "w", provider="whatsapp")
    at_message = make_sent(session, patient.id, "a", provider="africastalking")

    assert termii(hooks, DELIVERED, secret="a guess") == 401
    read = {"statuses": [{"id": "w", "status": "read"}]}
    assert whatsapp(hooks, read, secret="a guess") == 401
    success = {"id": "a", "status": "Success"}
    for guess in ("a guess", SECRET.upper(), SECRET[:-1], "…"):
        assert africas_talking(hooks, success, secret=guess) == 401
    assert hooks.post(f"{WEBHOOKS}/africastalking", content=urlencode(success)).status_code == 401

    for one in (message, whatsapp_message, at_message):
        assert state(session, one.id) == "sent"
    assert session.scalar(select(func.count()).select_from(WebhookEvent)) == 0


def test_a_signature_of_another_body_does_not_hold(hooks: TestClient, session: Session) -> None:
    signature = hmac.new(SECRET.encode(), b"{}", hashlib.sha512).hexdigest()
    answer = hooks.post(
        f"{WEBHOOKS}/termii",
        content=json.dumps(DELIVERED),
        headers={"x-termii-signature": signature},
    )
    assert answer.status_code == 401


def test_without_a_secret_of_ours_nobody_is_believed(
    hooks: TestClient, set_environment: Callable[..., None]
) -> None:
    set_environment(
        CRM_TERMII_SECRET_KEY=None,
        CRM_AFRICASTALKING_WEBHOOK_SECRET=None,
        CRM_WHATSAPP_APP_SECRET=None,
    )
    assert termii(hooks, DELIVERED, secret="") == 401
    assert whatsapp(hooks, {}, secret="") == 401
    assert hooks.post(f"{WEBHOOKS}/africastalking/", content="id=1&status=Sent").status_code == 401


def test_a_replayed_event_is_applied_once(
    hooks: TestClient, session: Session, patient: MemberRead
) -> None:
    inbound = {"type": "inbound", "message_id": "in-1", "sender": patient.phone[1:]}
    for _ in range(3):
        assert termii(hooks, inbound | {"message": "Hello"}) == 200
    assert session.scalar(select(func.count()).select_from(InboundMessage)) == 1
    assert session.scalar(select(func.count()).select_from(WebhookEvent)) == 1


def test_an_event_that_is_written_differently_is_still_the_same_reply(
    hooks: TestClient, session: Session, patient: MemberRead
) -> None:
    inbound = {"type": "inbound", "message_id": "in-1", "sender": patient.phone, "message": "STOP"}
    termii(hooks, inbound)
    termii(hooks, inbound | {"cost": None})
    assert session.scalar(select(func.count()).select_from(InboundMessage)) == 1
    assert session.scalar(select(func.count()).select_from(ContactChoice)) == 3


def test_events_out_of_order_end_where_they_should(
    hooks: TestClient, session: Session, patient: MemberRead
) -> None:
    message = make_sent(session, patient.id, "wamid.1", provider="whatsapp", channel="whatsapp")
    for status in ("read", "sent", "delivered"):
        one = {"id": "wamid.1", "status": status, "timestamp": "1700000000"}
        assert whatsapp(hooks, {"statuses": [one]}) == 200
    assert state(session, message.id) == "read"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(DELIVERED).encode()[:-9],
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"type":"outbound","message_id":"77"}',
        b'{"type":"outbound","message_id":{"a":1},"status":"Delivered"}',
        b'{"type":"outbound","message_id":"77","status":"Teleported"}',
        b'{"type":"inbound","message_id":"77"}',
    ],
)
def test_a_signed_event_that_cannot_be_read_is_kept_and_changes_nothing(
    hooks: TestClient, session: Session, patient: MemberRead, body: bytes
) -> None:
    message = make_sent(session, patient.id, "77")
    assert termii(hooks, body) == 200
    assert state(session, message.id) == "sent"
    assert outcome(session).startswith("Not understood, nothing changed: ")


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        ({"status": "Submitted"}, ("sent", None)),
        ({"status": "Success"}, ("delivered", None)),
        ({"status": "Failed", "failureReason": "UserDoesNotExist"}, ("failed", "bad_address")),
        ({"status": "Rejected", "failureReason": "UserInBlackList"}, ("failed", "blocked")),
        ({"status": "Rejected"}, ("failed", "rejected")),
        ({"status": "Failed"}, ("failed", "undelivered")),
    ],
)
def test_africas_talking_tells_what_became_of_a_message(
    hooks: TestClient,
    session: Session,
    patient: MemberRead,
    told: dict[str, str],
    ends: object,
) -> None:
    message = make_sent(session, patient.id, "ATX1", provider="africastalking")
    assert africas_talking(hooks, {"id": "ATX1", "phoneNumber": patient.phone, **told}) == 200
    assert (state(session, message.id), reason(session, message.id)) == ends


def test_africas_talking_passes_on_what_people_write(
    hooks: TestClient, session: Session, patient: MemberRead
) -> None:
    form = {"from": patient.phone, "to": "22384", "text": "YES ", "id": "1", "date": "2026-11-24"}
    assert africas_talking(hooks, form) == 200
    kept = session.scalars(select(InboundMessage)).one()
    assert (kept.provider, kept.text, kept.patient_id) == ("africastalking", "YES ", patient.id)


def test_who_opts_out_at_africas_talking_is_left_alone(
    hooks: TestClient, session: Session, patient: MemberRead
) -> None:
    assert africas_talking(hooks, {"senderId": "Us", "phoneNumber": patient.phone}) == 200
    assert set(session.scalars(select(ContactChoice.recipient_id))) == {patient.id}


@pytest.mark.parametrize("body", [b"%%%", b"", b"status=Success", b"a=b&" * 60, b"\xff=\xfe"])
def test_a_form_that_cannot_be_read_changes_nothing(
    hooks: TestClient, session: Session, body: bytes
) -> None:
    assert hooks.post(f"{WEBHOOKS}/africastalking/{SECRET}", content=body).status_code == 200
    assert outcome(session).startswith("Not understood, nothing changed: ")


def test_the_secret_of_the_path_is_not_logged(
    hooks: TestClient, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    africas_talking(hooks, {"id": "1", "status": "Sent"})
    africas_talking(hooks, {"id": "1", "status": "Sent"}, secret="nearly-the-secret")
    logged = capsys.readouterr().err
    assert "/webhooks/africastalking/…" in logged
    assert SECRET not in logged
    assert "nearly-the-secret" not in logged


def test_whatsapp_shakes_hands_with_whoever_knows_the_word(hooks: TestClient) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "our word", "hub.challenge": "1158201"}
    answer = hooks.get(f"{WEBHOOKS}/whatsapp", params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "wrong", [{"hub.verify_token": "a guess"}, {"hub.verify_token": ""}, {"hub.mode": "other"}]
)
def test_whatsapp_s_hand_is_refused_without_the_word(
    hooks: TestClient, wrong: dict[str, str]
) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "our word", "hub.challenge": "1158201"}
    answer = hooks.get(f"{WEBHOOKS}/whatsapp", params=asked | wrong)
    assert answer.status_code == 403
    assert "1158201" not in answer.text


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"type": "text", "text": {"body": "Yes please"}}, "Yes please"),
        ({"type": "button", "button": {"payload": "YES", "text": "I will come"}}, "YES"),
        (
            {
                "type": "interactive",
                "interactive": {
                    "type": "button_reply",
                    "button_reply": {"id": "NO", "title": "I cannot"},
                },
            },
            "NO",
        ),
        ({"type": "image", "image": {"id": "1"}}, "[image]"),
        ({"type": "text", "text": None}, "[text]"),
        ({}, "[something else]"),
    ],
)
def test_whatsapp_passes_on_what_people_write_and_tap(
    hooks: TestClient,
    session: Session,
    patient: MemberRead,
    said: dict[str, object],
    text: str,
) -> None:
    message = make_sent(session, patient.id, "wamid.9", provider="whatsapp", channel="whatsapp")
    one = {"from": patient.phone[1:], "id": "wamid.in", "context": {"id": "wamid.9"}, **said}
    assert whatsapp(hooks, {"messages": [one | {"timestamp": "1700000000"}]}) == 200
    kept = session.scalars(select(InboundMessage)).one()
    assert (kept.text, kept.answers_id, kept.patient_id) == (text, message.id, patient.id)


def test_one_event_of_whatsapp_may_tell_much(
    hooks: TestClient, session: Session, patient: MemberRead
) -> None:
    first = make_sent(session, patient.id, "w1", provider="whatsapp", channel="whatsapp")
    second = make_sent(session, patient.id, "w2", provider="whatsapp", channel="whatsapp")
    no = {"code": 131026, "title": "Message undeliverable"}
    statuses = [
        {"id": "w1", "status": "delivered"},
        {"id": "w2", "status": "failed", "errors": [no]},
        {"id": "w1", "status": "read", "timestamp": "no time"},
        {"status": "read"},
        "nonsense",
        {"id": "w1", "status": "invented"},
    ]
    assert whatsapp(hooks, {"statuses": statuses, "messages": [{}]}) == 200
    assert (state(session, first.id), state(session, second.id)) == ("read", "failed")


@pytest.mark.parametrize(("number", "kept"), [("1555", 1), ("1666", 0)])
def test_what_is_told_of_another_number_of_the_app_is_not_ours(
    hooks: TestClient,
    session: Session,
    set_environment: Callable[..., None],
    number: str,
    kept: int,
) -> None:
    set_environment(CRM_WHATSAPP_PHONE_NUMBER_ID="1555")
    one = {"from": "2348012345678", "id": "in", "type": "text", "text": {"body": "STOP"}}
    told = {"metadata": {"phone_number_id": number}, "messages": [one]}
    assert whatsapp(hooks, told) == 200
    assert session.scalar(select(func.count()).select_from(InboundMessage)) == kept


def test_whatsapp_settles_what_nobody_knew(
    hooks: TestClient, session: Session, patient: MemberRead
) -> None:
    message = make_message(session, patient.id, channel="whatsapp")
    session.get_one(Communication, message.id).status = "unknown"
    session.flush()
    one = {
        "id": "wamid.1",
        "status": "sent",
        "recipient_id": patient.phone[1:],
        "biz_opaque_callback_data": str(message.id),
    }
    assert whatsapp(hooks, {"statuses": [one]}) == 200
    assert state(session, message.id) == "sent"


@pytest.mark.parametrize(
    "body", [b"{}", b'{"object":"page"}', b'{"object":"whatsapp_business_account","entry":7}']
)
def test_a_signed_event_of_something_else_changes_nothing(
    hooks: TestClient, session: Session, body: bytes
) -> None:
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}"}
    assert hooks.post(f"{WEBHOOKS}/whatsapp", content=body, headers=headers).status_code == 200
    assert outcome(session).startswith(("Receipts: 0. Replies: 0.", "Not understood"))
