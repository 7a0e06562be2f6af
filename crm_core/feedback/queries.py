"""Reads of feedback: lists, threads, links, figures of the queue."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Text, bindparam, case, cast, func, or_, select, true
from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.base.read import Read
from crm_core.feedback.givers import given_by
from crm_core.feedback.lists import FEEDBACK, IS_OVERDUE, OPEN_ONES, QUEUE
from crm_core.feedback.models import Feedback, FeedbackEntry, FeedbackInvitation
from crm_core.feedback.schemas import (
    EntryRead,
    FeedbackFilter,
    FeedbackRead,
    InvitationRead,
    QueueRow,
)
from crm_core.hospitals.models import Hospital
from crm_core.messaging.models import Communication
from crm_core.people.models import Staff


def list_feedback(filters: FeedbackFilter) -> Read[FeedbackRead]:
    """Feedback, the most critical first and the newest first within that."""
    return FEEDBACK.read(filters)


def list_queue(filters: FeedbackFilter) -> Read[QueueRow]:
    """The same with the beginning of what was said: for lists that people work through."""
    return QUEUE.read(filters)


def get_feedback(session: Session, feedback_id: int) -> FeedbackRead:
    """One piece; ``NotFound`` where there is none."""
    return FEEDBACK.one(session, feedback_id)


def thread_of(session: Session, feedback_id: int, *, limit: int = 500) -> list[EntryRead]:
    """What was said and done, the oldest first, with the threads of what was merged into it."""
    family = select(Feedback.id).where(
        or_(Feedback.id == feedback_id, Feedback.merged_into_id == feedback_id)
    )
    latest = (
        select(FeedbackEntry.id)
        .where(FeedbackEntry.feedback_id.in_(family))
        .order_by(FeedbackEntry.id.desc())
        .limit(limit)
    )
    found = session.execute(_ENTRIES.where(FeedbackEntry.id.in_(latest)))
    return [EntryRead.model_validate(dict(row)) for row in found.mappings()]


def merged_into(session: Session, feedback_id: int) -> list[FeedbackRead]:
    """The pieces that were merged into this one, the oldest first."""
    ids = session.scalars(
        select(Feedback.id).where(Feedback.merged_into_id == feedback_id).limit(100)
    )
    return FEEDBACK.some(session, list(ids))


def possible_duplicates(session: Session, piece: FeedbackRead) -> list[QueueRow]:
    """Open pieces of the same giver, the newest first: what might be merged."""
    giver = given_by(piece.source_type, piece.source_id)
    ids = session.scalars(
        select(Feedback.id)
        .where(giver, Feedback.id != piece.id, OPEN_ONES)
        .order_by(Feedback.created_at.desc(), Feedback.id.desc())
        .limit(20)
    )
    return sorted(QUEUE.some(session, list(ids)), key=lambda row: row.created_at, reverse=True)


def get_invitation(session: Session, invitation_id: int) -> InvitationRead:
    """What a link asks for; ``NotFound`` where it is not there any more."""
    found = session.execute(_INVITATION, {"id": invitation_id}).mappings().first()
    if found is None:
        raise NotFound("This link is not known any more.")
    return InvitationRead.model_validate(dict(found))


def next_in_queue(session: Session, filters: FeedbackFilter, *, after: int) -> int | None:
    """The first case of the queue but this one: where “resolve and next” leads."""
    page = list_queue(filters.model_copy(update={"page": 1, "limit": 2, "cursor": None}))
    return next((row.id for row in page.page(session).rows if row.id != after), None)


def categories(session: Session) -> list[str]:
    """Words that were used as a category lately, the most frequent first."""
    latest = (
        select(Feedback.category)
        .where(Feedback.category.is_not(None))
        .order_by(Feedback.created_at.desc(), Feedback.id.desc())
        .limit(1000)
        .subquery()
    )
    found = session.execute(
        select(latest.c.category).group_by(latest.c.category).order_by(func.count().desc())
    )
    return [category for (category,) in found][:50]


def open_counts(
    session: Session, staff_id: int | None, *, hospital_id: int | None = None
) -> Mapping[str, int]:
    """Over the queue: ``open``, ``overdue``, ``mine``, ``unassigned``, ``escalated``."""
    of = true() if hospital_id is None else Feedback.hospital_id == hospital_id
    row = session.execute(_COUNTS.where(of), {"staff_id": staff_id}).mappings().one()
    return dict(row)


def names_of_staff(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Id → name, for lines that only keep the id."""
    found = session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    return {row.id: row.name for row in found}


_ENTRIES = (
    select(
        FeedbackEntry.id,
        FeedbackEntry.feedback_id,
        Feedback.feedback_code,
        FeedbackEntry.kind,
        FeedbackEntry.body,
        FeedbackEntry.old_value,
        FeedbackEntry.new_value,
        FeedbackEntry.channel,
        FeedbackEntry.communication_id,
        cast(Communication.status, Text).label("message_status"),
        FeedbackEntry.who,
        FeedbackEntry.who_name,
        FeedbackEntry.created_at,
    )
    .join(Feedback, Feedback.id == FeedbackEntry.feedback_id)
    .outerjoin(Communication, Communication.id == FeedbackEntry.communication_id)
    .order_by(FeedbackEntry.created_at, FeedbackEntry.id)
)
_INVITATION = (
    select(
        FeedbackInvitation.id,
        FeedbackInvitation.kind,
        case(
            (FeedbackInvitation.patient_id.is_not(None), "patient"),
            (FeedbackInvitation.owner_id.is_not(None), "owner"),
            else_="staff",
        ).label("source_type"),
        func.coalesce(
            FeedbackInvitation.patient_id, FeedbackInvitation.owner_id, FeedbackInvitation.staff_id
        ).label("source_id"),
        Hospital.name.label("hospital_name"),
        FeedbackInvitation.feedback_id,
        Feedback.feedback_code,
        FeedbackInvitation.expires_at,
        FeedbackInvitation.answered_at,
    )
    .outerjoin(Hospital, Hospital.id == FeedbackInvitation.hospital_id)
    .outerjoin(Feedback, Feedback.id == FeedbackInvitation.feedback_id)
    .where(FeedbackInvitation.id == bindparam("id"))
)
_COUNTS = select(
    func.count().label("open"),
    func.count().filter(IS_OVERDUE).label("overdue"),
    func.count()
    .filter(Feedback.assigned_to == bindparam("staff_id", type_=Feedback.id.type))
    .label("mine"),
    func.count().filter(Feedback.assigned_to.is_(None)).label("unassigned"),
    func.count().filter(Feedback.escalated_at.is_not(None)).label("escalated"),
).where(OPEN_ONES)
