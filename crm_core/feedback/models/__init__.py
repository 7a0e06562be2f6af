"""The tables of feedback: cases, threads, stops of clocks, escalations, links, settings."""

from crm_core.feedback.models.cases import (
    Feedback,
)
from crm_core.feedback.models.settings import (
    AlarmWord,
    HolidayChange,
    WorkingHours,
)
from crm_core.feedback.models.sums import (
    MEASURES,
    FeedbackSumChanges,
    FeedbackSums,
    FeedbackTransition,
)
from crm_core.feedback.models.threads import (
    FeedbackEntry,
    FeedbackEscalation,
    FeedbackInvitation,
    FeedbackStop,
)

__all__ = [
    "MEASURES",
    "AlarmWord",
    "Feedback",
    "FeedbackEntry",
    "FeedbackEscalation",
    "FeedbackInvitation",
    "FeedbackStop",
    "FeedbackSumChanges",
    "FeedbackSums",
    "FeedbackTransition",
    "HolidayChange",
    "WorkingHours",
]
