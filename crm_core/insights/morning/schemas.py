"""The words of the operations centre's figures."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from crm_core.base.money import NairaTotal
from crm_core.base.words import Line, RecordId
from crm_core.hospitals.where import Where
from crm_core.payouts.schemas import PayoutMonth, PayoutStats


class MorningFilter(BaseModel):
    """Of which hospitals, and over how many days visits and messages are counted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital_id: RecordId | None = Field(None, description="Narrows what is kept by hospital")
    state: Line | None = Field(None, description="Narrows it to the hospitals in this state")
    days: Annotated[int, Field(ge=7, le=90)] = 30

    @property
    def where(self) -> Where:
        """The hospitals that are asked for."""
        return Where(self.hospital_id, self.state)


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class ScoreMonth(_Figures):
    """Mean satisfaction of the owners at a month's end; None where nobody had been asked."""

    month: date
    score: Decimal | None


class VisitDay(_Figures):
    """Visits of a day, cancelled ones among them, and those of them that were missed."""

    day: date
    visits: int
    missed: int


class HospitalVisits(_Figures):
    """The same of a hospital, named by ``key``, its id."""

    key: str
    name: str
    total: int
    missed: int


class FeedbackNow(_Figures):
    """The queue at this moment."""

    open: int
    complaints: int
    overdue: int
    escalated: int


class ComplaintMonth(_Figures):
    """Complaints that came in a month, and how often a target was missed for what came in it."""

    month: date
    complaints: int
    late: int


class CampaignsNow(_Figures):
    """Campaigns that run, and how many began in each of twelve months, this one the last."""

    running: int
    began: int
    began_before: int
    began_by_month: list[int]


class SentDay(_Figures):
    """Messages that providers took on a day, and those of them that arrived."""

    day: date
    sent: int
    delivered: int


class Delivery(_Figures):
    """Messages of the last days, and of as many days before."""

    sent: int
    delivered: int
    rate: Decimal | None
    rate_before: Decimal | None
    by_day: list[SentDay]


class LiabilityMonth(_Figures):
    """What outstanding points were worth at a month's end, at what a point is worth now."""

    month: date
    liability: NairaTotal


class Operations(_Figures):
    """The operations centre in one answer.

    Campaigns, delivery and liability are of the whole group: they belong to no hospital.
    """

    hospital_id: int | None
    state: str | None
    days: int
    payouts: PayoutStats
    payouts_by_month: list[PayoutMonth]
    satisfaction: list[ScoreMonth]
    visits: list[VisitDay]
    visits_by_hospital: list[HospitalVisits]
    feedback: FeedbackNow
    complaints: list[ComplaintMonth]
    campaigns: CampaignsNow
    delivery: Delivery
    liability: list[LiabilityMonth]


class ToDo(BaseModel):
    """What waits for people of some role, over the whole group."""

    model_config = ConfigDict(frozen=True)

    campaigns: int
    escalated: int
    overdue: int
    mine: int
    unknown_messages: int
    answers: int
    expiring: int
