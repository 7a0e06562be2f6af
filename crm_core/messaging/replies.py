"""What people answered: the list of those that a person has to look at, and handling one."""

from pydantic import BaseModel, ConfigDict
from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.clock import Instant, utc_now
from crm_core.base.errors import Conflict, NotFound
from crm_core.base.paging import PageRequest
from crm_core.base.read import Listing, Order, Read
from crm_core.base.words import Reason, RecordId
from crm_core.messaging.models import CHANNEL
from crm_core.messaging.receiving.models import InboundMessage
from crm_core.messaging.schemas import Channel
from crm_core.patients.models import Patient
from crm_core.people.schemas import Actor, Permission

FOR_A_PERSON = "person"
"""The outcome of an answer that no rule could make anything of."""

HANDLED = "handled"
"""The outcome of an answer that a person has dealt with."""


class ReplyRead(BaseModel):
    """One answer, with whose it is where exactly one patient has the number."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    channel: Channel
    provider: str
    sender: str
    text: str
    answers_id: int | None
    patient_id: int | None
    patient_name: str | None
    received_at: Instant
    handled_at: Instant | None
    outcome: str | None


class ReplyFilter(PageRequest):
    """Answers; ``open`` true are those that wait for a person."""

    open: bool | None = None
    channel: Channel | None = None
    patient_id: RecordId | None = None


class Handling(BaseModel):
    """What was done about an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    note: Reason


_Inbound = InboundMessage

REPLIES: Listing[ReplyRead] = Listing(
    schema=ReplyRead,
    statement=select(
        _Inbound.id,
        _Inbound.channel,
        _Inbound.provider,
        _Inbound.sender,
        _Inbound.text,
        _Inbound.answers_id,
        _Inbound.patient_id,
        func.nullif(func.concat_ws(" ", Patient.first_name, Patient.last_name), "").label(
            "patient_name"
        ),
        _Inbound.received_at,
        _Inbound.handled_at,
        _Inbound.outcome,
    ).outerjoin(Patient, Patient.id == _Inbound.patient_id),
    filters={
        "open": and_(
            _Inbound.handled_at.is_(None), _Inbound.outcome.is_not_distinct_from(FOR_A_PERSON)
        )
        == bindparam("open"),
        "channel": _Inbound.channel == bindparam("channel", type_=CHANNEL),
        "patient_id": _Inbound.patient_id == bindparam("patient_id"),
    },
    orders={"newest": Order((_Inbound.id,))},
    key=_Inbound.id,
    noun="Reply",
)


def list_replies(filters: ReplyFilter) -> Read[ReplyRead]:
    """Answers, the latest first."""
    return REPLIES.read(filters)


def get_reply(session: Session, reply_id: int) -> ReplyRead:
    """One answer; ``NotFound`` where there is none."""
    return REPLIES.one(session, reply_id)


def handle_reply(session: Session, reply_id: int, data: Handling, *, actor: Actor) -> ReplyRead:
    """Takes an answer off the list of those that wait for a person."""
    actor.require(Permission.MESSAGES_SEND)
    reply = session.get(InboundMessage, reply_id, with_for_update=True)
    if reply is None:
        raise NotFound("Reply not found")
    if reply.handled_at is not None:
        raise Conflict("This reply is dealt with already.")
    reply.handled_at, reply.outcome = utc_now(), HANDLED
    history.note(session, "handle", "crm_inbound_messages", reply_id, {"note": data.note})
    session.flush()
    return get_reply(session, reply_id)
