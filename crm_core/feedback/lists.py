"""Lists of feedback: the contract's rows, and the lines of the queue, with their filters."""

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
    not_,
    or_,
    select,
    text,
)

from crm_core.base.read import Listing, Order
from crm_core.feedback.models import Feedback
from crm_core.feedback.schemas import FeedbackRead, QueueRow
from crm_core.hospitals.models import Department, Hospital
from crm_core.hospitals.where import in_state
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
OPEN_ONES: ColumnElement[bool] = literal_column(
    "crm_feedback.status IN ('new', 'acknowledged', 'in_progress', 'waiting', 'reopened')", Boolean
)
_NEVER = cast(literal(datetime(9999, 1, 1, tzinfo=UTC)), DateTime(timezone=True))
_DUE = func.nullif(Feedback.due_at, _NEVER, type_=DateTime(timezone=True))
IS_OVERDUE = Feedback.due_at < func.now()
_MONTH = bindparam("month", type_=Date)


def _asked(name: str) -> ColumnElement[bool]:
    """The value of a filter that is asked for or left out."""
    return bindparam(name, type_=Boolean)


_FOUND = text("SELECT crm_feedback_found(:search_words) AS id")
_SINCE = bindparam("since", type_=Date)
_WITHOUT = bindparam("without", type_=String)
_LATE = bindparam("late", type_=String)
_BAND = bindparam("band", type_=String)
_FILTERS: dict[str, ColumnElement[bool]] = {
    "status": Feedback.status == bindparam("status"),
    "type": Feedback.type == bindparam("type"),
    "priority": Feedback.severity
    == func.crm_feedback_severity(bindparam("priority", type_=String)),
    "open": and_(OPEN_ONES, _asked("open")),
    "overdue": and_(OPEN_ONES, IS_OVERDUE, _asked("overdue")),
    "escalated": and_(OPEN_ONES, Feedback.escalated_at.is_not(None), _asked("escalated")),
    "unassigned": and_(Feedback.assigned_to.is_(None), _asked("unassigned")),
    "assigned_to": Feedback.assigned_to == bindparam("assigned_to"),
    "hospital_id": Feedback.hospital_id == bindparam("hospital_id"),
    "state": in_state(Feedback.hospital_id),
    "department_id": Feedback.department_id == bindparam("department_id"),
    "source_type": Feedback.source_type == bindparam("source_type"),
    # What was said under a record that was merged into this one is this person's, too.
    "patient_id": Feedback.patient_id.in_(
        select(Patient.id).where(
            or_(
                Patient.id == bindparam("patient_id"),
                Patient.merged_into_id == bindparam("patient_id"),
            )
        )
    ),
    "owner_id": Feedback.owner_id == bindparam("owner_id"),
    "about_staff_id": Feedback.about_staff_id == bindparam("about_staff_id"),
    "category": func.lower(Feedback.category) == func.lower(bindparam("category", type_=String)),
    "month": and_(
        Feedback.created_at >= func.crm_lagos_month(_MONTH, literal_column("0")),
        Feedback.created_at < func.crm_lagos_month(_MONTH, literal_column("1")),
    ),
    "since": Feedback.created_at >= func.crm_lagos_month(_SINCE, literal_column("0")),
    # As the index has the words of a category.
    "without": or_(
        and_(_WITHOUT == "category", func.lower(Feedback.category).is_(None)),
        and_(_WITHOUT == "hospital", Feedback.hospital_id.is_(None)),
        and_(_WITHOUT == "department", Feedback.department_id.is_(None)),
    ),
    "band": or_(
        and_(_BAND == "satisfied", Feedback.rating >= 4),
        and_(_BAND == "neutral", Feedback.rating == 3),
        and_(_BAND == "unsatisfied", Feedback.rating <= 2),
    ),
    "rated": and_(Feedback.rating.is_not(None), _asked("rated")),
    "scored": and_(Feedback.nps.is_not(None), _asked("scored")),
    "late": case(
        (_LATE == "response", Feedback.response_late),
        (_LATE == "resolution", Feedback.resolution_late),
        (_LATE == "response_in_time", not_(Feedback.response_late)),
        else_=not_(Feedback.resolution_late),
    ),
    "unmerged": and_(Feedback.status != "merged", _asked("unmerged")),
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
        IS_OVERDUE.label("overdue"),
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
    unforeseen=frozenset({"state"}),
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
        IS_OVERDUE.label("overdue"),
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
    unforeseen=frozenset({"state"}),
)
