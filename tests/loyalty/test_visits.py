"""Points of visits and of referrals, and visits that are undone."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Invalid
from crm_core.loyalty import service
from tests.loyalty.acts import (
    books,
    earn,
    explain,
    ledger,
    lots,
    merge,
    points,
    set_figure,
    set_tier,
    spend,
    tier,
    visit,
)
from tests.make_patients import make_patient
from tests.observe import executed, sql


@pytest.fixture(autouse=True)
def whole_books(session: Session) -> object:
    yield
    assert books(session) == []


def undo(session: Session, patient_id: int, visit_id: str) -> None:
    service.undo_visit(session, patient_id, visit_id=visit_id)


def referred(session: Session, by: str, **more: object) -> int:
    return make_patient(session, "Bola Ade", referral_code=by, **more).id


def test_members_are_locked_in_as_many_statements_for_many_as_for_one(session: Session) -> None:
    friend = make_patient(session)
    members = [referred(session, friend.referral_code) for _ in range(4)]
    with executed(session) as one:
        service.lock_for_visits(session, members[:1])
    with executed(session) as many:
        service.lock_for_visits(session, members)
    assert len(many) == len(one)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("consultation", 50),
        ("follow_up", 30),
        ("procedure", 150),
        ("emergency", 50),
        ("telemedicine", 40),
    ],
)
def test_a_visit_brings_points_by_its_type_once(session: Session, kind: str, given: int) -> None:
    member = make_patient(session)
    visit(session, member.id, "1", kind)
    visit(session, member.id, "1", kind)
    assert points(session, member.id) == 100 + given
    assert set(service.VISITS) == {
        "consultation",
        "follow_up",
        "procedure",
        "emergency",
        "telemedicine",
    }


@pytest.mark.parametrize(
    ("held", "given"), [("bronze", 50), ("silver", 55), ("gold", 63), ("platinum", 75)]
)
def test_higher_tiers_earn_more_rounded_as_people_do(
    session: Session, held: str, given: int
) -> None:
    member = make_patient(session)
    if held != "bronze":
        set_tier(session, member.id, held)
    before = points(session, member.id)
    visit(session, member.id, "1")
    assert points(session, member.id) - before == given


def test_both_sides_of_a_referral_are_thanked_at_the_first_visit(session: Session) -> None:
    referrer = make_patient(session)
    friend = referred(session, referrer.referral_code.lower())
    assert (points(session, referrer.id), points(session, friend)) == (100, 100)
    visit(session, friend, "1")
    visit(session, friend, "2")
    assert points(session, referrer.id) == 200
    assert points(session, friend) == 100 + 50 + 50 + 50
    assert explain(session, referrer.id).tier_points == 0


def test_the_thanks_are_capped_a_month_and_not_made_up_for_later(session: Session) -> None:
    set_figure(session, "referrals_a_month", 2)
    referrer = make_patient(session)
    friends = [referred(session, referrer.referral_code) for _ in range(3)]
    for friend in friends:
        visit(session, friend, f"{friend}-1")
    assert points(session, referrer.id) == 300
    set_figure(session, "referrals_a_month", 9)
    visit(session, friends[2], f"{friends[2]}-2")
    assert points(session, referrer.id) == 300
    assert points(session, friends[2]) == 100 + 50 + 50 + 50


def test_a_referral_counts_though_the_visit_or_the_friend_brings_no_points(
    session: Session,
) -> None:
    set_figure(session, "visit_consultation", 0)
    set_figure(session, "referred", 0)
    referrer = make_patient(session)
    friend = referred(session, referrer.referral_code)
    visit(session, friend, "1")
    assert (points(session, referrer.id), points(session, friend)) == (200, 100)


def test_nobody_refers_themselves(session: Session) -> None:
    referrer = make_patient(session, phone="08031234567", nin="12345678901")
    for same in ({"phone": "+234 803 123 4567"}, {"nin": "12345678901"}):
        with pytest.raises(Invalid, match="themselves") as caught, session.begin_nested():
            referred(session, referrer.referral_code, **same)
        assert caught.value.problems[0].path == "referral_code"
    with pytest.raises(Invalid, match="Nobody has this referral code"):
        referred(session, "NOBODY")


def test_the_code_of_a_merged_record_thanks_who_stayed(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    early = referred(session, gone.referral_code)
    merge(session, stays.id, gone.id)
    late = referred(session, gone.referral_code)
    for friend in (early, late):
        visit(session, friend, str(friend))
    assert points(session, stays.id) == 300


def test_a_friend_who_turns_out_to_be_oneself_thanks_nobody(session: Session) -> None:
    referrer = make_patient(session)
    friend = referred(session, referrer.referral_code)
    merge(session, friend, referrer.id)
    visit(session, friend, "1")
    assert ledger(session, friend)[-1] == ("visit", 50)


def test_one_person_has_one_first_visit_whatever_the_records(session: Session) -> None:
    referrer, other = make_patient(session), make_patient(session)
    gone = referred(session, referrer.referral_code)
    visit(session, gone, "1")
    stays = referred(session, other.referral_code)
    merge(session, stays, gone)
    visit(session, stays, "2")
    assert (points(session, referrer.id), points(session, other.id)) == (200, 100)


def test_a_visit_of_a_merged_record_is_awarded_to_who_stayed_once(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    visit(session, gone.id, "1")
    merge(session, stays.id, gone.id)
    visit(session, stays.id, "1")
    visit(session, gone.id, "1")
    assert points(session, stays.id) == 150
    visit(session, gone.id, "2")
    assert points(session, stays.id) == 200


def test_an_undone_visit_takes_its_points_from_its_own_lot(session: Session) -> None:
    member = make_patient(session)
    visit(session, member.id, "1")
    undo(session, member.id, "1")
    assert lots(session, member.id) == [("welcome", 100)]
    assert ledger(session, member.id)[-1] == ("returned", -50)
    undo(session, member.id, "1")
    undo(session, member.id, "never completed")
    assert points(session, member.id) == 100


def test_what_the_balance_does_not_hold_is_owed_by_the_next_earnings(session: Session) -> None:
    member = make_patient(session)
    visit(session, member.id, "1", "procedure")
    spend(session, member.id, 220)
    undo(session, member.id, "1")
    undo(session, member.id, "1")
    assert (points(session, member.id), explain(session, member.id).owed) == (0, 120)
    earn(session, member.id, 100)
    assert (points(session, member.id), explain(session, member.id).owed) == (0, 20)
    earn(session, member.id, 50)
    assert (points(session, member.id), explain(session, member.id).owed) == (30, 0)


def test_undoing_twice_with_nothing_left_owes_once(session: Session) -> None:
    member = make_patient(session)
    visit(session, member.id, "1")
    spend(session, member.id, 150)
    undo(session, member.id, "1")
    undo(session, member.id, "1")
    assert explain(session, member.id).owed == 50


def test_a_visit_that_was_undone_may_be_completed_again(session: Session) -> None:
    member = make_patient(session)
    for _ in range(2):
        visit(session, member.id, "1")
        visit(session, member.id, "1")
        assert points(session, member.id) == 150
        undo(session, member.id, "1")
        undo(session, member.id, "1")
        assert points(session, member.id) == 100
    visit(session, member.id, "1")
    visit(session, member.id, "11")
    assert points(session, member.id) == 200


def test_an_undone_visit_counts_for_no_tier_even_where_its_points_are_spent(
    session: Session,
) -> None:
    set_figure(session, "visit_procedure", 499)
    member = make_patient(session)
    visit(session, member.id, "1", "procedure")
    spend(session, member.id, 599)
    undo(session, member.id, "1")
    assert explain(session, member.id).tier_points == 0
    earn(session, member.id, 499)
    assert tier(session, member.id) == "bronze"


def test_a_visit_of_a_merged_record_can_be_undone(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    visit(session, gone.id, "1")
    merge(session, stays.id, gone.id)
    undo(session, gone.id, "1")
    undo(session, stays.id, "1")
    assert points(session, stays.id) == 100


def test_what_a_merged_record_owes_goes_along(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    visit(session, gone.id, "1")
    spend(session, gone.id, 150)
    undo(session, gone.id, "1")
    merge(session, stays.id, gone.id)
    assert explain(session, stays.id).owed == 50
    earn(session, stays.id, 80)
    assert (points(session, stays.id), explain(session, stays.id).owed) == (130, 0)
    left = sql(session, "SELECT owed FROM crm_loyalty_accounts WHERE id = :id", id=gone.id)
    assert left.scalar_one() == 0
