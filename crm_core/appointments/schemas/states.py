"""Where a visit stands, and the one table of its transitions."""

from enum import StrEnum


class AppointmentStatus(StrEnum):
    """Where a visit stands."""

    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"

    def can_become(self, other: "AppointmentStatus") -> bool:
        """Whether the rules let a visit go from here to there in one step."""
        return other in TRANSITIONS[self]


_S = AppointmentStatus

# Beside these, a visit that is moved to another time is scheduled again, and a supervisor may
# take the last step back on the day it was made.
TRANSITIONS: dict[AppointmentStatus, frozenset[AppointmentStatus]] = {
    _S.SCHEDULED: frozenset({_S.CONFIRMED, _S.ARRIVED, _S.CANCELLED, _S.NO_SHOW}),
    _S.CONFIRMED: frozenset({_S.ARRIVED, _S.CANCELLED, _S.NO_SHOW}),
    _S.ARRIVED: frozenset({_S.IN_PROGRESS, _S.CANCELLED}),
    _S.IN_PROGRESS: frozenset({_S.COMPLETED}),
    _S.COMPLETED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.NO_SHOW: frozenset(),
}
AHEAD = (_S.SCHEDULED, _S.CONFIRMED)
"""The patient is still expected: such a visit may be moved, reminded of and cancelled."""

FREE = (_S.CANCELLED, _S.NO_SHOW)
"""Such a visit leaves its time to others."""


class AppointmentType(StrEnum):
    """What kind of visit; each has a length and points of its own."""

    CONSULTATION = "consultation"
    FOLLOW_UP = "follow_up"
    PROCEDURE = "procedure"
    EMERGENCY = "emergency"
    TELEMEDICINE = "telemedicine"


class NoticeKind(StrEnum):
    """What a patient is told about a visit."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    EARLY = "early"
    DAY = "day"
    FINAL = "final"


REMINDERS = (NoticeKind.EARLY, NoticeKind.DAY, NoticeKind.FINAL)
"""From the earliest to the last before a visit."""


class NoticeOutcome(StrEnum):
    """Whether a notice went into the outbox, or why not."""

    QUEUED = "queued"
    SKIPPED = "skipped"


class Meaning(StrEnum):
    """What an answer says."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


class AnswerOutcome(StrEnum):
    """What came of an answer; ``to_a_person``: no rule could tell."""

    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    BOOKED = "booked"
    DECLINED = "declined"
    GONE = "gone"
    LATE = "late"
    TO_A_PERSON = "to_a_person"
    SETTLED = "settled"


class WaitlistStatus(StrEnum):
    """Whether somebody still waits."""

    WAITING = "waiting"
    BOOKED = "booked"
    LEFT = "left"


class OfferStatus(StrEnum):
    """What became of an offer; ``waiting``: it is not written yet."""

    WAITING = "waiting"
    OPEN = "open"
    TAKEN = "taken"
    GONE = "gone"
    DECLINED = "declined"
    EXPIRED = "expired"
    SKIPPED = "skipped"
