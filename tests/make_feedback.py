"""Feedback to arrange a test with, made by the services."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crm_core.feedback import service
from crm_core.feedback.schemas import (
    FeedbackCreate,
    FeedbackRead,
    FeedbackReply,
    Resolution,
)
from crm_core.people.models import Staff
from crm_core.people.schemas import Role
from tests.make import make_actor, make_staff
from tests.make_business import make_owner
from tests.make_patients import make_patient
from tests.observe import sql

VIEWER = make_actor(Role.VIEWER)
ADMIN = make_actor(Role.ADMIN)


def make_feedback(session: Session, **more: Any) -> FeedbackRead:
    """A complaint of a patient with a phone, unless something else is asked for."""
    if "source_id" not in more:
        kind = more.setdefault("source_type", "patient")
        more["source_id"] = _giver(session, kind)
    asked = {"type": "complaint", "message": "I waited for three hours."} | more
    data = FeedbackCreate.model_validate(asked)
    return service.create_feedback(session, data, actor=VIEWER)


def _giver(session: Session, kind: str) -> int:
    if kind == "owner":
        return make_owner(session).id
    return make_patient(session).id if kind == "patient" else make_staff(session).id


def worker(session: Session, *roles: Role) -> Staff:
    """An account that may work on feedback."""
    return make_staff(session, *(roles or (Role.VIEWER,)))


def resolve(session: Session, feedback_id: int, note: str = "We called back.") -> FeedbackRead:
    """Resolved with a note."""
    return service.resolve_feedback(session, feedback_id, Resolution(resolution=note), actor=VIEWER)


def answer(session: Session, feedback_id: int, content: str = "We are sorry.") -> FeedbackRead:
    """Answered by the best channel."""
    return service.reply_to_source(
        session, feedback_id, FeedbackReply(content=content), actor=VIEWER
    )


def feedback_since(session: Session, created_at: datetime, **columns: Any) -> int:
    """A piece that came in at an instant of the past, by plain SQL; gives its id."""
    values = {
        "patient_id": None if "owner_id" in columns else make_patient(session).id,
        "type": "complaint",
        "priority": "medium",
        "message": "I waited for three hours.",
        "created_by": "sql",
        "created_at": created_at,
        "response_from": created_at,
    } | columns
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    made = sql(
        session, f"INSERT INTO crm_feedback ({names}) VALUES ({marks}) RETURNING id", **values
    )
    return int(made.scalar())


def sent_about(session: Session, feedback_id: int) -> list[Any]:
    """The messages about a piece, oldest first."""
    return list(
        sql(
            session,
            "SELECT recipient_type, recipient_id, channel, message_type, content, status"
            " FROM crm_communication_logs WHERE reference_type = 'feedback'"
            " AND reference_id = :id ORDER BY id",
            id=feedback_id,
        ).mappings()
    )


def lagos(text: str) -> datetime:
    """``2026-11-02 09:00`` on a clock in Lagos."""
    return datetime.fromisoformat(f"{text}+01:00")
