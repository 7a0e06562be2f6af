"""Feedback: taking it in, working on it, what came of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.words import RecordId
from crm_core.feedback import lists, queries, service
from crm_core.feedback.figures import queries as figures
from crm_core.feedback.figures.schemas import FeedbackStats, StatsFilter
from crm_core.feedback.schemas import (
    EntryRead,
    FeedbackAssignment,
    FeedbackCreate,
    FeedbackFilter,
    FeedbackMerge,
    FeedbackNote,
    FeedbackRead,
    FeedbackReason,
    FeedbackReply,
    FeedbackUpdate,
    Invitation,
    Resolution,
    SuggestionOutcome,
)
from crm_core.messaging.schemas import CommunicationRead
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/feedback",
    tags=["Feedback"],
    route_class=Route,
    dependencies=[needs(Permission.FEEDBACK_READ)],
)
FeedbackId = Annotated[RecordId, Path()]


class Thread(BaseModel):
    """A piece with everything that was said and done, and what was merged into it."""

    feedback: FeedbackRead
    entries: list[EntryRead]
    merged: list[FeedbackRead]


@router.get("")
async def list_feedback(
    reader: ReaderDep, filters: Annotated[FeedbackFilter, Query()]
) -> JsonText[Rows[FeedbackRead]]:
    """Critical, high, medium, low; the newest first within each, or in the queue's order."""
    return JsonText(await queries.list_feedback(filters).fetch(reader))


@router.post("", status_code=201)
def create_feedback(db: Db, actor: CurrentActor, data: FeedbackCreate) -> Done[FeedbackRead]:
    """Takes feedback in; an acknowledgement is queued to whoever gave it."""
    piece = service.create_feedback(db, data, actor=actor)
    return Done(message="Feedback submitted successfully", data=piece)


@router.get("/stats")
def feedback_stats(db: ReadDb, filters: Annotated[StatsFilter, Query()]) -> Envelope[FeedbackStats]:
    """The queue, satisfaction and targets of the last months, of everything or one hospital."""
    return Envelope(data=figures.feedback_stats(db, filters))


@router.post("/invitations", status_code=201)
def invite(db: Db, actor: CurrentActor, data: Invitation) -> Done[CommunicationRead | None]:
    """Sends a link for stars; a visit that was asked about before gives nothing."""
    sent = service.invite(db, data, actor=actor)
    said = "A link was queued" if sent else "This visit was asked about before"
    return Done(message=said, data=sent)


@router.get("/{feedback_id}")
async def get_feedback(
    reader: ReaderDep, feedback_id: FeedbackId
) -> JsonText[Envelope[FeedbackRead]]:
    """One piece."""
    return JsonText(await lists.FEEDBACK.find(feedback_id).fetch(reader))


@router.get("/{feedback_id}/thread")
def feedback_thread(db: ReadDb, feedback_id: FeedbackId) -> Envelope[Thread]:
    """What was said and done, the oldest first."""
    thread = Thread(
        feedback=queries.get_feedback(db, feedback_id),
        entries=queries.thread_of(db, feedback_id),
        merged=queries.merged_into(db, feedback_id),
    )
    return Envelope(data=thread)


@router.put("/{feedback_id}")
def update_feedback(
    db: Db, actor: CurrentActor, feedback_id: FeedbackId, data: FeedbackUpdate
) -> Done[FeedbackRead]:
    """Corrects how it is filed; what was said stays as it was given."""
    piece = service.update_feedback(db, feedback_id, data, actor=actor)
    return Done(message="Feedback updated successfully", data=piece)


@router.post("/{feedback_id}/acknowledge")
def acknowledge_feedback(
    db: Db, actor: CurrentActor, feedback_id: FeedbackId
) -> Done[FeedbackRead]:
    """Somebody has read it."""
    piece = service.acknowledge_feedback(db, feedback_id, actor=actor)
    return Done(message="Feedback acknowledged", data=piece)


@router.post("/{feedback_id}/assign")
def assign_feedback(
    db: Db, actor: CurrentActor, feedback_id: FeedbackId, data: FeedbackAssignment
) -> Done[FeedbackRead]:
    """Gives it to a colleague."""
    piece = service.assign_feedback(db, feedback_id, data, actor=actor)
    return Done(message="Feedback assigned", data=piece)


@router.post("/{feedback_id}/start")
def start_feedback(db: Db, actor: CurrentActor, feedback_id: FeedbackId) -> Done[FeedbackRead]:
    """Work begins, or goes on after waiting."""
    piece = service.start_feedback(db, feedback_id, actor=actor)
    return Done(message="Work has begun", data=piece)


@router.post("/{feedback_id}/wait")
def wait_for_source(
    db: Db, actor: CurrentActor, feedback_id: FeedbackId, data: FeedbackReason
) -> Done[FeedbackRead]:
    """We wait for whoever gave it; the clock stands still."""
    piece = service.wait_for_source(db, feedback_id, data, actor=actor)
    return Done(message="The clock stands still", data=piece)


@router.post("/{feedback_id}/reply")
def reply_to_source(
    db: Db, actor: CurrentActor, feedback_id: FeedbackId, data: FeedbackReply
) -> Done[FeedbackRead]:
    """Answers by a message; channel `call` writes down a call."""
    piece = service.reply_to_source(db, feedback_id, data, actor=actor)
    return Done(message="Answer queued", data=piece)


@router.post("/{feedback_id}/note")
def note_feedback(
    db: Db, actor: CurrentActor, feedback_id: FeedbackId, data: FeedbackNote
) -> Done[FeedbackRead]:
    """A remark for colleagues."""
    piece = service.note_feedback(db, feedback_id, data, actor=actor)
    return Done(message="Note added", data=piece)


@router.post("/{feedback_id}/resolve")
def resolve_feedback(
    db: Db, actor: CurrentActor, feedback_id: FeedbackId, data: Resolution
) -> Done[FeedbackRead]:
    """Ends the work with a note that the giver is told."""
    piece = service.resolve_feedback(db, feedback_id, data, actor=actor)
    return Done(message="Feedback resolved", data=piece)


@router.post("/{feedback_id}/close")
def close_feedback(db: Db, actor: CurrentActor, feedback_id: FeedbackId) -> Done[FeedbackRead]:
    """Nothing more is expected."""
    piece = service.close_feedback(db, feedback_id, actor=actor)
    return Done(message="Feedback closed", data=piece)


@router.post("/{feedback_id}/reopen")
def reopen_feedback(
    db: Db, actor: CurrentActor, feedback_id: FeedbackId, data: FeedbackReason
) -> Done[FeedbackRead]:
    """It was not the end."""
    piece = service.reopen_feedback(db, feedback_id, data, actor=actor)
    return Done(message="Feedback reopened", data=piece)


@router.post("/{feedback_id}/merge")
def merge_feedback(
    db: Db, actor: CurrentActor, feedback_id: FeedbackId, data: FeedbackMerge
) -> Done[FeedbackRead]:
    """Takes a newer piece of the same giver into this one."""
    piece = service.merge_feedback(db, feedback_id, data, actor=actor)
    return Done(message="Feedback merged", data=piece)


@router.post("/{feedback_id}/suggestion")
def decide_suggestion(
    db: Db, actor: CurrentActor, feedback_id: FeedbackId, data: SuggestionOutcome
) -> Done[FeedbackRead]:
    """A suggestion is planned or done, and its giver is told."""
    piece = service.decide_suggestion(db, feedback_id, data, actor=actor)
    return Done(message=f"Suggestion marked as {data.state.value}", data=piece)
