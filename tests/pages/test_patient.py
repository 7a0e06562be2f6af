"""A patient's own page: who, points, rewards, history; editing and the status."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.loyalty import queries, service
from crm_core.loyalty.schemas import Earn, MemberRead, Redeem, Tier, TransactionFilter
from crm_core.patients import service as patients
from crm_core.patients.schemas import PatientStatus, PatientUpdate
from crm_core.people.schemas import Role
from tests.make_feedback import make_feedback
from tests.make_patients import ADJUSTER, DESK, join, make_patient, make_reward
from tests.pages.acting import (
    cells,
    chips,
    errors,
    fill,
    htmls,
    labels,
    metric,
    press,
    texts,
)

Open = Callable[..., AppTest]
WRITING = {"Edit", "Change the status", "Merge with another"}
REDEEMING = {"Redeem", "Redeem them", "Cancel the redemption"}
ADJUSTING = {"Give them", "Correct it", "Set it"}


@pytest.fixture
def open_patient(open_page: Open) -> Callable[..., AppTest]:
    """``open_patient(Role.VIEWER, 3, tab="points")``: that patient's page."""

    def open_it(role: Role, patient: int | str, **query: object) -> AppTest:
        return open_page("pages/patients.py", role, patient=patient, **query)

    return open_it


@pytest.fixture
def points_tab(open_patient: Open) -> Open:
    """The tab Points, as whoever may adjust sees it."""
    return partial(open_patient, Role.FINANCE, tab="points")


@pytest.fixture
def rewards_tab(open_patient: Open) -> Open:
    """The tab Rewards, as the desk sees it."""
    return partial(open_patient, Role.VIEWER, tab="rewards")


def now(session: Session, patient: MemberRead) -> MemberRead:
    return queries.get_member(session, patient.id)


def give(session: Session, patient: MemberRead, points: int) -> None:
    data = Earn(points=points, description="Delivery")
    service.earn(session, patient.id, data, actor=ADJUSTER)


def history(session: Session, action: str) -> list[str]:
    found = session.execute(
        text("SELECT why FROM crm_history WHERE action = :action ORDER BY id"), {"action": action}
    )
    return list(found.scalars())


# Opening


def test_the_page_says_who_it_is_with_numbers_masked(open_patient: Open, session: Session) -> None:
    ada = make_patient(
        session, "Ada <b>Obi", nin="12345678901", allergies=["Penicillin"], lga="Eti-Osa"
    )

    page = open_patient(Role.VIEWER, ada.id)

    assert "Ada <b>Obi" in page.header[0].value.replace("\\", "")
    shown = "".join(htmls(page))
    assert "*******8901" in shown
    assert "12345678901" not in str(page.main)
    assert "Allergic: Penicillin" in shown
    assert [warning.value for warning in page.warning] == [
        "Nobody to call is known: ask for a name and a phone."
    ]
    tabs = [tab.label for tab in page.tabs]
    assert {"Who", "Points", "Rewards", "Messages", "History"} <= set(tabs)
    assert (tabs[0], tabs[-1]) == ("Who", "History")


@pytest.mark.parametrize("asked", ["999999", "PAT-999999", "9" * 30, "<nobody>"])
def test_an_address_of_nobody_says_so(open_patient: Open, asked: str) -> None:
    assert errors(open_patient(Role.VIEWER, asked)) == ["Patient not found"]


def test_a_code_leads_to_the_patient(open_patient: Open, session: Session) -> None:
    ada = make_patient(session)

    page = open_patient(Role.VIEWER, ada.patient_code.lower())

    assert page.query_params["patient"] == str(ada.id)
    assert not page.info


@pytest.mark.parametrize("by", ["id", "patient_code"])
def test_a_merged_record_leads_to_the_one_that_stayed(
    open_patient: Open, session: Session, by: str
) -> None:
    stays, gone = make_patient(session, "Ada Obi"), make_patient(session, "Ada Oby")
    join(session, stays.id, gone.id, why="one person")

    page = open_patient(Role.VIEWER, getattr(gone, by))

    assert page.query_params["patient"] == str(stays.id)
    assert page.header[0].value.startswith("Ada Obi")
    assert "was merged into this one" in page.info[0].value


