"""Where a piece of feedback stands, and the one table of its transitions."""

from enum import StrEnum


class FeedbackStatus(StrEnum):
    """Where a piece stands. ``merged``: it is told on in the thread of another one."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"

    def can_become(self, other: "FeedbackStatus") -> bool:
        """Whether the rules let a piece go from here to there in one step."""
        return other in TRANSITIONS[self]


_S = FeedbackStatus

TRANSITIONS: dict[FeedbackStatus, frozenset[FeedbackStatus]] = {
    _S.NEW: frozenset({_S.ACKNOWLEDGED, _S.IN_PROGRESS, _S.RESOLVED, _S.MERGED}),
    _S.ACKNOWLEDGED: frozenset({_S.IN_PROGRESS, _S.RESOLVED, _S.MERGED}),
    _S.IN_PROGRESS: frozenset({_S.WAITING, _S.RESOLVED, _S.MERGED}),
    _S.WAITING: frozenset({_S.IN_PROGRESS, _S.RESOLVED, _S.MERGED}),
    _S.REOPENED: frozenset({_S.IN_PROGRESS, _S.RESOLVED, _S.MERGED}),
    _S.RESOLVED: frozenset({_S.CLOSED, _S.REOPENED}),
    _S.CLOSED: frozenset({_S.REOPENED}),
    _S.MERGED: frozenset(),
}

OPEN = (_S.NEW, _S.ACKNOWLEDGED, _S.IN_PROGRESS, _S.WAITING, _S.REOPENED)
"""States in which somebody still has to do something."""


class FeedbackType(StrEnum):
    """What is said."""

    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"
    COMPLIMENT = "compliment"
    SURVEY_RESPONSE = "survey_response"


class Priority(StrEnum):
    """How urgent it is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def severity(self) -> int:
        """From 1 to 4, as the database sorts them."""
        return list(Priority).index(self) + 1


class SourceType(StrEnum):
    """Who says it."""

    PATIENT = "patient"
    OWNER = "owner"
    STAFF = "staff"


class SuggestionState(StrEnum):
    """What became of a suggestion."""

    PLANNED = "planned"
    DONE = "done"


class StopKind(StrEnum):
    """Why a clock stands still."""

    WAITING = "waiting"
    RESOLVED = "resolved"


class EntryKind(StrEnum):
    """What a line of the thread tells."""

    ANSWER = "answer"
    INCOMING = "incoming"
    NOTE = "note"
    STATE = "state"
    ASSIGNED = "assigned"
    PRIORITY = "priority"
    CHANGED = "changed"
    RATED = "rated"
    MERGED = "merged"
    ESCALATED = "escalated"
    TOLD = "told"


class EscalationReason(StrEnum):
    """Why a case goes to the supervisors."""

    CRITICAL = "critical"
    LATE = "late"
    REOPENED = "reopened"


class InvitationKind(StrEnum):
    """What a link asks for."""

    VISIT = "visit"
    REQUEST = "request"
    RESOLUTION = "resolution"


class AlarmTopic(StrEnum):
    """What a word warns of."""

    HARM = "harm"
    BREACH = "breach"
