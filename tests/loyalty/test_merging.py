"""Merging two records: looked at, committed as shown, undone until the points are used."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, NotFound
from crm_core.base.preflight import Plan, Receipt, get_receipt
from crm_core.loyalty import merging, queries, service
from crm_core.loyalty.merging.schemas import Merge, MergeCommit, MergeUndo, MergeUndoCommit
from crm_core.loyalty.schemas import MemberRead
from crm_core.patients import invariants as patient_rules
from crm_core.patients import queries as patients
from crm_core.patients import service as records
from crm_core.patients.schemas import PatientUpdate
from crm_core.people.schemas import Role
from tests.loyalty.acts import adjust, books, cancel, earn, end_in, points, redeem, spend, visit
from tests.make import make_actor
from tests.make_patients import DESK, join, make_patient, make_reward
from tests.observe import history_of, sql


@pytest.fixture
def stays(session: Session) -> MemberRead:
    return make_patient(session, "Ada Obi", allergies=["Dust"])


@pytest.fixture
def gone(session: Session) -> MemberRead:
    """The same person with 50 points more, and with what the other record does not know."""
    made = make_patient(
        session,
        "Ada Obbi",
        email="ada@example.ng",
        nin="12345678901",
        blood_group="O+",
        allergies=["Nuts"],
    )
    adjust(session, made.id, 50)
    return queries.get_member(session, made.id)


def plan(session: Session, stays: MemberRead, gone: MemberRead) -> Plan:
    both = Merge(stays_id=stays.id, gone_id=gone.id)
    return merging.plan_merge(session, both, actor=DESK)


def commit(session: Session, stays: MemberRead, gone: MemberRead, fingerprint: str) -> Receipt:
    data = MergeCommit(
        stays_id=stays.id, gone_id=gone.id, fingerprint=fingerprint, reason="the same NIN card"
    )
    return merging.commit_merge(session, data, actor=DESK)


def merge(session: Session, stays: MemberRead, gone: MemberRead) -> Receipt:
    return commit(session, stays, gone, plan(session, stays, gone).fingerprint)


def plan_undo(session: Session, receipt: Receipt) -> Plan:
    wanted = MergeUndo(receipt_id=receipt.receipt_id)
    return merging.plan_merge_undo(session, wanted, actor=DESK)


def undo(session: Session, receipt: Receipt, shown: Plan | None = None) -> Receipt:
    fingerprint = (shown or plan_undo(session, receipt)).fingerprint
    data = MergeUndoCommit(receipt_id=receipt.receipt_id, fingerprint=fingerprint)
    return merging.commit_merge_undo(session, data, actor=DESK)


def a_while_ago(session: Session) -> None:
    """What was undone was so before the test's one transaction began."""
    sql(session, "SET LOCAL ROLE NONE")
    sql(session, "ALTER TABLE crm_loyalty_undone_visits DISABLE TRIGGER USER")
    sql(session, "UPDATE crm_loyalty_undone_visits SET created_at = now() - interval '1 day'")
    sql(session, "ALTER TABLE crm_loyalty_undone_visits ENABLE TRIGGER USER")
    sql(session, "SET LOCAL ROLE crm_app")


def as_they_were(member: MemberRead) -> dict[str, object]:
    return member.model_dump(exclude={"version", "updated_at"})


def faults(session: Session) -> list[str]:
    return [*books(session), *patient_rules.invariants(session)]


