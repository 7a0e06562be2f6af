"""Messages to one person: the contract's communication calls, threads and what became of each."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.words import RecordId
from crm_core.insights.communications import CommunicationRow, get_logged, list_log
from crm_core.messaging import service, threads
from crm_core.messaging.schemas import CommunicationFilter, MessageSend, RecipientType
from crm_core.messaging.texts import service as texts
from crm_core.messaging.texts.schemas import Preview, PreviewAsk, TemplateSend
from crm_core.messaging.threads import Step, Turn
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/communications",
    tags=["Communications"],
    route_class=Route,
    dependencies=[needs(Permission.MESSAGES_READ)],
)
MessageId = Annotated[RecordId, Path()]


class Person(BaseModel):
    """Somebody who is written to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipient_type: RecipientType
    recipient_id: RecordId


class MessagePage(CommunicationRow):
    """A message and its way so far."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    steps: list[Step]


@router.get("")
async def list_communications(
    reader: ReaderDep, filters: Annotated[CommunicationFilter, Query()]
) -> JsonText[Rows[CommunicationRow]]:
    """Messages, the newest first, each with its campaign's name."""
    return JsonText(await list_log(filters).fetch(reader))


@router.post("/send")
def send_message(db: Db, actor: CurrentActor, data: MessageSend) -> Done[CommunicationRow]:
    """Queues a message to one person; it goes out within seconds."""
    sent = service.send_message(db, data, actor=actor)
    return Done(message="Message queued", data=get_logged(db, sent.id))


@router.post("/send-template")
def send_template(db: Db, actor: CurrentActor, data: TemplateSend) -> Done[CommunicationRow]:
    """Queues a text with its fields filled in, for the purpose that the text has."""
    sent = texts.send_template(db, data, actor=actor)
    return Done(message="Message queued", data=get_logged(db, sent.id))


@router.post("/preview")
def preview(db: ReadDb, actor: CurrentActor, data: PreviewAsk) -> Envelope[Preview]:
    """How a text reads for this person, its SMS parts and its cost; sends nothing."""
    return Envelope(data=texts.preview(db, data, actor=actor))


@router.get("/thread")
def thread(db: ReadDb, of: Annotated[Person, Query()]) -> Envelope[list[Turn]]:
    """The latest hundred things said between us and one person, oldest first."""
    return Envelope(data=threads.thread_of(db, of.recipient_type, of.recipient_id))


@router.get("/{message_id}")
def get_communication(db: ReadDb, message_id: MessageId) -> Envelope[MessagePage]:
    """One message with every step of its way."""
    message = get_logged(db, message_id)
    page = MessagePage(**message.model_dump(), steps=threads.way_of(db, message))
    return Envelope(data=page)
