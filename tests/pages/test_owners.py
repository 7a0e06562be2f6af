"""The owners page: the list, an owner's own page, and every form on it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.clock import lagos_today
from crm_core.hospitals import queries as hospitals
from crm_core.hospitals.schemas import HospitalFilter
from crm_core.owners import contracts, queries, service
from crm_core.owners.schemas import (
    ContractFilter,
    ContractStatus,
    OwnerFilter,
    OwnerStatus,
    OwnerUpdate,
    SurveyCreate,
)
from crm_core.people.schemas import Role
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
from tests.observe import executed
from tests.pages.acting import Value, cells, errors, fill, labels, press

Open = Callable[..., AppTest]
VIEWERS = [Role.VIEWER, Role.APPROVER, Role.ANALYST]
GOOD = {"first_name": "Ngozi", "last_name": "Eze", "email": "ngozi@eze.ng", "phone": "08031234567"}


@pytest.fixture
def owners(open_page: Open) -> Open:
    """``owners(Role.FINANCE, owner=3)``: the owners page at that address."""
    return partial(open_page, "pages/owners.py")


def metric(page: AppTest, label: str) -> str:
    return str(next(m.value for m in page.metric if m.label == label))


# The list


def test_an_empty_house_says_what_to_do(owners: Open) -> None:
    page = owners(Role.FINANCE)

    assert metric(page, "Owners") == "0"
    assert metric(page, "Satisfaction") == "–"
    assert "No owners yet: add the first one above." in [t.value for t in page.text]


def test_the_list_shows_each_owner_with_hospital_and_score(owners: Open, session: Session) -> None:
    hospital = make_hospital(session, "Lekki General")
    owner = make_owner(session, "Ada Obi", hospital_id=hospital.id)
    service.record_survey(session, owner.id, SurveyCreate(score=Decimal("4.5")), actor=FINANCE)

    page = owners(Role.VIEWER)

    assert cells(page, "Owner") == ["Ada Obi"]
    assert cells(page, "Hospital") == ["Lekki General"]
    assert cells(page, "Satisfaction") == [4.5]
    assert metric(page, "Satisfaction") == "4.50 / 5"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "ade"}, ["Adebayo Ogun"]),
        ({"status": "suspended"}, ["Adebayo Ogun"]),
        ({"payment": "overdue"}, ["Zainab Bello"]),
        ({"sort": "name"}, ["Zainab Bello", "Adebayo Ogun"]),
        ({"status": "no such thing"}, ["Zainab Bello", "Adebayo Ogun"]),
        ({"q": "nobody"}, []),
    ],
    ids=str,
)
def test_the_address_filters_and_sorts(
    owners: Open, session: Session, query: dict[str, str], found: list[str]
) -> None:
    make_owner(session, "Adebayo Ogun", status="suspended")
    late = make_owner(session, "Zainab Bello")
    approve(session, make_payout(session, late.id, months_ago=3).id)

    assert cells(owners(Role.VIEWER, **query), "Owner") == found


def test_a_filter_that_a_person_sets_is_in_the_address(owners: Open, session: Session) -> None:
    make_owner(session, "Ada Obi", status="inactive")
    page = owners(Role.VIEWER)

    page.selectbox("_filter_status").set_value("active").run()

    assert page.query_params["status"] == "active"
    assert cells(page, "Owner") == []


def test_the_card_of_overdue_owners_opens_them_and_no_others(
    owners: Open, session: Session
) -> None:
    make_owner(session, "Ada Obi")
    late = make_owner(session, "Zainab Bello")
    approve(session, make_payout(session, late.id, months_ago=3).id)
    page = owners(Role.VIEWER, q="ada")

    assert metric(page, "Owners overdue") == "1"
    press(page, "Who waits too long")

    assert cells(page, "Owner") == ["Zainab Bello"]


# A new owner, and a change


def test_errors_stand_by_their_fields_and_then_the_owner_is_made(
    owners: Open, session: Session
) -> None:
    page = press(owners(Role.FINANCE), "New owner")
    fill(page, **{**GOOD, "last_name": "", "email": "nobody", "phone": "12"})

    press(page, "Add the owner")
    assert set(errors(page)) == {
        "This is required.",
        "Give an email address such as ada@hospital.ng.",
        "Give a Nigerian mobile number such as 0803 123 4567.",
    }
    fill(page, **GOOD)
    press(page, "Add the owner")

    (made,) = queries.list_owners(OwnerFilter()).page(session).rows
    assert (made.name, made.phone) == ("Ngozi Eze", "+2348031234567")
    assert page.query_params["owner"] == str(made.id)
    assert page.header[0].value == "Ngozi Eze"


def test_an_email_that_is_taken_is_said_at_its_field(owners: Open, session: Session) -> None:
    make_owner(session, email="ngozi@eze.ng")
    page = owners(Role.FINANCE, new="yes")

    press(fill(page, **GOOD), "Add the owner")

    assert errors(page) == ["Another owner has this email address."]


def test_an_edit_changes_what_was_changed_and_keeps_the_nin(owners: Open, session: Session) -> None:
    owner = make_owner(session, "Ada Obi", nin="12345678901", notes="Calls after four")
    page = owners(Role.FINANCE, owner=owner.id)

    press(page, "Edit")
    fill(page, first_name="Adaeze", status="inactive", notes="")
    press(page, "Save")

    changed = queries.get_owner(session, owner.id)
    assert (changed.name, changed.status) == ("Adaeze Obi", OwnerStatus.INACTIVE)
    assert (changed.nin, changed.notes) == ("*******8901", None)
    assert page.header[0].value == "Adaeze Obi"


def test_an_edit_of_what_somebody_else_changed_is_refused_and_says_so(
    owners: Open, session: Session
) -> None:
    owner = make_owner(session, "Ada Obi")
    page = press(owners(Role.FINANCE, owner=owner.id), "Edit")
    theirs = OwnerUpdate(first_name="Zainab")
    service.update_owner(session, owner.id, theirs, actor=FINANCE)

    press(fill(page, last_name="Mine"), "Save")

    assert errors(page) == [
        "Somebody changed this owner since you opened it: look at it again, then edit."
    ]
    assert queries.get_owner(session, owner.id).name == "Zainab Obi"

    press(page, "Show what it is now")
    press(fill(page, last_name="Mine"), "Save")
    assert queries.get_owner(session, owner.id).name == "Zainab Mine"


# An owner's own page


def test_an_unknown_owner_is_a_sentence(owners: Open) -> None:
    page = owners(Role.VIEWER, owner=999_999)

    assert errors(page) == ["Owner not found"]
    assert "All owners" in labels(page)


def test_what_waits_and_what_was_paid_is_on_the_page(owners: Open, session: Session) -> None:
    owner = make_owner(session)
    paid = pay(session, make_payout(session, owner.id, "250000", months_ago=2).id)
    waiting = make_payout(session, owner.id, "100000")

    overview = owners(Role.VIEWER, owner=owner.id)
    history = owners(Role.VIEWER, owner=owner.id, tab="payouts")
    of_one_month = owners(
        Role.VIEWER, owner=owner.id, tab="payouts", month=f"{paid.period_end:%Y-%m}", state="paid"
    )

    assert cells(overview, "Payout") == [waiting.payout_code]
    assert cells(history, "Payout") == [waiting.payout_code, paid.payout_code]
    assert cells(of_one_month, "Payout") == [paid.payout_code]


def test_a_survey_moves_the_score(owners: Open, session: Session) -> None:
    owner = make_owner(session)
    service.record_survey(session, owner.id, SurveyCreate(score=Decimal(3)), actor=FINANCE)
    page = owners(Role.FINANCE, owner=owner.id, tab="satisfaction")

    press(fill(page, score="6"), "Record the survey")
    assert errors(page) == ["Give 5 or less."]
    press(fill(page, score="5", nps="9", comment="Better"), "Record the survey")

    assert queries.get_owner(session, owner.id).satisfaction_score == Decimal("4.00")
    assert sorted(map(str, cells(page, "Score"))) == ["3.0", "5.0"]


def test_a_conversation_is_noted_by_whoever_sees_owners(owners: Open, session: Session) -> None:
    owner = make_owner(session)
    page = owners(Role.VIEWER, owner=owner.id, tab="conversations")

    press(page, "Note it")
    assert errors(page) == ["This is required."]
    press(fill(page, summary="Asked about *October*"), "Note it")

    assert cells(page, "What was said") == ["Asked about *October*"]
    assert queries.get_owner(session, owner.id).last_contact_date == lagos_today()


def test_the_check_digit_is_judged_while_the_account_is_typed(
    owners: Open, session: Session
) -> None:
    owner = make_owner(session)
    page = owners(Role.FINANCE, owner=owner.id, tab="bank-account")

    page.selectbox[-1].set_value("First Bank")
    page.text_input[-2].set_value("0000000221").run()
    assert "does not hold" in page.warning[0].value
    page.text_input[-2].set_value("0000000220").run()
    assert not page.warning
    press(page, "Save the account")

    account = queries.get_account(session, owner.id)
    assert account is not None
    assert (account.account_number, account.nuban_ok) == ("******0220", True)


def test_a_wrong_account_number_is_said_at_its_field(owners: Open, session: Session) -> None:
    owner = make_owner(session)
    page = owners(Role.FINANCE, owner=owner.id, tab="bank-account")

    page.selectbox[-1].set_value("First Bank")
    page.text_input[-2].set_value("12ab")
    press(page, "Save the account")

    assert errors(page) == ["Give 10 digits."]


def test_whole_numbers_are_shown_for_a_reason_that_is_kept(owners: Open, session: Session) -> None:
    owner = make_owner(session, nin="12345678901")
    page = owners(Role.FINANCE, owner=owner.id)
    assert "12345678901" not in str(page.main)

    press(page, "Show them")
    assert errors(page) == ["Give at least 3 characters."]
    press(fill(page, "reveal", reason="the bank asked"), "Show them")

    assert [code.value for code in page.code] == ["12345678901", "0000014579"]
    kept = session.execute(
        text("SELECT why FROM crm_history WHERE action = 'reveal' AND record_id = :id"),
        {"id": owner.id},
    )
    assert kept.scalars().all() == ["the bank asked"]
    assert not press(page, "Hide them").code


# Contracts


def test_a_contract_is_drafted_signed_renewed_and_ended(owners: Open, session: Session) -> None:
    hospital = make_hospital(session)
    owner = make_owner(session, hospital_id=hospital.id)
    today = lagos_today()
    page = owners(Role.FINANCE, owner=owner.id, tab="contracts")
    terms: dict[str, Value] = {"revenue_share_percent": "12.5", "start_date": today}

    press(fill(page, **terms, end_date=today), "Draft the contract")
    assert errors(page) == ["Give an end after the start."]
    press(fill(page, end_date=today + timedelta(days=300)), "Draft the contract")
    (contract,) = contracts.list_contracts(ContractFilter(owner_id=owner.id)).page(session).rows
    assert contract.status is ContractStatus.DRAFT

    page = owners(Role.FINANCE, owner=owner.id, tab="contracts", contract=contract.id)
    press(page, "Sign: put it into force")
    assert contracts.get_contract(session, contract.id).status is ContractStatus.ACTIVE

    press(fill(page, "renew", end_date=today + timedelta(days=900)), "Renew it")
    wanted = ContractFilter(owner_id=owner.id)
    renewed, _ = contracts.list_contracts(wanted).page(session).rows
    assert renewed.renewed_from_id == contract.id

    press(fill(page, "terminate", reason="sold the hospital"), "End it")
    assert contracts.get_contract(session, contract.id).status is ContractStatus.TERMINATED


def test_a_second_signed_contract_for_the_same_time_is_refused(
    owners: Open, session: Session
) -> None:
    hospital, owner = make_hospital(session), make_owner(session)
    make_contract(session, owner.id, hospital.id)
    second = make_contract(session, owner.id, hospital.id, signed=False)
    page = owners(Role.FINANCE, owner=owner.id, tab="contracts", contract=second.id)

    press(page, "Sign: put it into force")

    assert "has a signed contract for this hospital" in errors(page)[0]


def test_contracts_are_listed_by_status(owners: Open, session: Session) -> None:
    hospital, ada, zainab = make_hospital(session), make_owner(session), make_owner(session, "Z B")
    make_contract(session, ada.id, hospital.id)
    make_contract(session, zainab.id, hospital.id, days=20)

    page = owners(Role.VIEWER, tab="contracts", contract_status="expiring")

    assert cells(page, "Owner") == ["Z B"]


# Hospitals


def test_a_hospital_is_added_and_its_revenue_recorded_and_corrected(
    owners: Open, session: Session
) -> None:
    page = owners(Role.FINANCE, tab="hospitals")
    press(page, "Add the hospital")
    assert errors(page) == ["This is required."] * 3
    press(fill(page, name="Enugu Care", city="Enugu", state="Enugu"), "Add the hospital")
    (made,) = hospitals.list_hospitals(HospitalFilter()).page(session).rows

    page = owners(Role.FINANCE, tab="hospitals", hospital=made.id)
    press(fill(page, gross_revenue="lots"), "Record the revenue")
    assert errors(page) == ["Give a number."]
    press(fill(page, gross_revenue="₦18,500,000.50"), "Record the revenue")
    press(fill(page, gross_revenue="19,000,000"), "Record the revenue")

    (taken,) = hospitals.revenue_of(session, [made.id], last_month())
    assert (taken.month, taken.gross_revenue) == (last_month(), Decimal("19000000.00"))


def test_an_owners_page_shows_what_the_hospital_takes_in(owners: Open, session: Session) -> None:
    hospital = make_hospital(session, "Lekki General")
    owner = make_owner(session, hospital_id=hospital.id)
    make_revenue(session, hospital.id, "5000000", last_month())

    page = owners(Role.VIEWER, owner=owner.id, tab="hospital-revenue")

    assert cells(page, "Revenue") == [5_000_000.0]


# Who may do what


@pytest.mark.parametrize("role", VIEWERS)
def test_who_may_not_write_sees_no_form_that_does(
    owners: Open, session: Session, role: Role
) -> None:
    hospital = make_hospital(session)
    owner = make_owner(session, hospital_id=hospital.id)
    contract = make_contract(session, owner.id, hospital.id)
    tabs = ("overview", "contracts", "satisfaction", "bank-account", "hospital-revenue")
    pages = [
        owners(role, new="yes"),
        owners(role, tab="hospitals"),
        *(owners(role, owner=owner.id, tab=t, contract=contract.id, edit="yes") for t in tabs),
    ]

    writing = {"New owner", "Add the owner", "Add the hospital", "Edit", "Save", "Renew it"}
    writing |= {"Draft the contract", "End it", "Record the survey", "Save the account"}
    writing |= {"Record the revenue"}
    assert not writing & set().union(*map(labels, pages))


def test_a_viewer_cannot_ask_for_whole_numbers(owners: Open, session: Session) -> None:
    owner = make_owner(session, nin="12345678901")

    assert "Show them" not in labels(owners(Role.VIEWER, owner=owner.id))


def test_the_list_costs_the_same_queries_whatever_its_length(
    owners: Open, session: Session
) -> None:
    make_owner(session)
    with executed(session) as for_one:
        owners(Role.VIEWER)
    for _ in range(9):
        make_owner(session)

    with executed(session) as for_ten:
        page = owners(Role.VIEWER)

    assert len(cells(page, "Owner")) == 10
    assert len(for_ten) == len(for_one)
