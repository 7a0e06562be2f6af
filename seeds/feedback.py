"""The sample feedback: a compliment, a complaint under way, a suggestion that nobody has read."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.feedback import service
from crm_core.feedback.schemas import FeedbackCreate
from crm_core.people.schemas import Actor
from seeds.files import read_entries

_STEPS = {"acknowledge": service.acknowledge_feedback, "start": service.start_feedback}


def load_feedback(session: Session, *, actor: Actor) -> None:
    """They came in just now, so that their clocks run."""
    for entry in read_entries("feedback.json"):
        piece = service.create_feedback(session, _given(session, entry), actor=actor)
        for step in entry["steps"]:
            _STEPS[step](session, piece.id, actor=actor)


def _given(session: Session, entry: dict[str, Any]) -> FeedbackCreate:
    kind, source_id = session.execute(_GIVER, {"code": entry["source"]}).one()
    given = {"source_type": kind, "source_id": source_id, **entry["given"]}
    return FeedbackCreate.model_validate(given)


_GIVER = text(
    "SELECT 'patient', id FROM crm_patients WHERE patient_code = :code"
    " UNION ALL SELECT 'owner', id FROM crm_owners WHERE owner_code = :code"
)
