"""The words of the figures: satisfaction, recommendation, answers and resolutions in time."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, computed_field
from pydantic.alias_generators import to_camel

from crm_core.base.words import RecordId

Percent = Annotated[
    Decimal, PlainSerializer(lambda value: f"{value:.1f}", return_type=str, when_used="json")
]


class StatsFilter(BaseModel):
    """Of which months, the present one included, and of which hospital."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    months: Annotated[int, Field(ge=1, le=36)] = 12
    hospital_id: RecordId | None = None


class Figures(BaseModel):
    """Counts of some pieces, and what follows from them; None where nobody said anything.

    CSAT is the share of ratings of 4 and 5 stars; NPS the share of those who would recommend us
    (9 and 10) less the share of those who would not (0 to 6). Times are working minutes.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    pieces: int
    ratings: int
    stars: int
    satisfied: int
    unsatisfied: int
    nps_answers: int
    promoters: int
    detractors: int
    responded: int
    responded_late: int
    response_minutes: int
    resolved: int
    resolved_late: int
    resolution_minutes: int

    @computed_field  # type: ignore[prop-decorator] # pydantic documents it so; mypy does not know it
    @property
    def csat(self) -> Percent | None:
        """Satisfied of a hundred."""
        return _share(self.satisfied, self.ratings)

    @computed_field  # type: ignore[prop-decorator] # as above
    @property
    def nps(self) -> Percent | None:
        """From −100 to 100."""
        return _share(self.promoters - self.detractors, self.nps_answers)

    @computed_field  # type: ignore[prop-decorator] # as above
    @property
    def average_rating(self) -> Percent | None:
        """Stars out of five."""
        return Decimal(self.stars) / self.ratings if self.ratings else None

    @computed_field  # type: ignore[prop-decorator] # as above
    @property
    def answered_in_time(self) -> Percent | None:
        """Of a hundred that were answered."""
        return _share(self.responded - self.responded_late, self.responded)

    @computed_field  # type: ignore[prop-decorator] # as above
    @property
    def resolved_in_time(self) -> Percent | None:
        """Of a hundred that were resolved."""
        return _share(self.resolved - self.resolved_late, self.resolved)

    @property
    def response_hours(self) -> float | None:
        """Working hours until the first answer, on average."""
        return self.response_minutes / self.responded / 60 if self.responded else None

    @property
    def resolution_hours(self) -> float | None:
        """Working hours until the resolution, on average."""
        return self.resolution_minutes / self.resolved / 60 if self.resolved else None


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(part * 100) / whole if whole else None


class MonthFigures(Figures):
    """Of what was given in a month."""

    month: date


class PlaceFigures(Figures):
    """Of a hospital, a department or an owner's hospitals; id 0 is what names none."""

    id: int
    name: str


class TargetFigures(Figures):
    """Of one kind and priority."""

    type: str
    priority: str


class TopicMonth(BaseModel):
    """How often a category was spoken of in a month; an empty one is what names none."""

    model_config = ConfigDict(frozen=True)

    category: str
    month: date
    pieces: int


class FeedbackStats(BaseModel):
    """What the operations centre looks at first."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    open: int
    overdue: int
    unassigned: int
    escalated: int
    totals: Figures
    by_month: list[MonthFigures]
    by_hospital: list[PlaceFigures]
