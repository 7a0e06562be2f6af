"""The words of the data-subject desk."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import Passage, Reason

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
