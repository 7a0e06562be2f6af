"""The ledger: points come in lots, go from what ends first, and every row says the balance."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.loyalty import explaining, queries, service
from crm_core.loyalty.schemas import Adjustment, Earn, Rule
from crm_core.loyalty.service import earning
from crm_core.people.schemas import Role
from tests.loyalty.acts import (
    adjust,
    age,
    books,
    cancel,
    earn,
    end_in,
    explain,
    latest_redemption,
    ledger,
    lots,
    merge,
    points,
    set_figure,
    spend,
    transactions,
)
from tests.make import make_actor
from tests.make_patients import DESK, make_patient
from tests.observe import executed, refused_by, sql


@pytest.fixture(autouse=True)
def whole_books(session: Session) -> object:
    yield
    assert books(session) == []


def test_a_new_member_has_the_welcome_points_once(session: Session) -> None:
    member = make_patient(session)
    assert (member.loyalty_points, member.loyalty_tier) == (100, "bronze")
    [row] = transactions(session, member.id)
    assert (row.transaction_type, row.points, row.balance_after) == ("earned", 100, 100)
    assert row.description == "Welcome bonus"
    earning.welcome(session, member.id)
    assert points(session, member.id) == 100


def test_points_end_after_the_months_that_are_set(session: Session) -> None:
    set_figure(session, "lot_months", 3)
    member = make_patient(session)
    [lot] = explaining.open_lots(session, member.id)
    months = (lot.expires_on.year - lagos_today().year) * 12
    assert months + lot.expires_on.month - lagos_today().month == 3


def test_points_with_a_reference_are_given_once(session: Session) -> None:
    member = make_patient(session)
    first = earn(session, member.id, 40, "bill 7")
    assert earn(session, member.id, 40, "bill 7").id == first.id
    assert points(session, member.id) == 140
    with pytest.raises(Conflict, match="40 points were given before"):
        earn(session, member.id, 50, "bill 7")
    assert earn(session, make_patient(session).id, 40, "bill 7").id != first.id


def test_without_a_reference_points_are_given_as_often_as_asked(session: Session) -> None:
    member = make_patient(session)
    earn(session, member.id, 40)
    earn(session, member.id, 40)
    assert points(session, member.id) == 180


def test_what_ends_first_is_spent_first(session: Session) -> None:
    member = make_patient(session)
    late, soon = earn(session, member.id, 30), earn(session, member.id, 50)
    end_in(session, late.id, 9)
    end_in(session, soon.id, 1)
    spend(session, member.id, 60)
    assert lots(session, member.id) == [("given", 20), ("welcome", 100)]


def test_the_whole_amount_or_nothing(session: Session) -> None:
    member = make_patient(session)
    with pytest.raises(Conflict, match="Not enough points: 100 of 101"):
        spend(session, member.id, 101)
    assert points(session, member.id) == 100
    assert ledger(session, member.id) == [("welcome", 100)]
    spend(session, member.id, 100)
    assert points(session, member.id) == 0
    assert lots(session, member.id) == []


def test_every_row_says_the_balance_after_it(session: Session) -> None:
    member = make_patient(session)
    earn(session, member.id, 30)
    spend(session, member.id, 60)
    adjust(session, member.id, -20)
    rows = [(row.points, row.balance_after) for row in transactions(session, member.id)]
    assert rows == [(-20, 50), (-60, 70), (30, 130), (100, 100)]


def test_a_cancelled_redemption_restores_the_very_lots(session: Session) -> None:
    member = make_patient(session)
    first, second = earn(session, member.id, 30), earn(session, member.id, 50)
    end_in(session, first.id, 1)
    end_in(session, second.id, 2)
    spend(session, member.id, 10)
    before = lots(session, member.id)
    spend(session, member.id, 130)
    assert cancel(session, latest_redemption(session, member.id)).cancelled_at
    assert lots(session, member.id) == before
    assert transactions(session, member.id)[0].transaction_type == "adjusted"


def test_a_redemption_is_cancelled_once(session: Session) -> None:
    member = make_patient(session)
    spend(session, member.id, 10)
    redemption = latest_redemption(session, member.id)
    cancel(session, redemption)
    with pytest.raises(Conflict, match="cancelled already"):
        cancel(session, redemption)
    assert points(session, member.id) == 100
    with pytest.raises(NotFound):
        cancel(session, 10**9)


def test_restored_points_that_have_ended_end_again_at_once(session: Session) -> None:
    member = make_patient(session)
    lot = earn(session, member.id, 30)
    end_in(session, lot.id, 1)
    spend(session, member.id, 30)
    end_in(session, lot.id, -1)
    cancel(session, latest_redemption(session, member.id))
    assert points(session, member.id) == 100
    assert ledger(session, member.id)[-2:] == [("returned", 30), ("expired", -30)]


@pytest.mark.parametrize(("days", "left"), [(1, 130), (0, 130), (-1, 100)])
def test_points_hold_to_the_end_of_their_last_day(session: Session, days: int, left: int) -> None:
    member = make_patient(session)
    end_in(session, earn(session, member.id, 30).id, days)
    assert explain(session, member.id).loyalty_points == left
    service.expire_points(session)
    assert points(session, member.id) == left


def test_expiry_is_one_row_a_member_and_comes_once(session: Session) -> None:
    member, other = make_patient(session), make_patient(session)
    for lot in [earn(session, member.id, amount) for amount in (30, 20)]:
        end_in(session, lot.id, -1)
    assert service.expire_points(session) == 1
    assert service.expire_points(session) == 0
    [row] = [r for r in transactions(session, member.id) if r.transaction_type == "expired"]
    assert (row.points, row.balance_after) == (-50, 100)
    assert points(session, other.id) == 100


def test_expiry_works_through_more_than_a_batch(session: Session) -> None:
    for _ in range(5):
        end_in(session, earn(session, make_patient(session).id, 30).id, -1)
    assert [service.expire_points(session, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_ended_points_cannot_be_spent_before_the_job_has_run(session: Session) -> None:
    member = make_patient(session)
    end_in(session, earn(session, member.id, 30).id, -1)
    with pytest.raises(Conflict, match="100 of 101"):
        spend(session, member.id, 101)


def test_a_correction_is_a_new_row_with_its_reason(session: Session) -> None:
    member = make_patient(session)
    row = adjust(session, member.id, 25)
    assert (row.transaction_type, row.points, row.description) == ("adjusted", 25, "counted again")
    assert adjust(session, member.id, -125).balance_after == 0
    with pytest.raises(Conflict, match="Not enough"):
        adjust(session, member.id, -1)
    with pytest.raises(Invalid, match="to add, or a negative"):
        adjust(session, member.id, 0)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.CAMPAIGNER, Role.APPROVER])
def test_only_some_may_give_points(session: Session, role: Role) -> None:
    member, actor = make_patient(session), make_actor(role)
    with pytest.raises(Forbidden):
        service.earn(session, member.id, Earn(points=1, description="x"), actor=actor)
    with pytest.raises(Forbidden):
        data = Adjustment(points=1, reason="counted again")
        service.adjust(session, member.id, data, actor=actor)


def test_somebody_who_is_not_there_earns_nothing(session: Session) -> None:
    with pytest.raises(NotFound):
        earn(session, 10**9, 5)
    with pytest.raises(Invalid, match="together"):
        data = Earn(points=5, description="x", reference_type="till")
        service.earn(session, make_patient(session).id, data, actor=make_actor(Role.FINANCE))


def test_a_merge_moves_points_with_their_days_but_not_the_second_welcome(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    lot = earn(session, gone.id, 60)
    age(session, gone.id, 30)
    end_in(session, lot.id, 5)
    before = {lot.rule: lot for lot in explaining.open_lots(session, gone.id)}[Rule.GIVEN]
    merge(session, stays.id, gone.id)
    assert lots(session, stays.id) == [("merged", 60), ("welcome", 100)]
    moved = explaining.open_lots(session, stays.id)[0]
    assert (moved.earned_on, moved.expires_on) == (before.earned_on, before.expires_on)
    assert ledger(session, gone.id)[-1] == ("merged", -160)
    assert points(session, stays.id) == 160


def test_what_a_merged_record_earned_is_not_earned_again(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    first = earn(session, gone.id, 40, "bill 7")
    merge(session, stays.id, gone.id)
    assert earn(session, stays.id, 40, "bill 7").id == first.id
    assert points(session, stays.id) == 140


def test_a_merged_record_neither_earns_nor_spends(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    merge(session, stays.id, gone.id)
    for act in (earn, spend, adjust):
        with pytest.raises(Conflict, match="use that one"):
            act(session, gone.id, 5)


def test_a_redemption_of_a_merged_record_is_given_back_to_who_stayed(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    earn(session, gone.id, 60)
    spend(session, gone.id, 100)  # the welcome
    spend(session, gone.id, 20)
    [of_points, of_welcome] = queries.redemptions_of(session, gone.id)
    merge(session, stays.id, gone.id)
    cancel(session, of_points.id)
    assert points(session, stays.id) == 100 + 40 + 20
    cancel(session, of_welcome.id)  # a second welcome all the same
    assert points(session, stays.id) == 160


def test_the_balance_is_explained_in_a_few_statements(session: Session) -> None:
    member = make_patient(session)
    seen_for = []
    explained = explain(session, member.id)
    for amounts in ([5], [5] * 10):
        for amount in amounts:
            earn(session, member.id, amount)
        with executed(session) as seen:
            explained = explain(session, member.id)
        seen_for.append(len(seen))
    assert seen_for[0] == seen_for[1] <= 9
    assert explained.loyalty_points == sum(lot.remaining for lot in explained.lots) == 155
    assert [(e.points, e.expiry_date) for e in explained.expiring] == [
        (155, explained.lots[0].expires_on)
    ]
    assert (explained.tier_points, explained.next_tier) == (55, "silver")
    assert explained.points_to_next_tier == 445
    assert explained.transactions[0].balance_after == 155


def test_a_balance_of_very_many_lots_is_whole(session: Session) -> None:
    member = make_patient(session)
    sql(
        session,
        "WITH made AS (INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points,"
        " balance_after, description, rule, expiry_date) SELECT :id, 'earned', 1, 100 + n, 'One',"
        " 'given', crm_lagos_today() FROM generate_series(1, 600) n RETURNING id, expiry_date)"
        " INSERT INTO crm_loyalty_lots (id, patient_id, points, remaining, expires_on)"
        " SELECT id, :id, 1, 1, expiry_date FROM made",
        id=member.id,
    )
    sql(session, "UPDATE crm_loyalty_accounts SET balance = 700 WHERE id = :id", id=member.id)
    explained = explain(session, member.id)
    assert (explained.loyalty_points, len(explained.lots)) == (700, explaining.MOST_LOTS)


def test_the_ledger_cannot_be_rewritten_by_plain_sql(session: Session) -> None:
    member = make_patient(session)
    spend(session, member.id, 10)
    for table in ("transactions", "consumptions", "tier_movements", "undone_visits"):
        with refused_by(session, "append-only"):
            sql(session, f"DELETE FROM crm_loyalty_{table}")
    with refused_by(session, "permission denied"):
        sql(session, "DELETE FROM crm_loyalty_lots")
    with refused_by(session, "ck_crm_loyalty_accounts_balance"):
        sql(session, "UPDATE crm_loyalty_accounts SET balance = -1")
    with refused_by(session, "permission denied"):
        sql(session, "UPDATE crm_loyalty_sums SET points = 0")


def test_who_earned_for_whom_is_in_the_row(session: Session) -> None:
    sql(session, "SELECT set_config('crm.who', 'staff:7', true)")
    member = make_patient(session)
    who = sql(
        session, "SELECT who FROM crm_loyalty_transactions WHERE patient_id = :id", id=member.id
    )
    assert who.scalar_one() == "staff:7"
    assert DESK.key != "staff:7"