def test_a_reading_is_in_the_history_once_an_opening(open_patient: Open, session: Session) -> None:
    ada, zainab = make_patient(session), make_patient(session, "Zainab Bello")
    page = open_patient(Role.VIEWER, ada.id)
    page.run()
    page.run()
    assert len(history(session, "read")) == 1

    page.query_params["patient"] = str(zainab.id)
    page.run()
    page.query_params["patient"] = str(ada.id)
    page.run()

    assert len(history(session, "read")) == 3


def test_the_whole_nin_is_shown_for_a_reason_and_only_of_this_patient(
    open_patient: Open, session: Session
) -> None:
    ada = make_patient(session, nin="12345678901")
    other = make_patient(session, "Zainab Bello", nin="12345678902")
    page = open_patient(Role.APPROVER, ada.id)

    press(page, "Show it")
    assert errors(page) == ["Give at least 3 characters."]
    press(fill(page, "reveal", reason="the insurer asked"), "Show it")
    assert [code.value for code in page.code] == ["12345678901"]
    assert history(session, "reveal") == ["the insurer asked"]

    page.query_params["patient"] = str(other.id)
    assert not page.run().code


def test_a_viewer_cannot_ask_for_the_whole_nin(open_patient: Open, session: Session) -> None:
    ada = make_patient(session, nin="12345678901")

    assert "Show it" not in labels(open_patient(Role.VIEWER, ada.id))


# Changing


def test_a_patient_is_edited(open_patient: Open, session: Session) -> None:
    ada = make_patient(session, "Ada Obi", nin="12345678901", state="Lagos", lga="Surulere")
    page = press(open_patient(Role.VIEWER, ada.id), "Edit")
    assert page.query_params["do"] == "edit"
    assert "Nothing is changed yet" in texts(page)

    fill(page, state="Kano").run()
    page.toggle[0].set_value(False)
    fill(page, middle_name="Chidinma", date_of_birth=date(1991, 1, 2), lga="Dala").run()
    press(page, "Save")

    after = now(session, ada)
    assert (after.middle_name, after.state, after.lga) == ("Chidinma", "Kano", "Dala")
    assert after.date_of_birth == date(1991, 1, 2)
    assert after.nin == "*******8901"
    assert not after.communication_preferences.sms
    assert "do" not in page.query_params


def test_an_edit_is_judged_while_it_is_typed(open_patient: Open, session: Session) -> None:
    ada = make_patient(session)
    page = open_patient(Role.VIEWER, ada.id, do="edit")

    fill(page, last_name="", phone="555").run()

    assert errors(page) == [
        "This cannot be empty.",
        "Give a Nigerian mobile number such as 0803 123 4567.",
    ]


def test_an_edit_of_what_somebody_else_changed_is_refused(
    open_patient: Open, session: Session
) -> None:
    ada = make_patient(session)
    page = open_patient(Role.VIEWER, ada.id, do="edit")
    patients.update_patient(session, ada.id, PatientUpdate(city="Ikeja"), actor=DESK)

    press(fill(page, city="Badagry").run(), "Save")
    assert "Somebody changed this patient since you opened the form" in errors(page)[0]
    assert now(session, ada).city == "Ikeja"

    press(page, "Show what it is now")
    press(fill(page, city="Badagry").run(), "Save")
    assert now(session, ada).city == "Badagry"


def test_a_status_is_changed_with_its_reason(open_patient: Open, session: Session) -> None:
    ada = make_patient(session)
    page = press(open_patient(Role.VIEWER, ada.id), "Change the status")

    press(page, "Change it")
    assert errors(page) == ["This is required.", "Give at least 3 characters."]
    press(fill(page, status="inactive", reason="moved to Accra"), "Change it")

    assert now(session, ada).status is PatientStatus.INACTIVE
    assert "moved to Accra" in history(session, "status")
    assert "do" not in page.query_params


# Points


