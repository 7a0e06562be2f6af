"""What stands around messages: texts, what people chose, closed addresses, and replies."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from crm_core.api.communications import Person
from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.words import RecordId
from crm_core.messaging import fields, replies
from crm_core.messaging.consent import queries as standings
from crm_core.messaging.consent import service as consent
from crm_core.messaging.consent.schemas import (
    Choice,
    ChoiceMade,
    ChoiceRead,
    Lifting,
    Standing,
    SuppressionFilter,
    SuppressionRead,
)
from crm_core.messaging.replies import Handling, ReplyFilter, ReplyRead
from crm_core.messaging.texts import queries
from crm_core.messaging.texts import service as texts
from crm_core.messaging.texts.schemas import TemplateFilter, TemplateRead, TemplateSave
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/communications",
    tags=["Communications"],
    route_class=Route,
    dependencies=[needs(Permission.MESSAGES_READ)],
)
TemplateId = Annotated[RecordId, Path()]


class FieldRead(BaseModel):
    """A field that texts may name; ``always`` where every message can be filled with it."""

    name: str
    description: str
    example: str
    always: bool
    by_hand: bool


@router.get("/templates")
async def list_templates(
    reader: ReaderDep, filters: Annotated[TemplateFilter, Query()]
) -> JsonText[Rows[TemplateRead]]:
    """Texts by name; `current=true` leaves out earlier versions."""
    return JsonText(await queries.list_templates(filters).fetch(reader))


@router.get("/templates/fields")
def list_fields() -> Envelope[list[FieldRead]]:
    """What a text may name in braces."""
    return Envelope(
        data=[FieldRead(name=name, **vars(field)) for name, field in fields.FIELDS.items()]
    )


@router.post("/templates", status_code=201)
def save_template(db: Db, actor: CurrentActor, data: TemplateSave) -> Done[TemplateRead]:
    """Saves a text; under a name that is there it becomes that text's next version."""
    saved = texts.save_template(db, data, actor=actor)
    return Done(message=f"Template saved as version {saved.version}", data=saved)


@router.post("/templates/{template_id}/retire")
def retire_template(db: Db, actor: CurrentActor, template_id: TemplateId) -> Done[TemplateRead]:
    """Sends this text no longer."""
    retired = texts.retire_template(db, template_id, actor=actor)
    return Done(message="Template retired", data=retired)


@router.get("/choices")
def get_choices(db: ReadDb, of: Annotated[Person, Query()]) -> Envelope[Standing]:
    """What a person agreed to and refused, and which of their addresses failed for good."""
    return Envelope(data=standings.standing_of(db, of.recipient_type, of.recipient_id))


@router.post("/choices")
def choose(db: Db, actor: CurrentActor, data: ChoiceMade) -> Done[ChoiceRead]:
    """Writes down that a person wants none of this any more, or wants it again."""
    choice = Choice.model_validate(data.model_dump(exclude={"source", "opted_out"}))
    if data.opted_out:
        made = consent.opt_out(db, choice, source=data.source, actor=actor)
        return Done(message="Opted out", data=made)
    made = consent.opt_in(db, choice, source=data.source, actor=actor)
    return Done(message="Opted in", data=made)


@router.get("/suppressions")
async def list_suppressions(
    reader: ReaderDep, filters: Annotated[SuppressionFilter, Query()]
) -> JsonText[Rows[SuppressionRead]]:
    """Addresses that failed for good, the latest first."""
    return JsonText(await standings.list_suppressions(filters).fetch(reader))


@router.post("/suppressions/{suppression_id}/lift")
def lift_suppression(
    db: Db, actor: CurrentActor, suppression_id: Annotated[RecordId, Path()], data: Lifting
) -> Done[SuppressionRead]:
    """Opens an address again."""
    lifted = consent.lift_suppression(db, suppression_id, reason=data.reason, actor=actor)
    return Done(message="The address is open again", data=lifted)


@router.get("/replies")
async def list_replies(
    reader: ReaderDep, filters: Annotated[ReplyFilter, Query()]
) -> JsonText[Rows[ReplyRead]]:
    """What people answered, the latest first; `open=true` are those that wait for a person."""
    return JsonText(await replies.list_replies(filters).fetch(reader))


@router.post("/replies/{reply_id}/handle")
def handle_reply(
    db: Db, actor: CurrentActor, reply_id: Annotated[RecordId, Path()], data: Handling
) -> Done[ReplyRead]:
    """Takes a reply off the list of those that wait."""
    handled = replies.handle_reply(db, reply_id, data, actor=actor)
    return Done(message="Reply dealt with", data=handled)
