"""The operations centre's figures: whole, narrowed to a hospital, and at a like cost."""

import itertools
from datetime import timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from crm_core.base.clock import last_months
from crm_core.hospitals.where import Where
from crm_core.insights.morning.queries import operations, to_do
from crm_core.insights.morning.schemas import MorningFilter
from crm_core.owners import service as owners
from crm_core.owners.schemas import SurveyCreate
from crm_core.payouts.queries import payout_stats, payouts_now_and_before
from tests.make_appointments import begin_ago, make_visit
from tests.make_business import FINANCE, approve, make_hospital, make_owner, make_payout, pay
from tests.make_feedback import make_feedback
from tests.make_messages import make_sent
from tests.make_patients import make_patient
from tests.observe import executed, sql

ALL = MorningFilter()


def test_an_empty_house_has_figures_of_nothing(session: Session) -> None:
    now = operations(session, ALL)

    assert now.payouts.statuses == []
    assert len(now.satisfaction) == len(now.complaints) == len(now.liability) == 12
    assert (now.feedback.open, now.campaigns.running, now.delivery.sent) == (0, 0, 0)
    assert now.delivery.rate is None
    assert now.visits_by_hospital == []


def test_visits_of_today_are_the_last_day(session: Session) -> None:
    visit = make_visit(session)
    begin_ago(session, visit.id, minutes=0)

    now = operations(session, ALL)

    assert now.visits[-1].visits == 1
    assert [(row.key, row.total) for row in now.visits_by_hospital] == [(str(visit.hospital_id), 1)]


def test_days_without_visits_are_days_of_none(session: Session) -> None:
    now = operations(session, MorningFilter(days=90))

    assert len(now.visits) == 90
    days = [each.day for each in now.visits]
    assert all(later - day == timedelta(days=1) for day, later in itertools.pairwise(days))


def test_a_hospital_has_its_own_payouts_score_and_feedback(session: Session) -> None:
    here, elsewhere = make_hospital(session), make_hospital(session)
    owner = make_owner(session, hospital_id=here.id)
    other = make_owner(session, hospital_id=elsewhere.id)
    owners.record_survey(
        session, owner.id, SurveyCreate.model_validate({"score": 5}), actor=FINANCE
    )
    owners.record_survey(
        session, other.id, SurveyCreate.model_validate({"score": 2}), actor=FINANCE
    )
    make_feedback(session, type="complaint", hospital_id=here.id)
    make_feedback(session, type="complaint", hospital_id=elsewhere.id)

    now = operations(session, MorningFilter(hospital_id=here.id))

    assert now.satisfaction[-1].score == Decimal(5)
    assert operations(session, ALL).satisfaction[-1].score == Decimal("3.50")
    assert (now.feedback.complaints, now.complaints[-1].complaints) == (1, 1)


def test_payouts_of_all_hospitals_together_are_those_of_the_group(session: Session) -> None:
    owner = make_owner(session, hospital_id=make_hospital(session).id)
    make_payout(session, owner.id, "100000")
    approve(session, make_payout(session, owner.id, "40000", months_ago=3).id)
    pay(session, make_payout(session, owner.id, "250000", months_ago=4).id)
    hospital_id = sql(session, "SELECT DISTINCT hospital_id FROM crm_payouts").scalar_one()

    whole = payout_stats(session)
    of_hospital, _ = payouts_now_and_before(session, last_months(2), Where(hospital_id))

    by_state = {total.status: total for total in whole.statuses}
    assert {total.status: total for total in of_hospital.statuses} == by_state
    assert of_hospital.model_copy(update={"statuses": []}) == whole.model_copy(
        update={"statuses": []}
    )


def test_what_was_overdue_at_a_months_end_was_paid_later_or_still_is(session: Session) -> None:
    owner = make_owner(session)
    make_payout(session, owner.id, "1000", months_ago=4)
    pay(session, make_payout(session, owner.id, "250", months_ago=3).id)
    make_payout(session, owner.id, "30", months_ago=1)

    for where in (Where(), Where(sql(session, _A_HOSPITAL).scalars().first())):
        now, past = payouts_now_and_before(session, last_months(5), where)

        assert [each.made for each in past] == [1000, 250, 0, 30, 0]
        assert [each.overdue for each in past][:-1] == [0, 1000, 1250, 1250]
        assert past[-1].overdue == now.overdue_net
        assert [each.paid for each in past] == [0, 0, 0, 0, 250]


_A_HOSPITAL = """
    WITH made AS (INSERT INTO crm_hospitals (name, city, state) VALUES ('Here', 'Kano', 'Kano')
                  RETURNING id)
    UPDATE crm_payouts SET hospital_id = made.id FROM made RETURNING made.id
"""


def test_what_arrived_is_a_share_of_what_providers_took(session: Session) -> None:
    patient = make_patient(session)
    make_sent(session, patient.id, "a", status="delivered")
    make_sent(session, patient.id, "b", status="failed")

    now = operations(session, ALL).delivery

    assert (now.sent, now.delivered, now.rate) == (2, 1, Decimal("0.5000"))
    assert now.rate_before is None


def test_what_waits_is_counted_by_who_has_it(session: Session) -> None:
    piece = make_feedback(session)
    sql(session, "UPDATE crm_feedback SET response_due_at = now() - interval '1 hour'")
    make_sent(session, make_patient(session).id, "a", status="unknown")

    waits = to_do(session, None)

    assert piece.assigned_to is None
    assert (waits.overdue, waits.mine, waits.unknown_messages) == (1, 0, 1)


def test_the_centre_costs_the_same_queries_however_much_there_is(session: Session) -> None:
    with executed(session) as empty:
        operations(session, ALL)
    owner = make_owner(session)
    for months_ago in range(1, 7):
        make_payout(session, owner.id, months_ago=months_ago)
    make_visit(session)

    with executed(session) as full:
        operations(session, ALL)

    assert len(full) == len(empty)
