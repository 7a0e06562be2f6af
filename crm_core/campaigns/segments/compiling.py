"""A segment as one parameterised statement over patients, the same for every door.

Every comparison is true or false and never unknown, so that a group of conditions means what it
says. What lies in other tables is joined once: an `IN` of millions would be looked through anew
for each patient where it does not fit into memory.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Text

from crm_core.appointments.models import Appointment
from crm_core.campaigns.models import Campaign, CampaignRecipient, CampaignRun
from crm_core.campaigns.segments.schemas import Condition, Group, Match, Operator, SegmentField
from crm_core.loyalty.models import LoyaltyAccount, LoyaltyLot
from crm_core.patients.models import Patient
from crm_core.patients.queries import UNMERGED

IN_CARE: ColumnElement[bool] = and_(UNMERGED, Patient.status == "active")
"""Nobody else is ever written to by a campaign: not the dead, nor those who left care."""


@dataclass
class Sources:
    """The day that it is, and the tables that the conditions so far asked for."""

    today: date
    joined: dict[object, tuple[FromClause, ColumnElement[bool]]] = field(default_factory=dict)

    def accounts(self) -> Any:
        """The patient's loyalty account; everybody has one."""
        self.joined.setdefault(
            "accounts", (LoyaltyAccount.__table__, LoyaltyAccount.id == Patient.id)
        )
        return LoyaltyAccount

    def sums(self, about: object, grouped: Select[int, int]) -> ColumnElement[int]:
        """The number that a grouped statement gives of a patient, 0 where it gives none.

        Args:
            about: conditions that say the same share one join.
        """
        if about not in self.joined:
            sums: Subquery = grouped.subquery(f"sums_{len(self.joined)}")
            self.joined[about] = (sums, sums.c[0] == Patient.id)
        return func.coalesce(self.joined[about][0].c[1], 0)

    def from_patients(self) -> FromClause:
        """Patients, with everything that was asked for beside them."""
        tables: FromClause = Patient.__table__
        for table, own in self.joined.values():
            tables = tables.outerjoin(table, own)
        return tables


def segment_of(criteria: Group, today: date) -> Select[int]:
    """The ids of the patients in care who match; conditions bind their values.

    Args:
        today: the day in Lagos that ages and days are counted from.
    """
    sources = Sources(today)
    condition = condition_of(criteria, sources)
    return select(Patient.id).select_from(sources.from_patients()).where(IN_CARE, condition)


def condition_of(part: Group | Condition, sources: Sources) -> ColumnElement[bool]:
    """What a condition or a group says, with its tables noted in ``sources``."""
    if isinstance(part, Condition):
        compare = _COMPARISONS[SegmentField(part.field)]
        return compare(Operator(part.operator), part.given(), sources)
    inner = [condition_of(one, sources) for one in part.conditions]
    if not inner:
        return true()
    return and_(*inner) if part.match is Match.ALL else or_(*inner)


def _number(column: Any, operator: Operator, value: Any) -> ColumnElement[bool]:
    if operator is Operator.AT_LEAST:
        return column >= value  # type: ignore[no-any-return] # the column is of any kind
    if operator is Operator.AT_MOST:
        return column <= value  # type: ignore[no-any-return] # as above
    return column.between(*value)  # type: ignore[no-any-return] # as above


