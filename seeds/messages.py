"""The sample messages: to patients and an owner, and a reply that waits for a person."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging import service
from crm_core.messaging.receiving.replies import take_replies
from crm_core.messaging.receiving.schemas import Reply
from crm_core.messaging.schemas import Channel, MessageSend
from crm_core.messaging.texts import service as texts
from crm_core.messaging.texts.schemas import TemplateSend
from crm_core.people.schemas import Actor
from seeds.files import read_entries

_REPLY = Reply(
    provider="sandbox",
    provider_id="sample-reply-1",
    channel=Channel.SMS,
    sender="+2348056789012",
    text="Thank you. Must I come without breakfast?",
)


def load_messages(session: Session, *, actor: Actor) -> None:
    """They wait in the outbox: the worker sends them, and the sandbox plays what comes back."""
    for entry in read_entries("messages.json"):
        _send(session, entry, actor)
    take_replies(session, [_REPLY], actor=actor)


def _send(session: Session, entry: dict[str, Any], actor: Actor) -> None:
    code = entry["code"]
    data = {name: value for name, value in entry.items() if name != "code"}
    data["recipient_id"] = session.execute(_IDS, {"code": code}).scalar_one()
    if "template" in entry:
        texts.send_template(session, TemplateSend.model_validate(data), actor=actor)
    else:
        service.send_message(session, MessageSend.model_validate(data), actor=actor)


_IDS = text(
    "SELECT id FROM crm_patients WHERE patient_code = :code"
    " UNION ALL SELECT id FROM crm_owners WHERE owner_code = :code"
)
