"""What comes through a link: stars and perhaps words, once."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, NotFound
from crm_core.feedback import queries
from crm_core.feedback.models import Feedback, FeedbackInvitation
from crm_core.feedback.schemas import (
    FeedbackRead,
    FeedbackType,
    InvitationKind,
    LinkAnswer,
    Priority,
    SourceType,
)
from crm_core.feedback.service import answering, common, resolving
from crm_core.feedback.service.intake import take_in
from crm_core.people.schemas import Actor, Permission

FEW, MANY = 2, 4
"""Stars that make a complaint, and stars that with words make a compliment."""


def answer_invitation(
    session: Session, invitation_id: int, data: LinkAnswer, *, actor: Actor
) -> FeedbackRead:
    """Keeps what the holder of a link says.

    Raises:
        Conflict: the link was used, or its time is over.
    """
    actor.require(Permission.FEEDBACK_WRITE)
    invitation = _lock(session, invitation_id)
    invitation.answered_at = utc_now()
    if invitation.kind == InvitationKind.RESOLUTION:
        case = _case(session, invitation)
        resolving.take_rating(session, case, data.stars, data.comment, actor)
        answering.sound_alarm(session, case, data.comment, f"link:{invitation_id}", actor)
    else:
        case = take_in(session, _said(invitation, data), _priority(data.stars), actor)
        invitation.feedback_id = case.id
    session.flush()
    return queries.get_feedback(session, case.id)


def _lock(session: Session, invitation_id: int) -> FeedbackInvitation:
    invitation = session.scalars(
        select(FeedbackInvitation)
        .where(FeedbackInvitation.id == invitation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if invitation is None:
        raise NotFound("This link is not known any more.")
    if invitation.answered_at is not None:
        raise Conflict("You have answered already: thank you.")
    if invitation.expires_at < utc_now():
        raise Conflict("This link has expired: call the hospital, and we will help.")
    return invitation


def _case(session: Session, invitation: FeedbackInvitation) -> Feedback:
    """The case that a link asks about, or the one that it was merged into, locked."""
    asked = invitation.feedback_id
    case = None if asked is None else common.lock_surviving(session, asked)
    if case is None:
        raise NotFound("This link is not known any more.")
    return case


def _said(invitation: FeedbackInvitation, data: LinkAnswer) -> dict[str, Any]:
    giver = {
        SourceType.PATIENT: invitation.patient_id,
        SourceType.OWNER: invitation.owner_id,
        SourceType.STAFF: invitation.staff_id,
    }
    source = next(kind for kind, person in giver.items() if person is not None)
    return {
        "source_type": source,
        "source_id": giver[source],
        "hospital_id": invitation.hospital_id,
        "department_id": invitation.department_id,
        "visit_id": invitation.visit_id,
        "type": _type(data).value,
        "message": data.comment,
        "rating": data.stars,
        "nps": data.nps,
    }


def _type(data: LinkAnswer) -> FeedbackType:
    if data.stars <= FEW:
        return FeedbackType.COMPLAINT
    if data.stars >= MANY and data.comment.strip():
        return FeedbackType.COMPLIMENT
    return FeedbackType.SURVEY_RESPONSE


def _priority(stars: int) -> Priority:
    if stars <= FEW:
        return Priority.HIGH
    return Priority.LOW if stars >= MANY else Priority.MEDIUM
