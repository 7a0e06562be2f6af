"""The first page: the morning's figures, and what needs the person who looks."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.clock import lagos_today
from crm_core.campaigns import service as campaigns
from crm_core.payouts import service
from crm_core.payouts.schemas import Because
from crm_core.people.schemas import Role
from tests.make_appointments import begin_ago, make_visit
from tests.make_business import (
    FINANCE,
    approve,
    last_month,
    make_contract,
    make_hospital,
    make_owner,
    make_payout,
    make_revenue,
    pay,
)
from tests.make_campaigns import DRAFTER, make_campaign
from tests.make_feedback import make_feedback
from tests.make_patients import make_patient
from tests.observe import executed, sql
from tests.pages.acting import errors
from tests.privacy.acts import requested

Open = Callable[..., AppTest]


@pytest.fixture
def home(open_page: Open) -> Open:
    """``home(Role.FINANCE)``: the page that the address alone leads to."""
    return partial(open_page, "Home.py")


def figures(page: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in page.metric}


def ways(page: AppTest) -> dict[str, str]:
    """What each link of the page is called, and the page and query that it leads to."""
    links = (link.proto for link in page.get("page_link"))
    return {link.label.replace("\\", ""): f"{link.page}?{link.query_string}" for link in links}


def test_an_empty_house_has_figures_of_nothing_and_nothing_waits(home: Open) -> None:
    page = home(Role.FINANCE, Role.APPROVER)

    assert figures(page) == {
        "Awaiting approval": "₦0",
        "Overdue": "₦0",
        "Paid this month": "₦0",
        "Satisfaction": "–",
        "Visits today": "0",
        "Missed today": "0",
        "Open complaints": "0",
        "Past their time": "0",
        "Campaigns running": "0",
        "Delivered": "–",
        "Loyalty liability": "₦0",
        "Escalated": "0",
    }
    assert "Nothing waits for you." in [text.value for text in page.text]


def test_figures_are_sums_of_what_they_open(home: Open, session: Session) -> None:
    owner = make_owner(session)
    make_payout(session, owner.id, "100000")
    approve(session, make_payout(session, owner.id, "40000", months_ago=3).id)
    pay(session, make_payout(session, owner.id, "250000", months_ago=4).id)

    page = home(Role.VIEWER)

    shown = figures(page)
    assert shown["Awaiting approval"] == "₦100k"
    assert shown["Paid this month"] == "₦250k"
    assert ways(page)["1 payout"].startswith("payouts?")
    assert f"paid={lagos_today():%Y-%m}" in ways(page)["What was paid"]


def test_an_approver_is_led_to_what_others_made(home: Open, session: Session) -> None:
    owner = make_owner(session)
    make_payout(session, owner.id, "100000")
    make_payout(session, owner.id, "5000", months_ago=2)

    needs = ways(home(Role.APPROVER))

    way = needs["2 payouts to approve: ₦105k"]
    assert "tab=to-approve" in way
    assert "not-mine=yes" in way


def test_who_pays_is_led_to_failures_and_to_what_is_approved(home: Open, session: Session) -> None:
    owner = make_owner(session)
    approve(session, make_payout(session, owner.id).id)
    sent = approve(session, make_payout(session, owner.id, months_ago=2).id)
    plan = service.plan_file(session, [sent.id], actor=FINANCE)
    service.commit_file(session, plan.fingerprint, [sent.id], actor=FINANCE)
    service.fail_payout(session, sent.id, Because(reason="account closed"), actor=FINANCE)

    needs = ways(home(Role.FINANCE))

    assert "status=failed" in needs["1 payment failed"]
    assert "status=approved" in needs["1 payout to send to the bank: ₦100k"]


def test_a_month_to_prepare_and_a_contract_about_to_end(home: Open, session: Session) -> None:
    hospital = make_hospital(session)
    make_contract(session, make_owner(session).id, hospital.id, days=20)
    make_revenue(session, hospital.id, "5000000", last_month())

    needs = ways(home(Role.FINANCE))

    month = needs[f"{last_month():%B %Y}: 1 contract without a payout"]
    assert f"month={last_month():%Y-%m}" in month
    assert "contract_status=expiring" in needs["1 contract about to expire"]


def test_a_viewer_is_asked_for_nothing(home: Open, session: Session) -> None:
    owner = make_owner(session)
    make_payout(session, owner.id)
    make_contract(session, owner.id, make_hospital(session).id, days=20)

    page = home(Role.VIEWER)

    assert "Nothing waits for you." in [text.value for text in page.text]


def test_who_has_no_role_yet_is_told_what_to_do(home: Open) -> None:
    page = home()

    assert "You have no role yet: ask an administrator for one." in [t.value for t in page.text]
    assert not page.metric


def test_the_morning_costs_the_same_queries_however_much_there_is(
    home: Open, session: Session
) -> None:
    with executed(session) as empty:
        home(Role.FINANCE, Role.APPROVER)
    owner = make_owner(session)
    for months_ago in range(1, 7):
        make_payout(session, owner.id, months_ago=months_ago)

    with executed(session) as full:
        page = home(Role.FINANCE, Role.APPROVER)

    assert not errors(page)
    assert len(full) == len(empty)


def test_visits_and_feedback_open_exactly_their_rows(home: Open, session: Session) -> None:
    visit = make_visit(session)
    begin_ago(session, visit.id, minutes=0)
    make_feedback(session, type="complaint", hospital_id=visit.hospital_id)
    sql(session, "UPDATE crm_feedback SET response_due_at = now() - interval '1 hour'")

    page = home(Role.VIEWER)

    shown, there = figures(page), ways(page)
    assert (shown["Visits today"], shown["Missed today"]) == ("1", "0")
    assert (shown["Open complaints"], shown["Past their time"]) == ("1", "1")
    today = lagos_today().isoformat()
    assert f"from={today}" in there["Today's visits"]
    assert f"to={today}" in there["Today's visits"]
    assert "status=no_show" in there["Who did not come"]
    assert "type=complaint" in there["The open ones"]
    assert there["Cases that are late"] == "feedback?overdue=yes"


def test_a_hospital_narrows_what_is_kept_by_hospital_and_its_ways(
    home: Open, session: Session
) -> None:
    here, elsewhere = make_hospital(session), make_hospital(session)
    make_feedback(session, type="complaint", hospital_id=elsewhere.id)
    make_payout(session, make_owner(session, hospital_id=elsewhere.id).id, "100000")

    page = home(Role.VIEWER, hospital=here.id)

    assert figures(page)["Open complaints"] == "0"
    assert f"hospital={here.id}" in ways(page)["The open ones"]
    assert f"hospital={here.id}" in ways(page)["0 payouts"]
    assert "of the whole group" in page.caption[0].value


def test_a_state_says_what_it_narrows_and_stays_in_the_ways(home: Open, session: Session) -> None:
    hospital = make_hospital(session)

    page = home(Role.VIEWER, state=hospital.state)

    assert "are of this state" in page.caption[0].value
    for way in ("The open ones", "Today's visits", "0 payouts", "The scores"):
        assert f"state={hospital.state}" in ways(page)[way], way


def test_late_feedback_needs_those_who_work_on_it(home: Open, session: Session) -> None:
    make_feedback(session)
    sql(session, "UPDATE crm_feedback SET response_due_at = now() - interval '1 hour'")

    assert "overdue=yes" in ways(home(Role.VIEWER))["1 case of feedback past their time"]
    assert "1 case of feedback past their time" not in ways(home(Role.ANALYST))


def test_an_approver_is_led_to_campaigns_that_wait(home: Open, session: Session) -> None:
    campaign = make_campaign(session)
    campaigns.submit_campaign(session, campaign.id, actor=DRAFTER)

    assert ways(home(Role.APPROVER))["1 campaign to approve"] == "campaigns?status=pending_approval"
    assert "1 campaign to approve" not in ways(home(Role.FINANCE))


def test_an_approver_is_told_of_those_who_ask_to_be_erased(home: Open, session: Session) -> None:
    requested(session, make_patient(session).patient_code)

    told = "1 request to be erased to decide"
    assert ways(home(Role.APPROVER))[told] == "erasures?state=requested"
    assert told not in ways(home(Role.ADMIN))
