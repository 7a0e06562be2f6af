"""What owners tell us: surveys make the score and its trend; conversations are logged."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.base.errors import Forbidden, NotFound
from crm_core.base.parameters import change_parameter
from crm_core.owners import queries, service
from crm_core.owners.invariants import invariants
from crm_core.owners.schemas import ContactCreate, SurveyCreate
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_business import FINANCE, make_owner
from tests.observe import sql

VIEWER = make_actor(Role.VIEWER)


def survey(session: Session, owner_id: int, score: str, day: date | None = None) -> None:
    data = SurveyCreate(score=Decimal(score), surveyed_on=day or lagos_today())
    service.record_survey(session, owner_id, data, actor=FINANCE)


def score(session: Session, owner_id: int) -> Decimal | None:
    return queries.get_owner(session, owner_id).satisfaction_score


def contact(session: Session, owner_id: int, days_ago: int) -> date | None:
    day = lagos_today() - timedelta(days_ago)
    data = ContactCreate.model_validate(
        {"channel": "call", "summary": "Spoke about the roof", "contacted_on": day}
    )
    service.log_contact(session, owner_id, data, actor=VIEWER)
    return queries.get_owner(session, owner_id).last_contact_date


def a_year_ago(session: Session) -> date:
    found = sql(session, "SELECT (crm_lagos_today() - interval '12 months')::date").scalar()
    assert isinstance(found, date)
    return found


def test_the_score_is_the_mean_of_the_surveys(session: Session) -> None:
    owner = make_owner(session)
    for given in ("5", "4", "4"):
        survey(session, owner.id, given)
    assert score(session, owner.id) == Decimal("4.33")


def test_surveys_count_for_twelve_months_and_not_a_day_longer(session: Session) -> None:
    owner, edge = make_owner(session), a_year_ago(session)
    survey(session, owner.id, "1", edge)
    assert score(session, owner.id) is None
    survey(session, owner.id, "3", edge + timedelta(1))
    assert score(session, owner.id) == 3
    assert list(invariants(session)) == []


def test_how_long_surveys_count_is_a_setting(session: Session) -> None:
    owner = make_owner(session)
    survey(session, owner.id, "2", lagos_today() - timedelta(70))
    survey(session, owner.id, "4")
    change_parameter(session, "owners.satisfaction_months", Decimal(2))
    assert service.refresh_satisfaction(session) == 1
    assert score(session, owner.id) == 4


def test_the_nightly_refresh_drops_what_grew_old_and_touches_nobody_else(session: Session) -> None:
    owner, other = make_owner(session), make_owner(session)
    for one in (owner, other):
        survey(session, one.id, "2", lagos_today() - timedelta(30))
        survey(session, one.id, "4")
    sql(
        session,
        "UPDATE crm_owner_surveys SET surveyed_on = surveyed_on - 400"
        " WHERE owner_id = :id AND score = 2",
        id=owner.id,
    )
    assert service.refresh_satisfaction(session) == 1
    assert (score(session, owner.id), score(session, other.id)) == (Decimal(4), Decimal(3))


def test_an_owner_whose_last_survey_grew_old_has_no_score(session: Session) -> None:
    owner = make_owner(session)
    survey(session, owner.id, "4")
    sql(session, "UPDATE crm_owner_surveys SET surveyed_on = surveyed_on - 400")
    assert service.refresh_satisfaction(session) == 1
    assert score(session, owner.id) is None


def test_the_trend_keeps_one_point_a_day(session: Session) -> None:
    owner = make_owner(session)
    survey(session, owner.id, "2")
    survey(session, owner.id, "4")
    points = queries.score_history(session, owner.id, lagos_today() - timedelta(9))
    assert [(p.as_of, p.score) for p in points] == [(lagos_today(), Decimal(3))]


def test_a_survey_entered_late_belongs_to_its_own_day(session: Session) -> None:
    owner, before = make_owner(session), lagos_today() - timedelta(60)
    survey(session, owner.id, "5")
    survey(session, owner.id, "3", before)
    points = queries.score_history(session, owner.id, lagos_today() - timedelta(90))
    assert [(p.as_of, p.score) for p in points] == [
        (before, Decimal(3)),
        (lagos_today(), Decimal(4)),
    ]
    assert score(session, owner.id) == 4


def test_the_trend_over_all_owners_takes_each_as_it_stood(session: Session) -> None:
    first = month_start(lagos_today())
    months = [add_months(first, -2), add_months(first, -1), first]
    one, two = make_owner(session), make_owner(session)
    survey(session, one.id, "2", months[1])
    survey(session, two.id, "4", lagos_today())
    found = queries.satisfaction_by_month(session, months)
    assert [(p.as_of, p.score) for p in found] == [(months[1], Decimal(2)), (months[2], Decimal(3))]


def test_surveys_are_listed_newest_first_with_who_recorded_them(session: Session) -> None:
    owner = make_owner(session)
    survey(session, owner.id, "2", lagos_today() - timedelta(3))
    survey(session, owner.id, "4")
    found = queries.surveys_of(session, owner.id)
    assert [s.score for s in found] == [Decimal(4), Decimal(2)]
    assert {s.recorded_by for s in found} == {FINANCE.name}


@pytest.mark.parametrize(
    "wrong",
    [
        {"score": "0.99"},
        {"score": "5.01"},
        {"score": "4.005"},
        {"score": "four"},
        {"score": "NaN"},
        {"score": 4, "nps": 11},
    ],
)
def test_an_impossible_survey_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SurveyCreate.model_validate(wrong)


def test_a_survey_of_nobody_is_not_found_and_viewers_record_none(session: Session) -> None:
    with pytest.raises(NotFound):
        survey(session, 999_999, "4")
    owner, data = make_owner(session), SurveyCreate(score=Decimal(4))
    with pytest.raises(Forbidden):
        service.record_survey(session, owner.id, data, actor=VIEWER)


def test_the_last_contact_moves_forward_only(session: Session) -> None:
    owner = make_owner(session)
    assert contact(session, owner.id, 5) == lagos_today() - timedelta(5)
    assert contact(session, owner.id, 9) == lagos_today() - timedelta(5)
    assert contact(session, owner.id, 0) == lagos_today()
    days = [c.contacted_on for c in queries.contacts_of(session, owner.id)]
    assert days == [lagos_today(), lagos_today() - timedelta(5), lagos_today() - timedelta(9)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": "call", "summary": "   "},
        {"channel": "pigeon", "summary": "Spoke"},
        {"channel": "call", "summary": "Spoke\0"},
    ],
)
def test_an_impossible_conversation_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ContactCreate.model_validate(wrong)


def test_nothing_is_told_of_tomorrow() -> None:
    tomorrow = str(lagos_today() + timedelta(1))
    with pytest.raises(ValidationError):
        SurveyCreate.model_validate({"score": 4, "surveyed_on": tomorrow})
    told = {"channel": "call", "summary": "Spoke", "contacted_on": tomorrow}
    with pytest.raises(ValidationError):
        ContactCreate.model_validate(told)
