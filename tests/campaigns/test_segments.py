"""Segments: what is chosen is what the conditions say, and nothing else gets into the statement."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.errors import Forbidden
from crm_core.base.validation import problems_of
from crm_core.campaigns.segments.compiling import segment_of
from crm_core.campaigns.segments.counting import count_segment
from crm_core.campaigns.segments.schemas import FIELDS, Criteria, Operator, SegmentField
from crm_core.campaigns.segments.values import Kind
from crm_core.people.schemas import Role
from tests.campaigns.facts import ILLNESSES, make_crowd, matches, read_facts
from tests.make import make_actor
from tests.make_campaigns import DRAFTER, criteria, segment, where
from tests.make_patients import make_patient
from tests.observe import executed
from tests.patients.test_search import HOSTILE

TODAY = lagos_today()
NUMBERS = st.sampled_from([0, 1, 2, 18, 40, 50, 500, 1200])
DAYS = st.integers(0, 120)
_VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.NUMBER: NUMBERS,
    Kind.NUMBERS: st.tuples(NUMBERS, NUMBERS).map(sorted),
    Kind.DAYS: DAYS,
    Kind.DAY: DAYS.map(lambda days: (TODAY - timedelta(days=days)).isoformat()),
    Kind.NOTHING: st.none(),
    Kind.EXPIRING: st.fixed_dictionaries(
        {"days": DAYS, "points": st.sampled_from([1, 40, 41, 100, 140])}
    ),
    Kind.SEXES: st.lists(st.sampled_from(["male", "female", "other"]), min_size=1),
    Kind.STATES: st.lists(st.sampled_from(["Lagos", "Kano", "FCT", "Oyo"]), min_size=1),
    Kind.AREAS: st.lists(
        st.sampled_from(["Lagos: Ikeja", "lagos: eti osa", "Kano: Dala", "Oyo: Akinyele"]),
        min_size=1,
    ),
    Kind.TIERS: st.lists(st.sampled_from(["bronze", "silver", "gold"]), min_size=1),
    Kind.RECORDS: st.lists(st.integers(1, 3), min_size=1),
    Kind.WORDS: st.lists(st.sampled_from([*ILLNESSES, "DIABETES", "gout"]), min_size=1),
    Kind.CHANNELS: st.lists(st.sampled_from(["sms", "email", "whatsapp", "push"]), min_size=1),
}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """Any field by any of its operators."""
    field = draw(st.sampled_from(SegmentField))
    operator, kind = draw(st.sampled_from(sorted(FIELDS[field].operators.items())))
    return where(field.value, operator.value, draw(_VALUES[kind]))


GROUPS = st.recursive(
    st.builds(
        lambda match, parts: {"match": match, "conditions": parts},
        st.sampled_from(["all", "any"]),
        st.lists(conditions(), min_size=1, max_size=3),
    ),
    lambda inner: st.builds(
        lambda match, parts: {"match": match, "conditions": parts},
        st.sampled_from(["all", "any"]),
        st.lists(st.one_of(conditions(), inner), min_size=1, max_size=3),
    ),
    max_leaves=3,
)


def chosen(session: Session, given_criteria: Criteria) -> set[int]:
    return set(session.scalars(segment_of(given_criteria, TODAY)))


def refusal(*given_conditions: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Criteria.model_validate({"conditions": list(given_conditions)})
    return problems_of(caught.value)[0].message


def test_a_segment_is_whom_its_conditions_say(session: Session) -> None:
    make_crowd(session, 60)
    everybody = read_facts(session)
    assert len(everybody) == 58

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(GROUPS)
    def compare(drawn: dict[str, Any]) -> None:
        given_criteria = Criteria.model_validate(drawn)
        expected = {facts.id for facts in everybody if matches(given_criteria, facts, TODAY)}
        assert chosen(session, given_criteria) == expected

    compare()


@pytest.mark.parametrize("field", SegmentField)
def test_every_field_and_operator_means_what_it_says(session: Session, field: SegmentField) -> None:
    make_crowd(session, 30)
    everybody = read_facts(session)
    operators = st.sampled_from(sorted(FIELDS[field].operators.items()))
    any_condition = operators.flatmap(lambda pair: st.tuples(st.just(pair[0]), _VALUES[pair[1]]))

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(any_condition)
    def compare(drawn: tuple[Operator, Any]) -> None:
        given_criteria = criteria(where(field.value, drawn[0].value, drawn[1]))
        expected = {facts.id for facts in everybody if matches(given_criteria, facts, TODAY)}
        assert chosen(session, given_criteria) == expected

    compare()


def test_a_segment_is_one_statement_and_every_value_of_it_is_bound(session: Session) -> None:
    wanted = criteria(
        where("conditions", "includes_any_of", ["o'brien"]),
        where("campaign", "took_part", [77777]),
        where("points_expiring", "within_days", {"days": 54321 % 40_000, "points": 98765}),
    )
    with executed(session) as seen:
        chosen(session, wanted)

    (only,) = seen
    for value in ("o'brien", "77777", "98765"):
        assert value not in only.statement
        assert value in str(only.values)


@pytest.mark.parametrize("typed", HOSTILE)
def test_nothing_that_is_typed_becomes_a_part_of_the_statement(
    session: Session, typed: str
) -> None:
    make_patient(session, chronic_conditions=[typed[:100].strip() or "x"])
    try:
        wanted = criteria(where("conditions", "includes_any_of", [typed[:100]]))
    except ValidationError:
        return
    assert len(chosen(session, wanted)) == 1
    assert count_segment(session, wanted, actor=DRAFTER).count == 1
    assert session.execute(text("SELECT count(*) FROM crm_patients")).scalar() == 1


@pytest.mark.parametrize("typed", HOSTILE)
def test_no_name_that_is_typed_is_a_field_or_an_operator(typed: str) -> None:
    assert "there is no field" in refusal(where(typed, "at_least", 1)).lower()
    assert "is not compared by" in refusal(where("age", typed, 1))


def test_an_unknown_field_is_named_with_those_there_are() -> None:
    message = refusal(where("shoe_size", "at_least", 40))

    assert message.startswith("There is no field “shoe_size”")
    assert "age, sex, state" in message


def test_an_operator_of_another_field_is_named_with_those_of_this_one() -> None:
    message = refusal(where("age", "is_any_of", [1]))

    assert message == "Age is not compared by “is_any_of”: use at_least, at_most, between."


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (where("age", "at_least", "fifty"), "Age at_least: give a whole number."),
        (where("age", "at_least", True), "Age at_least: give a whole number."),
        (where("age", "between", [50, 40]), "Age between: give the lower number first."),
        (where("state", "is_any_of", ["Texas"]), "“Texas” is no state of Nigeria"),
        (where("lga", "is_any_of", ["Ikeja"]), "write an area with its state"),
        (where("lga", "is_any_of", ["Kano: Ikeja"]), "Ikeja is in Lagos, not in Kano"),
        (where("tier", "is_any_of", []), "Give at least 1."),
        (where("last_visit", "never", 3), "Last_visit never"),
        ({"field": "age", "operator": "at_least", "value": 1, "or": 1}, "no such field"),
    ],
)
def test_a_wrong_value_is_refused_in_words(condition: dict[str, Any], said: str) -> None:
    assert said.lower() in refusal(condition).lower()


def test_a_segment_stays_readable() -> None:
    deep = segment(where("age", "at_least", 1))
    for _ in range(4):
        deep = segment(deep)

    assert refusal(*deep["conditions"]).startswith("Groups lie at most 4 deep")
    assert "at most 50" in refusal(*[where("age", "at_least", 1)] * 51)


def test_who_may_not_read_health_may_not_choose_by_it(session: Session) -> None:
    wanted = criteria(segment(where("conditions", "includes_none_of", ["asthma"]), match="any"))

    with pytest.raises(Forbidden, match="by health"):
        count_segment(session, wanted, actor=make_actor(Role.VIEWER))
    assert count_segment(session, wanted, actor=make_actor(Role.ANALYST)).count == 0


def test_a_count_that_takes_too_long_becomes_an_estimate(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_crowd(session, 10)
    monkeypatch.setattr("crm_core.campaigns.segments.counting.PATIENCE", 1)
    monkeypatch.setattr(
        "crm_core.campaigns.segments.counting.segment_of",
        lambda wanted, today: segment_of(wanted, today).where(text("pg_sleep(0.2) IS NOT NULL")),
    )

    found = count_segment(session, criteria(where("age", "at_least", 18)), actor=DRAFTER)

    assert found.estimated
    assert found.count >= 0
    assert session.execute(text("SELECT 1")).scalar() == 1
