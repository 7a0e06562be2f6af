"""The words of the data-subject desk."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import Flag, Passage, Reason

REPORT_WITHIN = timedelta(hours=72)
"""From knowing of a breach to telling the Commission (Nigeria Data Protection Act 2023, s. 40)."""

PatientCode = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=20)
]


class PackAsk(BaseModel):
    """Whose pack, and who asked for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient_code: PatientCode
    reason: Reason


class IncidentOpen(BaseModel):
    """A breach of data, from the instant that somebody here knew of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    known_at: AwareDatetime
    what: Passage


class IncidentReport(BaseModel):
    """That the Commission was told: under which number, or why it need not be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Reason


class IncidentRead(BaseModel):
    """A breach and its clock."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    known_at: Instant
    report_by: Instant
    what: str
    opened_by: str
    reported_at: Instant | None
    outcome: str | None

    def left(self, now: datetime) -> timedelta:
        """Time until it must be reported; negative once that is past."""
        return self.report_by - now


class IncidentFilter(PageRequest):
    """Breaches; ``open`` leaves out those that were reported."""

    open: bool | None = None


class ErasureState(StrEnum):
    """Where a request to be erased stands; what is approved is carried out at once."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DONE = "done"
    REFUSED = "refused"

    def can_become(self, other: "ErasureState") -> bool:
        """Whether the rules let a request go from here to there in one step."""
        return other in TRANSITIONS[self]


TRANSITIONS: dict[ErasureState, frozenset[ErasureState]] = {
    ErasureState.REQUESTED: frozenset({ErasureState.APPROVED, ErasureState.REFUSED}),
    ErasureState.APPROVED: frozenset({ErasureState.DONE}),
    ErasureState.DONE: frozenset(),
    ErasureState.REFUSED: frozenset(),
}


class AskedBy(StrEnum):
    """Who asked that a person be erased."""

    PATIENT = "patient"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"
    AUTHORITY = "authority"


class ErasureCreate(BaseModel):
    """Whose erasure was asked for, by whom and when, and how we know that it was them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient_code: PatientCode
    asked_by: AskedBy = AskedBy.PATIENT
    asked_on: date
    reason: Reason


class ErasureApproval(BaseModel):
    """The version that was looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int


class ErasureRefusal(ErasureApproval):
    """Why the person cannot be erased: they are told so."""

    refusal: Reason


class ErasureRead(BaseModel):
    """A request to be erased; ``counts`` has the rows that were emptied, by table."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    patient_id: int
    patient_code: str
    asked_by: AskedBy
    reason: str
    state: ErasureState
    asked_on: date
    due_on: date
    overdue: bool
    requested_by_name: str
    requested_at: Instant
    decided_by_name: str | None
    decided_at: Instant | None
    refusal: str | None
    done_at: Instant | None
    counts: dict[str, int] | None
    version: int


class ErasureFilter(PageRequest):
    """Requests to be erased, by state; ``overdue`` are those past their day."""

    state: ErasureState | None = None
    overdue: Flag | None = None


class HeldRows(BaseModel):
    """A table that holds something of the person: what of it goes and what stays.

    Attributes:
        kept: why a column stays → the columns.
    """

    model_config = ConfigDict(frozen=True)

    table: str
    rows: int
    erased: list[str]
    kept: dict[str, list[str]]


class ErasurePlan(BaseModel):
    """What an approval would do, and what has to end before."""

    model_config = ConfigDict(frozen=True)

    erasure: ErasureRead
    records: int
    blockers: list[str]
    held: list[HeldRows]


class ErasureProof(BaseModel):
    """What is kept outside of the database of an erasure, to do it again after a restore.

    ``registered_at`` tells the person from another one who got the same code after a restore.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    patient_code: PatientCode
    registered_at: Instant
    asked_by: AskedBy
    asked_on: date
    due_on: date
    requested_by: str
    requested_by_name: str
    decided_by: str
    decided_by_name: str
    done_at: Instant