def test_a_look_says_what_moves_and_changes_nothing(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    shown = plan(session, stays, gone)

    assert [verdict.code for verdict in shown.verdicts] == ["stays", "goes"]
    assert (shown.totals["points_moved"], shown.totals["points_ended"]) == ("50", "100")
    assert queries.get_member(session, stays.id) == stays
    assert queries.get_member(session, gone.id) == gone


def test_a_merge_leaves_a_receipt(session: Session, stays: MemberRead, gone: MemberRead) -> None:
    receipt = get_receipt(session, merge(session, stays, gone).receipt_id)

    assert receipt.title == f"{gone.patient_code} merged into {stays.patient_code}"
    assert [change.after for change in receipt.changed] == ["150 points, bronze", "merged"]
    assert receipt.who == DESK.key


def test_what_changed_since_the_look_is_not_merged(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    shown = plan(session, stays, gone)
    earn(session, gone.id, 10)

    with pytest.raises(Conflict, match="changed since you looked"):
        commit(session, stays, gone, shown.fingerprint)

    assert points(session, gone.id) == 160


def test_undoing_gives_both_records_back_as_they_were(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    receipt = merge(session, stays, gone)

    undone = undo(session, receipt)

    for before in (stays, gone):
        after = queries.get_member(session, before.id)
        assert as_they_were(after) == as_they_were(before)
    assert get_receipt(session, receipt.receipt_id).undone_by == DESK.key
    assert get_receipt(session, undone.receipt_id).kind == "patient_merge_undo"
    assert "unmerge" in [line["action"] for line in history_of(session, "crm_patients", stays.id)]
    assert faults(session) == []


def test_what_was_changed_since_the_merge_stays_changed(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    receipt = merge(session, stays, gone)
    change = PatientUpdate.model_validate({"blood_group": "A+", "allergies": ["Nuts", "Cats"]})
    records.update_patient(session, stays.id, change, actor=DESK)

    undo(session, receipt)

    after = queries.get_member(session, stays.id)
    assert (after.blood_group, after.allergies, after.email) == ("A+", ["Cats"], None)


def test_points_earned_since_stay_where_they_were_earned(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    receipt = merge(session, stays, gone)
    earn(session, stays.id, 30)

    undo(session, receipt)

    assert (points(session, stays.id), points(session, gone.id)) == (130, 150)
    assert faults(session) == []


def test_a_merge_whose_points_were_used_stays(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    receipt = merge(session, stays, gone)
    shown = plan_undo(session, receipt)
    spend(session, stays.id, 120)

    [verdict] = plan_undo(session, receipt).verdicts
    assert (verdict.ok, verdict.code) == (False, "used")
    with pytest.raises(Conflict, match="used or have ended"):
        undo(session, receipt, shown)
    assert patients.surviving_id(session, gone.id) == stays.id


def test_a_merge_whose_points_ended_stays(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    receipt = merge(session, stays, gone)
    moved: int = sql(
        session, "SELECT max(id) FROM crm_loyalty_lots WHERE patient_id = :id", id=stays.id
    ).scalar_one()
    end_in(session, moved, -1)
    service.expire_points(session)

    with pytest.raises(Conflict, match="used or have ended"):
        undo(session, receipt)


def test_after_a_visit_nobody_knows_whose_it_was(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    receipt = merge(session, stays, gone)
    visit(session, gone.id, "v1", "consultation")

    with pytest.raises(Conflict, match="could be of either"):
        undo(session, receipt)


def test_points_that_were_given_back_since_can_go_back(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    reward = make_reward(session, 120)
    receipt = merge(session, stays, gone)
    redeem(session, stays.id, reward_id=reward.id)
    cancel(session, queries.redemptions_of(session, stays.id)[0].id)

    undo(session, receipt)

    assert (points(session, stays.id), points(session, gone.id)) == (100, 150)
    assert faults(session) == []


def test_a_reward_of_the_merged_record_given_back_meanwhile_goes_back_with_it(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    reward = make_reward(session, 120)
    redeem(session, gone.id, reward_id=reward.id)
    receipt = merge(session, stays, queries.get_member(session, gone.id))
    cancel(session, queries.redemptions_of(session, gone.id)[0].id)

    undo(session, receipt)

    assert (points(session, stays.id), points(session, gone.id)) == (100, 150)
    assert faults(session) == []


def test_an_undone_merge_is_not_undone_again(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    receipt = merge(session, stays, gone)
    undo(session, receipt)

    with pytest.raises(Conflict, match="undone already"):
        undo(session, receipt)


def test_merged_parted_and_merged_again(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    undo(session, merge(session, stays, gone))
    second = merge(
        session, queries.get_member(session, stays.id), queries.get_member(session, gone.id)
    )
    assert points(session, stays.id) == 150

    undo(session, second)

    assert (points(session, stays.id), points(session, gone.id)) == (100, 150)
    assert faults(session) == []


def test_of_two_merges_the_later_is_undone_first(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    last = make_patient(session, "Ada Obiora")
    first = merge(session, stays, gone)
    second = merge(session, last, queries.get_member(session, stays.id))
    with pytest.raises(Conflict, match="merged into another since"):
        undo(session, first)

    undo(session, second)
    assert patients.surviving_id(session, gone.id) == stays.id
    undo(session, first)

    everybody = [points(session, each.id) for each in (stays, gone, last)]
    assert everybody == [100, 150, 100]
    assert faults(session) == []


def test_visits_and_the_first_of_them_are_each_record_s_own_again(session: Session) -> None:
    friend = make_patient(session)
    stays = make_patient(session, referral_code=friend.referral_code)
    gone = make_patient(session)
    visit(session, gone.id, "v1", "consultation")
    counted = "UPDATE crm_patients SET visit_count = 1, last_visit_date = :day WHERE id = :id"
    sql(session, counted, day=date(2026, 3, 1), id=gone.id)
    receipt = merge(
        session, queries.get_member(session, stays.id), queries.get_member(session, gone.id)
    )

    undo(session, receipt)
    visit(session, stays.id, "v2", "consultation")

    after = queries.get_member(session, stays.id)
    assert (after.visit_count, after.last_visit_date) == (0, None)
    assert points(session, friend.id) > 100
    assert faults(session) == []


def test_what_one_record_owes_it_owes_again_by_itself(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    visit(session, gone.id, "v1", "consultation")
    spend(session, gone.id, points(session, gone.id))
    service.undo_visit(session, gone.id, visit_id="v1")
    owed = "SELECT owed FROM crm_loyalty_accounts WHERE id = :id"
    before = sql(session, owed, id=gone.id).scalar_one()
    a_while_ago(session)
    receipt = merge(session, stays, queries.get_member(session, gone.id))

    undo(session, receipt)

    assert before > 0
    assert sql(session, owed, id=gone.id).scalar_one() == before
    assert sql(session, owed, id=stays.id).scalar_one() == 0
    assert faults(session) == []


def test_an_email_that_somebody_else_has_by_now_is_said(session: Session, gone: MemberRead) -> None:
    stays = make_patient(session, email="obi@example.ng")
    receipt = merge(session, stays, gone)
    make_patient(session, email="ada@example.ng")

    with pytest.raises(Conflict, match="Another patient has this email"):
        undo(session, receipt)


def test_a_merge_needs_somebody_who_may_change_patients(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    analyst = make_actor(Role.ANALYST)
    with pytest.raises(Forbidden):
        merging.plan_merge(session, Merge(stays_id=stays.id, gone_id=gone.id), actor=analyst)
    receipt = merge(session, stays, gone)
    with pytest.raises(Forbidden):
        merging.plan_merge_undo(session, MergeUndo(receipt_id=receipt.receipt_id), actor=analyst)


def test_a_receipt_of_something_else_is_no_merge(session: Session) -> None:
    with pytest.raises(NotFound, match="Merge not found"):
        merging.plan_merge_undo(session, MergeUndo(receipt_id=10**9), actor=DESK)


def test_a_merge_without_a_receipt_can_be_undone_by_its_record(
    session: Session, stays: MemberRead, gone: MemberRead
) -> None:
    join(session, stays.id, gone.id)
    merging.part_patients(session, gone.id, actor=DESK)
    assert points(session, gone.id) == 150
