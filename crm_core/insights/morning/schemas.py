"""The words of the operations centre's figures."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from crm_core.appointments.schemas import AppointmentFigures
from crm_core.base.money import NairaTotal
from crm_core.base.words import RecordId
from crm_core.payouts.schemas import PayoutStats


class MorningFilter(BaseModel):
    """Of which hospital, and over how many days visits and messages are counted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hospital_id: RecordId | None = Field(None, description="Narrows what is kept by hospital")
    days: Annotated[int, Field(ge=7, le=90)] = 30


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
    """Campaigns that run, and how many began in this month and the one before."""

    running: int
    began: int
    began_before: int


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
    days: int
    payouts: PayoutStats
    satisfaction: list[ScoreMonth]
    visits: list[VisitDay]
    visits_by_hospital: list[AppointmentFigures]
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
