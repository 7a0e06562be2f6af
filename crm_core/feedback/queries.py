"""Reads of feedback: the contract's list, the queue, threads, links."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.base.read import Listing, Order, Read
from crm_core.feedback.models import Feedback, FeedbackEntry, FeedbackInvitation
from crm_core.feedback.schemas import (
    EntryRead,
    FeedbackFilter,
    FeedbackRead,
    InvitationRead,
    QueueRow,
)
from crm_core.hospitals.models import Department, Hospital
from crm_core.messaging.models import Communication
from crm_core.owners.models import Owner
from crm_core.patients.models import Patient
from crm_core.people.models import Staff

EXCERPT = 200


def _named(name: ColumnElement[str], key: ColumnElement[bool]) -> ColumnElement[str]:
    """A name beside the piece, looked up after sorting: only for the rows of a page.

    As a join it would be looked up for everything that a filter leaves.
    """
    return select(name).where(key).correlate(Feedback).scalar_subquery()


_SOURCE_NAME = func.coalesce(
    _named(Patient.first_name + " " + Patient.last_name, Patient.id == Feedback.patient_id),
    _named(Owner.first_name + " " + Owner.last_name, Owner.id == Feedback.owner_id),
    _named(cast(Staff.name, Text), Staff.id == Feedback.staff_id),
    "",
    type_=Text,
)
_HOSPITAL = _named(cast(Hospital.name, Text), Hospital.id == Feedback.hospital_id)
_DEPARTMENT = _named(cast(Department.name, Text), Department.id == Feedback.department_id)
_ASSIGNEE = _named(cast(Staff.name, Text), Staff.id == Feedback.assigned_to)
# Written out, so that the planner sees the states of the queue's index.
_OPEN: ColumnElement[bool] = literal_column(
    "crm_feedback.status IN ('new', 'acknowledged', 'in_progress', 'waiting', 'reopened')", Boolean
)
_NEVER = cast(literal(datetime(9999, 1, 1, tzinfo=UTC)), DateTime(timezone=True))
_DUE = func.nullif(Feedback.due_at, _NEVER, type_=DateTime(timezone=True))
_OVERDUE = Feedback.due_at < func.now()
_MONTH = bindparam("month", type_=Date)


def _asked(name: str) -> ColumnElement[bool]:
    """The value of a filter that is asked for or left out."""
    return bindparam(name, type_=Boolean)


_FOUND = text("SELECT crm_feedback_found(:search_words) AS id")
_BAND = bindparam("band", type_=String)
_FILTERS: dict[str, ColumnElement[bool]] = {
    "status": Feedback.status == bindparam("status"),
    "type": Feedback.type == bindparam("type"),
    "priority": Feedback.severity
    == func.crm_feedback_severity(bindparam("priority", type_=String)),
    "open": and_(_OPEN, _asked("open")),
    "overdue": and_(_OPEN, _OVERDUE, _asked("overdue")),
    "escalated": and_(_OPEN, Feedback.escalated_at.is_not(None), _asked("escalated")),
    "unassigned": and_(Feedback.assigned_to.is_(None), _asked("unassigned")),
    "assigned_to": Feedback.assigned_to == bindparam("assigned_to"),
    "hospital_id": Feedback.hospital_id == bindparam("hospital_id"),
    "department_id": Feedback.department_id == bindparam("department_id"),
    "source_type": Feedback.source_type == bindparam("source_type"),
    "patient_id": Feedback.patient_id == bindparam("patient_id"),
    "owner_id": Feedback.owner_id == bindparam("owner_id"),
    "about_staff_id": Feedback.about_staff_id == bindparam("about_staff_id"),
    "category": func.lower(Feedback.category) == func.lower(bindparam("category", type_=String)),
    "month": and_(
        Feedback.created_at >= func.crm_lagos_month(_MONTH, literal_column("0")),
        Feedback.created_at < func.crm_lagos_month(_MONTH, literal_column("1")),
    ),
    "band": or_(
        and_(_BAND == "satisfied", Feedback.rating >= 4),
        and_(_BAND == "neutral", Feedback.rating == 3),
        and_(_BAND == "unsatisfied", Feedback.rating <= 2),
    ),
    "rated": and_(Feedback.rating.is_not(None), _asked("rated")),
    "late": case(
        (bindparam("late", type_=String) == "response", Feedback.response_late),
        else_=Feedback.resolution_late,
    ),
    "search_words": Feedback.id.in_(_FOUND.columns(Feedback.id)),
    "search_code": Feedback.feedback_code == func.upper(bindparam("search_code", type_=String)),
}
_ORDERS = {
    "priority": Order((Feedback.severity, Feedback.created_at, Feedback.id)),
    # What is overdue is due earliest: breached, due soonest, priority, age are one order.
    "due": Order(
        (Feedback.due_at, -Feedback.severity, Feedback.created_at, Feedback.id), descending=False
    ),
    "newest": Order((Feedback.created_at, Feedback.id)),
    "oldest": Order((Feedback.created_at, Feedback.id), descending=False),
}

FEEDBACK: Listing[FeedbackRead] = Listing(
    schema=FeedbackRead,
    statement=select(
        Feedback.id,
        Feedback.feedback_code,
        Feedback.source_type,
        Feedback.source_id,
        _SOURCE_NAME.label("source_name"),
        Feedback.hospital_id,
        _HOSPITAL.label("hospital_name"),
        Feedback.department_id,
        _DEPARTMENT.label("department_name"),
        Feedback.about_staff_id,
        Feedback.visit_id,
        Feedback.type,
        Feedback.category,
        Feedback.rating,
        Feedback.nps,
        Feedback.subject,
        Feedback.message,
        Feedback.status,
        Feedback.priority,
        Feedback.alarm_words,
        Feedback.assigned_to,
        _ASSIGNEE.label("assigned_name"),
        Feedback.resolution,
        Feedback.resolved_at,
        Feedback.satisfaction_rating,
        Feedback.suggestion_state,
        Feedback.responded_at,
        _DUE.label("due_at"),
        _OVERDUE.label("overdue"),
        Feedback.minutes_left,
        Feedback.response_minutes,
        Feedback.response_late,
        Feedback.resolution_minutes,
        Feedback.resolution_late,
        Feedback.reopenings,
        Feedback.escalated_at,
        Feedback.merged_into_id,
        Feedback.created_by,
        Feedback.version,
        Feedback.created_at,
        Feedback.updated_at,
    ),
    filters=_FILTERS,
    orders=_ORDERS,
    key=Feedback.id,
    noun="Feedback",
)

QUEUE: Listing[QueueRow] = Listing(
    schema=QueueRow,
    statement=select(
        Feedback.id,
        Feedback.feedback_code,
        Feedback.source_type,
        Feedback.source_id,
        _SOURCE_NAME.label("source_name"),
        Feedback.hospital_id,
        _HOSPITAL.label("hospital_name"),
        _DEPARTMENT.label("department_name"),
        Feedback.type,
        Feedback.category,
        Feedback.rating,
        Feedback.subject,
        func.left(Feedback.message, literal_column(str(EXCERPT)), type_=Text).label("excerpt"),
        Feedback.status,
        Feedback.priority,
        Feedback.assigned_to,
        _ASSIGNEE.label("assigned_name"),
        Feedback.satisfaction_rating,
        _DUE.label("due_at"),
        _OVERDUE.label("overdue"),
        and_(
            Feedback.responded_at.is_(None), Feedback.response_due_at <= Feedback.resolution_due_at
        ).label("answer_due"),
        Feedback.minutes_left,
        Feedback.reopenings,
        Feedback.escalated_at,
        Feedback.created_at,
    ),
    filters=_FILTERS,
    orders=_ORDERS,
    key=Feedback.id,
    noun="Feedback",
)


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
    column = {"patient": Feedback.patient_id, "owner": Feedback.owner_id}.get(
        piece.source_type, Feedback.staff_id
    )
    ids = session.scalars(
        select(Feedback.id)
        .where(column == piece.source_id, Feedback.id != piece.id, _OPEN)
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
    func.count().filter(_OVERDUE).label("overdue"),
    func.count()
    .filter(Feedback.assigned_to == bindparam("staff_id", type_=Feedback.id.type))
    .label("mine"),
    func.count().filter(Feedback.assigned_to.is_(None)).label("unassigned"),
    func.count().filter(Feedback.escalated_at.is_not(None)).label("escalated"),
).where(_OPEN)