def test_the_balance_is_explained(points_tab: Open, session: Session) -> None:
    ada = make_patient(session)
    give(session, ada, 400)
    data = Redeem(points=40, description="A towel")
    service.redeem(session, ada.id, data, actor=DESK)

    page = points_tab(ada.id)

    assert metric(page, "Points") == "460"
    assert metric(page, "Tier") == "Bronze"
    assert metric(page, "Earned in the last 12 months") == "400"
    assert cells(page, "Left") == [60, 400]
    assert cells(page, "Used for") == ["40 A towel", ""]
    assert cells(page, "From") == ["Welcome", "Given"]
    assert cells(page, "Balance") == [460, 500, 100]
    (way,) = page.get("progress")
    assert way.proto.text.startswith("100 more points to Silver")


def test_the_ledger_is_filtered_by_kind(points_tab: Open, session: Session) -> None:
    ada = make_patient(session)
    data = Redeem(points=40, description="A towel")
    service.redeem(session, ada.id, data, actor=DESK)

    page = points_tab(ada.id, kind="redeemed")

    assert cells(page, "Balance") == [60]


def test_points_are_given_and_the_tier_rises(points_tab: Open, session: Session) -> None:
    ada = make_patient(session)
    page = points_tab(ada.id)

    press(page, "Give them")
    assert errors(page) == ["This is required."] * 2
    press(fill(page, "give", points="1,000", description="Delivery"), "Give them")

    assert now(session, ada).loyalty_tier is Tier.GOLD
    page.run()
    assert chips(page, "To")[0] == ["Gold"]


def test_a_balance_is_corrected_within_what_is_there(points_tab: Open, session: Session) -> None:
    ada = make_patient(session)
    page = points_tab(ada.id)

    press(fill(page, "correct", points="-101", reason="counted twice"), "Correct it")
    assert errors(page) == ["Not enough points: 100 of 101."]
    press(fill(page, "correct", points="-30"), "Correct it")

    assert now(session, ada).loyalty_points == 70
    (latest, _) = queries.list_transactions(TransactionFilter()).page(session).rows
    assert latest.description == "counted twice"


def test_a_tier_is_set_by_hand_with_a_reason(points_tab: Open, session: Session) -> None:
    ada = make_patient(session)
    page = points_tab(ada.id)

    press(fill(page, "standing", tier="gold"), "Set it")
    assert errors(page) == ["Give at least 3 characters."]
    press(fill(page, "standing", tier="gold", reason="the chief's guest"), "Set it")

    assert now(session, ada).loyalty_tier is Tier.GOLD
    assert any("the chief's guest" in str(why) for why in cells(page, "Why"))


# Rewards


def test_rewards_say_what_they_cost_and_who_can_have_them(
    rewards_tab: Open, session: Session
) -> None:
    ada = make_patient(session)
    make_reward(session, 50, name="Towel")
    make_reward(session, 80, name="Check", tier_cost=60, tier_cost_from="bronze", stock=3)
    make_reward(session, 90, name="Suite", minimum_tier="gold")
    make_reward(session, 300, name="Screening")

    page = rewards_tab(ada.id)

    assert cells(page, "Reward") == ["Towel", "Check", "Suite", "Screening"]
    assert cells(page, "Cost") == [50, 60, 90, 300]
    assert cells(page, "Can have it") == [
        "Yes",
        "Yes",
        "Suite is for gold members and above.",
        "200 points short",
    ]
    assert cells(page, "Left") == ["No limit", "3", "No limit", "No limit"]
    assert page.selectbox[0].options == ["Towel: 50 points", "Check: 60 points"]


def test_without_rewards_the_tab_says_so(rewards_tab: Open, session: Session) -> None:
    page = rewards_tab(make_patient(session).id)

    assert "No rewards are offered at present." in texts(page)
    assert "Nothing was redeemed yet." in texts(page)