def _choice(column: Any, operator: Operator, chosen: list[str]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column == func.any(literal(list(chosen), ARRAY(Text)))
    return found if operator is Operator.IS_ANY_OF else ~found


def _age(operator: Operator, value: Any, sources: Sources) -> ColumnElement[bool]:
    """By the day of birth: who is 50 or older was born 50 years ago or before."""
    lowest, highest = value if operator is Operator.BETWEEN else (value, value)
    old_enough = Patient.date_of_birth <= _years_before(sources.today, lowest)
    young_enough = Patient.date_of_birth > _years_before(sources.today, highest + 1)
    if operator is Operator.BETWEEN:
        return and_(old_enough, young_enough)
    return old_enough if operator is Operator.AT_LEAST else young_enough


def _years_before(day: date, years: int) -> date:
    """The latest birthday of those who are that old; 29 February counts from 1 March."""
    year = day.year - years
    if year < 1:
        return date.min
    leap_day = (day.month, day.day) == (2, 29)
    return date(year, 2, 28) if leap_day and not _is_leap(year) else day.replace(year=year)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _area(operator: Operator, value: list[str], _: Sources) -> ColumnElement[bool]:
    named = Patient.state + ": " + func.coalesce(Patient.lga, "")
    return _choice(named, operator, value)


def _hospital(operator: Operator, value: list[int], _: Sources) -> ColumnElement[bool]:
    chosen = func.any(literal(list(value), ARRAY(BigInteger)))
    found = func.coalesce(Patient.preferred_hospital_id == chosen, False)
    return found if operator is Operator.IS_ANY_OF else ~found


def _expiring(_: Operator, value: Any, sources: Sources) -> ColumnElement[bool]:
    last = sources.today + timedelta(days=value.days)
    points = (
        select(LoyaltyLot.patient_id, func.sum(LoyaltyLot.remaining).label("points"))
        .where(LoyaltyLot.remaining > 0, LoyaltyLot.expires_on.between(sources.today, last))
        .group_by(LoyaltyLot.patient_id)
    )
    found: ColumnElement[bool] = sources.sums(("expiring", value.days), points) >= value.points
    return found


def _last_visit(operator: Operator, value: Any, sources: Sources) -> ColumnElement[bool]:
    day = Patient.last_visit_date
    if operator is Operator.NEVER:
        return day.is_(None)
    if operator is Operator.WITHIN_DAYS:
        return func.coalesce(day >= sources.today - timedelta(days=value), False)
    if operator is Operator.LONGER_AGO_THAN_DAYS:
        return func.coalesce(day < sources.today - timedelta(days=value), False)
    return func.coalesce(day >= value if operator is Operator.ON_OR_AFTER else day <= value, False)


def _conditions(operator: Operator, value: list[str], _: Sources) -> ColumnElement[bool]:
    words = func.crm_lower_words(Patient.chronic_conditions)
    shared = and_(
        func.cardinality(Patient.chronic_conditions) > 0,
        words.op("&&", is_comparison=True)(literal(value, ARRAY(Text))),
    )
    return shared if operator is Operator.INCLUDES_ANY_OF else ~shared


def _consent(operator: Operator, value: list[str], _: Sources) -> ColumnElement[bool]:
    agreed = [
        Patient.communication_preferences.op("@>", is_comparison=True)(_agreement(one))
        for one in value
    ]
    if operator is Operator.INCLUDES_ALL_OF:
        return and_(*agreed)
    found = or_(*agreed)
    return found if operator is Operator.INCLUDES_ANY_OF else ~found


def _agreement(channel: str) -> ColumnElement[Any]:
    return cast(literal(json.dumps({str(channel): True}), Text), JSONB)


def _no_shows(operator: Operator, value: Any, sources: Sources) -> ColumnElement[bool]:
    missed = (
        select(Appointment.patient_id, func.count().label("missed"))
        .where(Appointment.status == "no_show")
        .group_by(Appointment.patient_id)
    )
    return _number(sources.sums("no shows", missed), operator, value)


def _booked(operator: Operator, value: date, sources: Sources) -> ColumnElement[bool]:
    booked = (
        select(Appointment.patient_id, func.count().label("booked"))
        .where(Appointment.booked_at >= func.crm_lagos_day(value, 0))
        .group_by(Appointment.patient_id)
    )
    found: ColumnElement[bool] = sources.sums(("booked", value), booked) > 0
    return found if operator is Operator.SINCE else ~found


def _campaign(operator: Operator, value: list[int], sources: Sources) -> ColumnElement[bool]:
    """Took part: was chosen for a message by any of these; the control group was not."""
    taken = CampaignRecipient.c
    named = func.any(literal(list(value), ARRAY(BigInteger)))
    chosen = (
        select(taken.person_id, func.count().label("runs"))
        .join_from(CampaignRun, CampaignRecipient, taken.run_id == CampaignRun.id)
        .join(Campaign, Campaign.id == CampaignRun.campaign_id)
        .where(
            CampaignRun.campaign_id == named,
            taken.outcome == "queued",
            Campaign.target_audience != "all_owners",
        )
        .group_by(taken.person_id)
    )
    found: ColumnElement[bool] = sources.sums(("campaigns", *value), chosen) > 0
    return found if operator is Operator.TOOK_PART else ~found


Compare = Callable[[Operator, Any, Sources], ColumnElement[bool]]

_COMPARISONS: dict[SegmentField, Compare] = {
    SegmentField.AGE: _age,
    SegmentField.SEX: lambda operator, value, _: _choice(Patient.gender, operator, value),
    SegmentField.STATE: lambda operator, value, _: _choice(Patient.state, operator, value),
    SegmentField.LGA: _area,
    SegmentField.HOSPITAL: _hospital,
    SegmentField.TIER: lambda operator, value, on: _choice(on.accounts().tier, operator, value),
    SegmentField.POINTS: lambda operator, value, on: _number(
        on.accounts().balance, operator, value
    ),
    SegmentField.POINTS_EXPIRING: _expiring,
    SegmentField.LAST_VISIT: _last_visit,
    SegmentField.VISITS: lambda operator, value, _: _number(Patient.visit_count, operator, value),
    SegmentField.NO_SHOWS: _no_shows,
    SegmentField.BOOKED: _booked,
    SegmentField.CONDITIONS: _conditions,
    SegmentField.CONSENT: _consent,
    SegmentField.CAMPAIGN: _campaign,
}
