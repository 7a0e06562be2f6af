"""The payouts page: the approver's queue, the pipeline, and the list."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.clock import lagos_today, utc_now
from crm_core.owners import service as owner_service
from crm_core.owners.schemas import AccountChange
from crm_core.payouts import queries, service
from crm_core.payouts.schemas import Because, PayoutRead, PayoutStatus
from crm_core.people.queries import actor_of_session
from crm_core.people.schemas import Actor, Role
from tests.make_business import (
    FINANCE,
    approve,
    last_month,
    make_contract,
    make_hospital,
    make_owner,
    make_payout,
    pay,
)
from tests.observe import executed
from tests.pages.acting import cells, chips, choose, errors, labels, metric, press, texts

Open = Callable[..., AppTest]
# First Bank, and a last digit that does not check.
WRONG_DIGIT = AccountChange(
    bank_name="First Bank", account_number="0000014570", account_name="ADA OBI"
)


@pytest.fixture
def payouts(visit: Open) -> Open:
    """``payouts(Role.APPROVER, tab="pipeline")``: the payouts page at that address."""
    return partial(visit, "pages/payouts.py")


def whose(page: AppTest, session: Session) -> Actor:
    """Who has the page open."""
    actor = actor_of_session(session, str(page.user["ops_sid"]), now=utc_now())
    assert actor is not None
    return actor


def waiting(session: Session, gross: str = "100000") -> PayoutRead:
    return make_payout(session, make_owner(session).id, gross)


def blocked(session: Session) -> PayoutRead:
    owner = make_owner(session)
    owner_service.change_account(session, owner.id, WRONG_DIGIT, actor=FINANCE)
    return make_payout(session, owner.id)


def status_of(session: Session, payout: PayoutRead) -> PayoutStatus:
    return queries.get_payout(session, payout.id).status


# The queue


def test_an_empty_queue_says_what_to_do(payouts: Open) -> None:
    page = payouts(Role.APPROVER)

    assert any(told.startswith("Nothing waits for approval.") for told in texts(page))
    assert metric(page, "To approve: 0") == "₦0"


def test_somebody_without_a_role_sees_no_payout(payouts: Open, session: Session) -> None:
    waiting(session)

    page = payouts()

    assert errors(page) == ["You may not see payouts: ask an administrator for a role that may."]
    assert not page.dataframe


def test_the_queue_shows_what_speaks_against_each_payout(payouts: Open, session: Session) -> None:
    blocked(session)

    page = payouts(Role.APPROVER)

    (checks,) = chips(page, "Checks")
    assert {"Account digit", "New account"} <= set(checks)
    assert "last digit does not fit" in str(cells(page, "What the checks say"))
    assert chips(page, "For you") == [["Needs a reason"]]


def test_the_queue_begins_with_the_earliest_due(payouts: Open, session: Session) -> None:
    owner = make_owner(session)
    later = make_payout(session, owner.id, months_ago=1)
    earlier = make_payout(session, owner.id, months_ago=2)

    page = payouts(Role.VIEWER)

    assert cells(page, "Payout") == [earlier.payout_code, later.payout_code]


def test_a_failed_payout_waits_for_approval_again(payouts: Open, session: Session) -> None:
    payout = waiting(session)
    approve(session, payout.id)
    plan = service.plan_file(session, [payout.id], actor=FINANCE)
    service.commit_file(session, plan.fingerprint, [payout.id], actor=FINANCE)
    service.fail_payout(session, payout.id, Because(reason="Account closed"), actor=FINANCE)

    assert chips(payouts(Role.APPROVER), "State") == [["Failed"]]


def test_what_a_person_made_is_marked_and_can_be_left_out(payouts: Open, session: Session) -> None:
    page = payouts(Role.FINANCE, Role.APPROVER)
    make_payout(session, make_owner(session).id, actor=whose(page, session))

    page.run()
    assert chips(page, "For you") == [["You made it"]]

    page.toggle("_filter_not-mine").set_value(True).run()
    assert page.query_params["not-mine"] == "yes"
    assert not page.dataframe


def test_whoever_may_not_approve_has_nothing_to_choose(payouts: Open, session: Session) -> None:
    payout = waiting(session)

    page = choose(payouts(Role.VIEWER), "queue", payout.id)

    assert "Look and approve" not in labels(page)


def test_the_bar_says_how_much_is_chosen(payouts: Open, session: Session) -> None:
    first, second = waiting(session, "4000000"), waiting(session, "500000")

    page = choose(payouts(Role.APPROVER), "queue", first.id, second.id, blocked(session).id)

    told = "3 payouts chosen · ₦4,500,000.00 that you may approve · 1 you may not"
    assert told in texts(page)


def test_nothing_is_chosen_any_more_after_choosing_none(payouts: Open, session: Session) -> None:
    page = choose(payouts(Role.APPROVER), "queue", waiting(session).id)

    press(page, "Choose none")

    assert "Look and approve" not in labels(page)


# Approving


def test_approving_several_at_once_leaves_a_receipt(payouts: Open, session: Session) -> None:
    first, second = waiting(session, "1000000"), waiting(session, "500000")
    page = choose(payouts(Role.APPROVER), "queue", first.id, second.id)

    press(page, "Look and approve")
    assert metric(page, "Net amount") == "₦1,500,000.00"
    assert chips(page, "Verdict") == [["Will change"]] * 2
    press(page, "Approve 2 payouts · ₦1,500,000.00")

    assert status_of(session, first) is status_of(session, second) is PayoutStatus.APPROVED
    assert "Done: 2 records changed." in texts(page)
    assert "Look and approve" not in labels(page)


def test_going_back_from_a_plan_changes_nothing(payouts: Open, session: Session) -> None:
    payout = waiting(session)
    page = choose(payouts(Role.APPROVER), "queue", payout.id)
    press(page, "Look and approve")

    press(page, "Back, change nothing")

    assert status_of(session, payout) is PayoutStatus.PENDING
    assert cells(page, "Payout") == [payout.payout_code]


def test_a_blocking_check_takes_a_reason(payouts: Open, session: Session) -> None:
    payout = blocked(session)
    page = press(choose(payouts(Role.APPROVER), "queue", payout.id), "Look and approve")
    (confirm,) = [each for each in page.button if each.label.startswith("Approve 0")]
    assert confirm.disabled

    page.text_input[0].set_value("ok")
    press(page, "Look again with this reason")
    assert errors(page) == ["Give a reason of at least 3 characters."]

    page.text_input[0].set_value("The bank confirmed it by phone")
    press(page, "Look again with this reason")
    press(page, "Approve 1 payout · ₦100,000.00")

    (approval,) = queries.approvals_of(session, payout.id)
    assert approval.override_reason == "The bank confirmed it by phone"


def test_a_large_payout_waits_for_a_second_approver(payouts: Open, session: Session) -> None:
    payout = waiting(session, "900000000")
    page = press(choose(payouts(Role.APPROVER), "queue", payout.id), "Look and approve")

    press(page, "Approve 1 payout · ₦900,000,000.00")

    assert status_of(session, payout) is PayoutStatus.PENDING
    assert cells(page, "Approvals") == ["1 of 2"]
    assert chips(page, "For you") == [["You approved"]]


def test_who_loses_a_race_reads_what_happened(payouts: Open, session: Session) -> None:
    payout = waiting(session)
    page = press(choose(payouts(Role.APPROVER), "queue", payout.id), "Look and approve")
    approve(session, payout.id)

    press(page, "Approve 1 payout · ₦100,000.00")

    assert "Nothing was changed: 1 record refused." in texts(page)
    assert any("changed since you looked" in told for told in texts(page))
    assert len(queries.approvals_of(session, payout.id)) == 1


def test_chosen_ones_are_rejected_after_a_reason_and_a_look(
    payouts: Open, session: Session
) -> None:
    one, other = waiting(session), waiting(session, "50000")
    page = choose(payouts(Role.APPROVER), "queue", one.id, other.id)
    press(page, "Reject")
    press(page, "Look at what is rejected")
    assert errors(page) == ["Give a reason of at least 3 characters."]

    page.text_input[0].set_value("The month is not over")
    press(page, "Look at what is rejected")
    assert metric(page, "You reject") == "2"
    press(page, "Reject 2 payouts · ₦150,000.00")

    assert {status_of(session, payout) for payout in (one, other)} == {PayoutStatus.REJECTED}
    assert "Done: 2 records changed." in texts(page)


def test_a_rejection_can_be_put_away(payouts: Open, session: Session) -> None:
    payout = waiting(session)
    page = choose(payouts(Role.APPROVER), "queue", payout.id)
    press(page, "Reject")

    press(page, "Back, change nothing")

    assert status_of(session, payout) is PayoutStatus.PENDING
    assert "Look and approve" in labels(page)


# The pipeline


def test_an_empty_pipeline_says_what_to_do(payouts: Open) -> None:
    page = payouts(Role.VIEWER, tab="pipeline")

    assert "Nothing is on its way: prepare a month under Make." in texts(page)
    assert metric(page, "Paid this month") == "₦0"


def test_the_pipeline_adds_up_in_naira(payouts: Open, session: Session) -> None:
    pay(session, waiting(session, "4500000").id)
    late = make_payout(session, make_owner(session).id, "700000", months_ago=3)

    page = payouts(Role.VIEWER, tab="pipeline")

    assert metric(page, "Paid this month") == "₦4.5m"
    assert metric(page, "Past the due date") == "₦700k"
    assert len(page.get("plotly_chart")) == 2

    press(page, "See 1 payout")
    assert page.query_params == {"tab": "all-payouts", "overdue": "yes"}
    assert cells(page, "Payout") == [late.payout_code]


# The list


def test_a_filter_without_rows_says_what_to_do(payouts: Open) -> None:
    page = payouts(Role.VIEWER, tab="all-payouts", status="paid")

    assert any(told.startswith("No payout is like this:") for told in texts(page))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "paid"}, ["paid"]),
        ({"status": "no such thing"}, ["late", "paid"]),
        ({"overdue": "yes"}, ["late"]),
        ({"q": "zainab"}, ["late"]),
        ({"month": "{before:%Y-%m}"}, ["paid"]),
        ({"paid": "{today:%Y-%m}"}, ["paid"]),
        ({"sort": "largest"}, ["paid", "late"]),
        ({"page": "9"}, ["late", "paid"]),
        ({"file": "1"}, []),
    ],
    ids=str,
)
def test_the_address_filters_and_sorts(
    payouts: Open, session: Session, query: dict[str, str], found: list[str]
) -> None:
    paid = make_payout(session, make_owner(session, "Ada Obi").id, "900000")
    pay(session, paid.id)
    late = make_payout(session, make_owner(session, "Zainab Bello").id, "50000", months_ago=3)
    names = {paid.payout_code: "paid", late.payout_code: "late"}

    days = {"today": lagos_today(), "before": last_month()}
    asked = {name: given.format(**days) for name, given in query.items()}
    page = payouts(Role.VIEWER, tab="all-payouts", **asked)

    assert [names[str(code)] for code in cells(page, "Payout")] == found


def test_the_list_is_of_one_hospital_where_it_is_asked_for(payouts: Open, session: Session) -> None:
    owner, hospital = make_owner(session), make_hospital(session, "Lekki General")
    make_contract(session, owner.id, hospital.id)
    make_payout(session, owner.id)
    page = payouts(Role.VIEWER, tab="all-payouts")

    page.selectbox("_filter_hospital").set_value(str(hospital.id)).run()

    assert page.query_params["hospital"] == str(hospital.id)
    assert cells(page, "Payout") == []


def test_a_filter_set_by_a_figure_can_be_taken_away(payouts: Open, session: Session) -> None:
    payout = waiting(session)
    page = payouts(Role.VIEWER, tab="all-payouts", owner=payout.owner_id + 1)
    assert cells(page, "Payout") == []

    press(page, "Only of one owner: show all")

    assert cells(page, "Payout") == [payout.payout_code]


def test_a_queue_of_many_costs_as_many_queries_as_one_of_few(
    payouts: Open, session: Session
) -> None:
    waiting(session)
    page = payouts(Role.APPROVER)
    with executed(session) as few:
        page.run()
    for _ in range(12):
        waiting(session)
    with executed(session) as many:
        page.run()

    assert len(many) == len(few)
