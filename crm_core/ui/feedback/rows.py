"""Feedback as rows of tables."""

from collections.abc import Mapping

from crm_core.feedback.schemas import FeedbackStatus, FeedbackType, Priority, QueueRow
from crm_core.ui import tables
from crm_core.ui.feedback import words

QUEUE = {
    "Feedback": tables.text(width=100),
    "Clock": tables.text(width=165),
    "State": tables.state([*FeedbackStatus, "overdue", "escalated"], width=245),
    "Priority": tables.state(list(Priority), width=85),
    "From": tables.text(width=130),
    "What": tables.text(width=330),
    "Stars": tables.text(width=80),
    "With": tables.text(width=120),
    "Hospital": tables.text(width=150),
    "Kind": tables.state(list(FeedbackType), width=130),
    "Came in": tables.at(width=145),
}
LIST = {
    "Feedback": tables.text(width=100),
    "Came in": tables.at(width=145),
    "Kind": tables.state(list(FeedbackType), width=130),
    "State": tables.state([*FeedbackStatus, "overdue", "escalated"], width=245),
    "Priority": tables.state(list(Priority), width=85),
    "Stars": tables.text(width=80),
    "From": tables.text(width=130),
    "What": tables.text(width=330),
    "Category": tables.text(width=120),
    "Hospital": tables.text(width=150),
    "Department": tables.text(width=130),
    "With": tables.text(width=120),
}


def row(piece: QueueRow) -> dict[str, object]:
    """One piece in a list."""
    return {
        "Feedback": piece.feedback_code,
        "Clock": words.clock(piece),
        "State": states(piece),
        "Priority": piece.priority.value,
        "From": f"{piece.source_name} ({piece.source_type.value})",
        "What": what(piece),
        "Stars": words.stars(piece.rating),
        "With": piece.assigned_name or "",
        "Hospital": piece.hospital_name or "",
        "Department": piece.department_name or "",
        "Category": piece.category or "",
        "Kind": piece.type.value,
        "Came in": piece.created_at,
    }


def states(piece: QueueRow) -> list[str]:
    """Where it stands, and what is wrong with that."""
    late = ["overdue"] if piece.overdue else []
    return [*late, piece.status.value, *(["escalated"] if piece.escalated_at else [])]


def what(piece: QueueRow) -> str:
    """The subject and the beginning of what was said, on one line."""
    said = " ".join(piece.excerpt.split())
    return f"{piece.subject}: {said}" if piece.subject and said else piece.subject or said


def opens(feedback_id: int) -> Mapping[str, str | None]:
    """Parameters that show one piece; the tab and the filters behind it stay."""
    return {"feedback": str(feedback_id), "do": None}