def test_a_reward_is_redeemed_and_given_back(rewards_tab: Open, session: Session) -> None:
    ada = make_patient(session)
    reward = make_reward(session, 60, name="Check", stock=1)
    page = rewards_tab(ada.id)

    press(page, "Redeem")
    assert "Give a reward, or points with a description." in errors(page)
    page.selectbox[0].set_value(reward.id)
    press(page, "Redeem")
    assert now(session, ada).loyalty_points == 40
    assert cells(page, "What for") == ["Check"]

    (taken,) = queries.redemptions_of(session, ada.id)
    page = rewards_tab(ada.id, redemption=taken.id)
    press(fill(page, "cancel", reason="came too late"), "Cancel the redemption")
    assert now(session, ada).loyalty_points == 100
    assert "This redemption was cancelled: its points are back." in texts(page)
    assert cells(page, "Left") == ["1"]


def test_points_are_redeemed_for_something_else_within_the_balance(
    rewards_tab: Open, session: Session
) -> None:
    ada = make_patient(session)
    page = rewards_tab(ada.id)

    press(fill(page, "redeem", points="101", description="A towel"), "Redeem them")
    assert errors(page) == ["Not enough points: 100 of 101."]
    press(fill(page, "redeem", points="30"), "Redeem them")

    assert now(session, ada).loyalty_points == 70


# History


def test_the_history_tells_what_was_changed_and_on_request_who_looked(
    open_patient: Open, session: Session
) -> None:
    ada = make_patient(session)
    patients.update_patient(session, ada.id, PatientUpdate(city="Ikeja"), actor=DESK)

    page = open_patient(Role.VIEWER, ada.id, tab="history")
    assert cells(page, "What") == ["City: Lagos → Ikeja", "Registered"]

    page.toggle[0].set_value(True).run()
    assert cells(page, "What")[0] == "Record opened"


def test_the_history_names_the_record_that_was_merged_into_this_one(
    open_patient: Open, session: Session
) -> None:
    ada, gone = make_patient(session), make_patient(session)
    join(session, ada.id, gone.id, why="one person")

    page = open_patient(Role.VIEWER, ada.id, tab="history")

    assert f"{gone.patient_code} was merged into this record" in cells(page, "What")


# Who may do what


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.VIEWER, WRITING | REDEEMING),
        (Role.CAMPAIGNER, WRITING | REDEEMING),
        (Role.FINANCE, ADJUSTING),
        (Role.APPROVER, set()),
        (Role.ANALYST, set()),
    ],
)
def test_each_role_sees_the_buttons_that_it_may_press(
    open_patient: Open, session: Session, role: Role, allowed: set[str]
) -> None:
    ada = make_patient(session)
    make_reward(session, 20)
    data = Redeem(points=10, description="A towel")
    service.redeem(session, ada.id, data, actor=DESK)
    (taken,) = queries.redemptions_of(session, ada.id)
    pages = [
        open_patient(role, ada.id),
        open_patient(role, ada.id, tab="points"),
        open_patient(role, ada.id, tab="rewards", redemption=taken.id),
    ]

    seen = set().union(*map(labels, pages))

    assert seen & (WRITING | REDEEMING | ADJUSTING) == allowed


@pytest.mark.parametrize("doing", ["edit", "status", "merge"])
def test_an_address_opens_no_form_to_who_may_not_write(
    open_patient: Open, session: Session, doing: str
) -> None:
    page = open_patient(Role.ANALYST, make_patient(session).id, do=doing)

    assert not {"Save", "Change it"} & labels(page)
    assert page.tabs


def test_what_a_patient_said_stands_on_their_page(visit: Open, session: Session) -> None:
    patient = make_patient(session)
    make_feedback(session, source_type="patient", source_id=patient.id, subject="Long wait")
    make_feedback(session, subject="Of somebody else")
    page = visit("pages/patients.py", Role.VIEWER, patient=patient.id, tab="feedback")
    assert "Long wait" in str(cells(page, "What"))
    assert "somebody else" not in str(cells(page, "What"))


def test_who_said_nothing_is_told_so(visit: Open, session: Session) -> None:
    page = visit("pages/patients.py", Role.VIEWER, patient=make_patient(session).id, tab="feedback")
    assert any("has not said anything" in text for text in texts(page))
