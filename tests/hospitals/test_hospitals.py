"""Hospitals, and what they take in: one figure a month, corrected in place."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Forbidden, Invalid, NotFound
from crm_core.hospitals import queries, service
from crm_core.hospitals.schemas import HospitalCreate, HospitalFilter, RevenueRecord
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_business import last_month, make_hospital, make_revenue
from tests.observe import executed, history_of, refused_by, sql
from tests.together import kinds, together

VIEWER = make_actor(Role.VIEWER)


def found(session: Session, **filters: object) -> list[int]:
    read = queries.list_hospitals(HospitalFilter.model_validate(filters))
    return [row.id for row in read.page(session).rows]


def test_a_hospital_gets_a_code_and_is_listed(session: Session) -> None:
    first, second = make_hospital(session), make_hospital(session)
    assert first.hospital_code.startswith("HOS-")
    with executed(session) as seen:
        assert found(session) == [second.id, first.id]
    assert len(seen) == 1


def test_hospitals_are_found_by_name_city_or_state(session: Session) -> None:
    wanted = make_hospital(session, "Ọlá Memorial")
    make_hospital(session, "Garki Clinic")
    assert found(session, search="ola mem") == [wanted.id]
    assert len(found(session, search="lekki lagos")) == 2
    assert found(session, search="'; --") == []


def test_a_choice_of_hospitals_is_by_name(session: Session) -> None:
    make_hospital(session, "Zenith Clinic")
    make_hospital(session, "Ajayi Clinic")
    names = [hospital.name for hospital in queries.all_hospitals(session)]
    assert names == ["Ajayi Clinic", "Zenith Clinic"]


def test_a_second_figure_for_the_month_corrects_the_first(session: Session) -> None:
    hospital, month = make_hospital(session), last_month()
    make_revenue(session, hospital.id, "100.50", month)
    make_revenue(session, hospital.id, "200", month + timedelta(20))
    [revenue] = queries.revenue_of(session, [hospital.id], month)
    assert (revenue.month, revenue.gross_revenue) == (month, Decimal(200))
    lines = history_of(session, "crm_hospital_revenue", revenue.id)
    assert [line["action"] for line in lines] == ["insert", "update"]


def test_figures_that_come_at_once_leave_one_row(own_database: str) -> None:
    with SessionFactory.begin() as session:
        hospital = make_hospital(session)

    def record(amount: str) -> str:
        with SessionFactory.begin() as session:
            make_revenue(session, hospital.id, amount, last_month())
            return amount

    outcomes = together([lambda: record("1"), lambda: record("2"), lambda: record("3")])
    assert kinds(outcomes) == ["str", "str", "str"]
    with SessionFactory() as session:
        assert len(queries.revenue_of(session, [hospital.id], last_month())) == 1


def test_revenue_is_given_oldest_first_from_a_month_on(session: Session) -> None:
    hospital, month = make_hospital(session), last_month()
    for back in (0, 2, 1):
        make_revenue(session, hospital.id, str(back), add_months(month, -back))
    since = add_months(month, -1)
    found = queries.revenue_of(session, [hospital.id], since)
    assert [r.month for r in found] == [since, month]


def test_a_month_that_has_not_begun_has_no_revenue() -> None:
    coming = add_months(month_start(lagos_today()), 1)
    with pytest.raises(ValidationError, match="has begun"):
        RevenueRecord(hospital_id=1, month=coming, gross_revenue=Decimal(1))


@pytest.mark.parametrize("amount", ["-1", "1.001", "10000000000000", "NaN", "many"])
def test_an_impossible_figure_is_refused(amount: str) -> None:
    with pytest.raises(ValidationError):
        RevenueRecord.model_validate(
            {"hospital_id": 1, "month": date(2026, 1, 1), "gross_revenue": amount}
        )


def test_an_unknown_hospital_is_refused_in_words(session: Session) -> None:
    with pytest.raises(Invalid, match="no such hospital"), session.begin_nested():
        make_revenue(session, 999_999, "1", last_month())
    with pytest.raises(NotFound):
        queries.get_hospital(session, 999_999)


def test_viewers_record_nothing(session: Session) -> None:
    with pytest.raises(Forbidden):
        data = HospitalCreate(name="A", city="B", state="C")
        service.create_hospital(session, data, actor=VIEWER)
    record = RevenueRecord(hospital_id=1, month=last_month(), gross_revenue=Decimal(1))
    with pytest.raises(Forbidden):
        service.record_revenue(session, record, actor=VIEWER)


def test_the_database_keeps_months_whole(session: Session) -> None:
    hospital = make_hospital(session)
    statement = (
        "INSERT INTO crm_hospital_revenue (hospital_id, month, gross_revenue)"
        " VALUES (:id, :month, :amount)"
    )
    with refused_by(session, "first_of_month"):
        sql(session, statement, id=hospital.id, month=date(2026, 1, 2), amount=1)
    with refused_by(session, "not_negative"):
        sql(session, statement, id=hospital.id, month=date(2026, 1, 1), amount=-1)
