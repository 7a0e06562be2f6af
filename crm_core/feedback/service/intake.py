"""Feedback comes in: from staff, over the API, through a link."""

from typing import Any

from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.feedback import givers, lists, queries
from crm_core.feedback.alarm import alarm_words_in
from crm_core.feedback.models import Feedback
from crm_core.feedback.schemas import (
    EntryKind,
    EscalationReason,
    FeedbackCreate,
    FeedbackRead,
    FeedbackType,
    Priority,
    SourceType,
)
from crm_core.feedback.service import common, escalating
from crm_core.feedback.service.common import Line
from crm_core.hospitals.models import Department
from crm_core.messaging import service as messaging
from crm_core.messaging.schemas import NOBODY, Outgoing, Purpose, RecipientType
from crm_core.owners.models import Owner
from crm_core.patients.models import Patient
from crm_core.people.schemas import Actor, Permission

_COLUMNS = {
    SourceType.PATIENT: "patient_id",
    SourceType.OWNER: "owner_id",
    SourceType.STAFF: "staff_id",
}


def create_feedback(session: Session, data: FeedbackCreate, *, actor: Actor) -> FeedbackRead:
    """Keeps what somebody said, as written; the giver is told that it has arrived."""
    actor.require(Permission.FEEDBACK_WRITE)
    case = take_in(session, data.model_dump(exclude={"priority"}), data.priority, actor)
    return queries.get_feedback(session, case.id)


def take_in(
    session: Session, said: dict[str, Any], priority: Priority | None, actor: Actor
) -> Feedback:
    """A new case with its clock running; words of harm make it critical whatever was given."""
    source = SourceType(said.pop("source_type"))
    values = {name: value for name, value in said.items() if name != "source_id"}
    giver = givers.person(session, source, said["source_id"])
    values[_COLUMNS[source]] = giver
    if values.get("hospital_id") is None:
        values["hospital_id"] = _place(session, values.get("department_id")) or _home(
            session, source, giver
        )
    alarm = alarm_words_in(session, values.get("subject"), values["message"])
    wanted = Priority.CRITICAL if alarm else priority or Priority.MEDIUM
    case = Feedback(**values, priority=wanted.value, alarm_words=alarm, created_by=actor.key)
    session.add(case)
    with common.refusing():
        session.flush()
    session.refresh(case)
    common.refresh_clock(session, case, now=case.created_at)
    _announce(session, case, actor)
    return case


def praise(session: Session, case: Feedback, actor: Actor) -> None:
    """A compliment reaches the colleague it is about, once."""
    if case.type != FeedbackType.COMPLIMENT or case.about_staff_id is None:
        return
    excerpt = case.message[: lists.EXCERPT].strip()
    message = Outgoing(
        recipient_type=RecipientType.STAFF,
        recipient_id=case.about_staff_id,
        purpose=Purpose.FOLLOW_UP,
        message_type="feedback_compliment",
        template="feedback_compliment",
        fields={"code": case.feedback_code, "message": excerpt},
        reference_type=common.REFERENCE,
        reference_id=case.id,
        dedupe_key=f"feedback:{case.id}:praise:{case.about_staff_id}",
    )
    sent = messaging.queue(session, message, actor=actor)
    name = queries.names_of_staff(session, [case.about_staff_id]).get(case.about_staff_id)
    common.write(session, case.id, Line(EntryKind.TOLD, new=name, message=sent), actor)


def _announce(session: Session, case: Feedback, actor: Actor) -> None:
    """What a new case causes: an acknowledgement, praise, stars that count, an alarm."""
    sent = common.tell_source(session, case, "feedback_acknowledgement", {}, actor)
    if sent.reason in NOBODY:
        raise NotFound(f"{case.source_type.capitalize()} not found")
    common.write(session, case.id, Line(EntryKind.TOLD, message=sent), actor)
    praise(session, case, actor)
    if case.rating is not None:
        common.count_owner_rating(session, case, case.rating, "given")
    if case.alarm_words:
        escalating.escalate(session, case, EscalationReason.CRITICAL, "given", actor=actor)


def _place(session: Session, department_id: int | None) -> int | None:
    """The hospital of a department that was named without it."""
    department = session.get(Department, department_id) if department_id else None
    return department.hospital_id if department else None


def _home(session: Session, source: SourceType, source_id: int) -> int | None:
    """The hospital that the giver belongs to, where none was named."""
    if source is SourceType.PATIENT:
        patient = session.get(Patient, source_id)
        return patient.preferred_hospital_id if patient else None
    if source is SourceType.OWNER:
        owner = session.get(Owner, source_id)
        return owner.hospital_id if owner else None
    return None
