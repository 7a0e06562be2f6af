"""What every command on feedback shares: locking, steps, clocks, the thread, telling people."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, NotFound
from crm_core.feedback import clocks, givers
from crm_core.feedback.models import Feedback, FeedbackEntry, FeedbackStop
from crm_core.feedback.schemas import EntryKind, FeedbackStatus, SourceType, StopKind
from crm_core.messaging import service as messaging
from crm_core.messaging.schemas import (
    Channel,
    CommunicationRead,
    Outgoing,
    Purpose,
    RecipientType,
)
from crm_core.owners import service as owners
from crm_core.owners.schemas import OwnerRatingCreate
from crm_core.people.schemas import Actor

REFERENCE = "feedback"
"""How messages name the piece they are about."""


@dataclass(frozen=True)
class Line:
    """A line of the thread, about to be written."""

    kind: EntryKind
    body: str = ""
    old: str | None = None
    new: str | None = None
    message: CommunicationRead | None = None
    channel: Channel | None = None


def lock_cases(session: Session, ids: Sequence[int]) -> dict[int, Feedback]:
    """The pieces as they are now, locked in one order, by id."""
    found = session.scalars(
        select(Feedback)
        .where(Feedback.id.in_(ids))
        .order_by(Feedback.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {case.id: case for case in found}


def lock_case(session: Session, feedback_id: int) -> Feedback:
    """The piece as it is, locked until the transaction ends; ``NotFound`` where there is none."""
    found = lock_cases(session, [feedback_id]).get(feedback_id)
    if found is None:
        raise NotFound("Feedback not found")
    return found


def lock_surviving(session: Session, feedback_id: int) -> Feedback | None:
    """The piece, or the one that it was merged into, locked; None where there is none.

    The piece itself is not locked on the way: whoever merges locks from the older to the newer.
    """
    into = func.coalesce(Feedback.merged_into_id, Feedback.id, type_=Feedback.id.type)
    wanted = session.scalar(select(into).where(Feedback.id == feedback_id))
    case = None if wanted is None else lock_case(session, wanted)
    while case is not None and case.merged_into_id is not None:
        case = lock_case(session, case.merged_into_id)
    return case


def move(
    session: Session, case: Feedback, wanted: FeedbackStatus, line: Line, actor: Actor
) -> None:
    """Takes a step that the rules know, and tells it in the thread.

    Raises:
        Conflict: the rules do not let the piece go there from where it is.
    """
    write(session, case.id, step(case, wanted, line), actor)


def step(case: Feedback, wanted: FeedbackStatus, line: Line) -> Line:
    """The same without the flush; gives what the thread is to tell."""
    old = FeedbackStatus(case.status)
    if not old.can_become(wanted):
        raise Conflict(f"{case.feedback_code} is {_said(old)}: it cannot become {_said(wanted)}.")
    case.status = wanted.value
    return Line(line.kind, line.body, old.value, wanted.value, line.message)


def write(session: Session, feedback_id: int, line: Line, actor: Actor) -> None:
    """Adds a line to the thread."""
    session.add(entry(feedback_id, line, actor))
    with refusing():
        session.flush()


def entry(feedback_id: int, line: Line, actor: Actor) -> FeedbackEntry:
    """A line of the thread that is not added yet."""
    message = line.message
    channel = message.channel if message else line.channel
    return FeedbackEntry(
        feedback_id=feedback_id,
        kind=line.kind.value,
        body=line.body,
        old_value=line.old,
        new_value=line.new,
        channel=channel.value if channel else None,
        communication_id=message.id if message else None,
        who=actor.key,
        who_name=actor.name,
    )


def refresh_clock(session: Session, case: Feedback, *, now: datetime | None = None) -> None:
    """Works out anew when an open case is due."""
    session.flush()
    clocks.set_clocks(session, [case], clocks.read_basis(session), now or utc_now())
    with refusing():
        session.flush()


def stop_clock(session: Session, case: Feedback, kind: StopKind, now: datetime) -> None:
    """The clock stands still from now on; an earlier stop that is still open ends here."""
    resume_clock(session, case, now)
    session.add(FeedbackStop(feedback_id=case.id, kind=kind.value, stopped_at=now))
    session.flush()


def resume_clock(session: Session, case: Feedback, now: datetime) -> None:
    """The clock goes on."""
    session.execute(
        update(FeedbackStop)
        .where(FeedbackStop.feedback_id == case.id, FeedbackStop.resumed_at.is_(None))
        .values(resumed_at=now),
        execution_options={"synchronize_session": False},
    )


def tell_source(
    session: Session, case: Feedback, template: str, fields: dict[str, str], actor: Actor
) -> CommunicationRead:
    """A message from a template to whoever gave the piece, by the best way there is."""
    message = Outgoing(
        recipient_type=RecipientType(case.source_type),
        recipient_id=givers.giver_of(session, case),
        purpose=Purpose.FOLLOW_UP,
        message_type=template,
        template=template,
        fields={"code": case.feedback_code, **fields},
        reference_type=REFERENCE,
        reference_id=case.id,
    )
    return messaging.queue(session, message, actor=actor)


def count_owner_rating(session: Session, case: Feedback, stars: int, occasion: str) -> None:
    """Stars of an owner move the owner's score; those of others are only counted here."""
    if case.source_type == SourceType.OWNER:
        rating = OwnerRatingCreate(
            score=stars, source=rating_source(case.id, occasion), topic=case.category
        )
        owners.record_rating(session, case.source_id, rating)


def rating_source(feedback_id: int, occasion: str) -> str:
    """What the owners' ratings call this one."""
    return f"feedback-{feedback_id}-{occasion}"


def refusing() -> AbstractContextManager[None]:
    """What the database's own rules say, in words."""
    return refusing_violations(
        fk_crm_feedback_patient_id="There is no such patient.",
        fk_crm_feedback_owner_id="There is no such owner.",
        fk_crm_feedback_staff_id="There is no such colleague.",
        fk_crm_feedback_hospital_id="There is no such hospital.",
        fk_crm_feedback_department_id="There is no such department in this hospital.",
        ck_crm_feedback_place="Name the hospital of this department, too.",
        fk_crm_feedback_invitations_department_id="There is no such department in this hospital.",
        fk_crm_feedback_about_staff_id="There is no such colleague.",
        fk_crm_feedback_assigned_to="There is no such colleague.",
        fk_crm_feedback_invitations_patient_id="There is no such patient.",
        fk_crm_feedback_invitations_owner_id="There is no such owner.",
        fk_crm_feedback_invitations_staff_id="There is no such colleague.",
        fk_crm_feedback_invitations_hospital_id="There is no such hospital.",
        ck_crm_feedback_suggestion="Only a suggestion is planned or done.",
        feedback_transition="This is not possible in its present state.",
        feedback_fixed="Who said what and when never changes.",
    )


def _said(status: FeedbackStatus) -> str:
    return status.value.replace("_", " ")
