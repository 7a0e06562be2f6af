"""What is read of feedback: rows, filters, threads, links, settings."""

from datetime import date, time
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from crm_core.base.clock import DayOrMonth, Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import Flag, Line, RecordId, Search
from crm_core.feedback.schemas.states import (
    AlarmTopic,
    EntryKind,
    FeedbackStatus,
    FeedbackType,
    InvitationKind,
    Priority,
    SourceType,
    SuggestionState,
)


class FeedbackRead(BaseModel):
    """A piece of feedback: the contract's row, and what we add."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    feedback_code: str
    source_type: SourceType
    source_id: int
    source_name: str
    hospital_id: int | None
    hospital_name: str | None
    department_id: int | None
    department_name: str | None
    about_staff_id: int | None
    visit_id: int | None
    type: FeedbackType
    category: str | None
    rating: int | None
    nps: int | None
    subject: str | None
    message: str
    status: FeedbackStatus
    priority: Priority
    alarm_words: list[str]
    assigned_to: int | None
    assigned_name: str | None
    resolution: str | None
    resolved_at: Instant | None
    satisfaction_rating: int | None
    suggestion_state: SuggestionState | None
    responded_at: Instant | None
    due_at: Instant | None
    overdue: bool
    minutes_left: int | None
    response_minutes: int | None
    response_late: bool | None
    resolution_minutes: int | None
    resolution_late: bool | None
    reopenings: int
    escalated_at: Instant | None
    merged_into_id: int | None
    created_by: str
    version: int
    created_at: Instant
    updated_at: Instant


class QueueRow(BaseModel):
    """A line of the queue: enough to choose by, with the beginning of what was said.

    ``answer_due`` says that the time due is the one for an answer; ``minutes_left`` is given while
    the clock stands.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    feedback_code: str
    source_type: SourceType
    source_id: int
    source_name: str
    hospital_id: int | None
    hospital_name: str | None
    department_name: str | None
    type: FeedbackType
    category: str | None
    rating: int | None
    subject: str | None
    excerpt: str
    status: FeedbackStatus
    priority: Priority
    assigned_to: int | None
    assigned_name: str | None
    satisfaction_rating: int | None
    due_at: Instant | None
    overdue: bool
    answer_due: bool
    minutes_left: int | None
    reopenings: int
    escalated_at: Instant | None
    created_at: Instant


class FeedbackSort(StrEnum):
    """How feedback may be sorted; ``due`` is the order of the queue."""

    PRIORITY = "priority"
    DUE = "due"
    NEWEST = "newest"
    OLDEST = "oldest"


class Band(StrEnum):
    """Stars in three groups."""

    SATISFIED = "satisfied"
    NEUTRAL = "neutral"
    UNSATISFIED = "unsatisfied"


class Lateness(StrEnum):
    """What was answered or resolved after its time, and what within it."""

    RESPONSE = "response"
    RESOLUTION = "resolution"
    RESPONSE_IN_TIME = "response_in_time"
    RESOLUTION_IN_TIME = "resolution_in_time"


class Unnamed(StrEnum):
    """What a piece may say nothing of."""

    CATEGORY = "category"
    HOSPITAL = "hospital"
    DEPARTMENT = "department"


class FeedbackFilter(PageRequest):
    """Feedback by state, kind, urgency, place, giver, month, stars and words."""

    status: FeedbackStatus | None = None
    type: FeedbackType | None = None
    priority: Priority | None = None
    open: Flag | None = Field(None, description="`true` for what is to be worked on")
    overdue: Flag | None = Field(None, description="`true` for open ones past their time")
    escalated: Flag | None = Field(None, description="`true` for escalated open ones")
    unassigned: Flag | None = Field(None, description="`true` for those nobody has")
    assigned_to: RecordId | None = None
    hospital_id: RecordId | None = None
    state: Line | None = Field(None, description="About the hospitals in this state")
    department_id: RecordId | None = None
    source_type: SourceType | None = None
    patient_id: RecordId | None = Field(None, description="What this patient gave")
    owner_id: RecordId | None = Field(None, description="What this owner gave")
    about_staff_id: RecordId | None = Field(None, description="Compliments about this person")
    category: str | None = Field(None, max_length=200, description="In whatever case")
    month: DayOrMonth | None = Field(None, description="Any day of the month it was given in")
    since: DayOrMonth | None = Field(None, description="Any day of the first month it may be of")
    without: Unnamed | None = Field(None, description="What names no category or no such place")
    band: Band | None = Field(None, description="4 and 5 stars, 3, or 1 and 2")
    rated: Flag | None = Field(None, description="`true` for those with stars")
    scored: Flag | None = Field(None, description="`true` for those with a score of 0 to 10")
    late: Lateness | None = Field(None, description="What was done after its time, or within it")
    unmerged: Flag | None = Field(None, description="`true` leaves out what went into another")
    search: Search | None = Field(
        None,
        description="A number such as FDB-012, or words of subject and message; words that one"
        " piece in a hundred has are looked for among the newest 20,000",
    )
    sort: FeedbackSort = Field(FeedbackSort.PRIORITY, description="The most critical first")

    @property
    def search_code(self) -> str | None:
        """A piece's number."""
        return self.search if self.search and self.search.lower().startswith("fdb-") else None

    @property
    def search_words(self) -> str | None:
        """Words of what was said."""
        return None if self.search_code else self.search


class EntryRead(BaseModel):
    """One line of a thread; ``feedback_code`` is that of the piece it was written at."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    feedback_id: int
    feedback_code: str
    kind: EntryKind
    body: str
    old_value: str | None
    new_value: str | None
    channel: str | None
    communication_id: int | None
    message_status: str | None
    who: str
    who_name: str
    created_at: Instant


class InvitationRead(BaseModel):
    """A link as its page shows it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    kind: InvitationKind
    source_type: SourceType
    source_id: int
    hospital_name: str | None
    feedback_id: int | None
    feedback_code: str | None
    expires_at: Instant
    answered_at: Instant | None


class HoursRead(BaseModel):
    """Hours of a weekday (1 is Monday)."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    weekday: int
    opens: time | None
    closes: time | None


class HolidayRead(BaseModel):
    """A day that differs from the calendar of public holidays."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    day: date
    is_holiday: bool
    name: str


class DayOff(BaseModel):
    """A public holiday as it counts; ``estimated`` ones follow the moon and may still move."""

    model_config = ConfigDict(frozen=True)

    day: date
    name: str
    estimated: bool
    added: bool


class AlarmWordRead(BaseModel):
    """A word that makes a piece critical."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    word: str
    topic: AlarmTopic


class TargetRead(BaseModel):
    """Working hours until an answer, and until it is resolved."""

    model_config = ConfigDict(frozen=True)

    type: FeedbackType
    priority: Priority
    response_hours: float
    resolution_hours: float
