"""The tabs of making and paying: a month, one by hand, the bank's file and statement, tax rates."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from crm_core.base.clock import month_end
from crm_core.payouts import bank_files, queries, service
from crm_core.payouts.schemas import PayoutFilter, PayoutRead, PayoutStatus
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
)
from tests.observe import sql
from tests.pages.acting import (
    Value,
    cells,
    choose,
    errors,
    fill,
    htmls,
    labels,
    metric,
    press,
    texts,
)

Open = Callable[..., AppTest]


@pytest.fixture
def payouts(visit: Open) -> Open:
    """``payouts(Role.FINANCE, tab="make")``: the payouts page at that address."""
    return partial(visit, "pages/payouts.py")


def approved(session: Session, gross: str = "100000") -> PayoutRead:
    return approve(session, make_payout(session, make_owner(session).id, gross).id)


def all_payouts(session: Session) -> list[PayoutRead]:
    return list(queries.list_payouts(PayoutFilter()).page(session).rows)


def field(page: AppTest, label: str) -> TextInput:
    """The first field with this label."""
    return next(each for each in page.text_input if each.label == label)


def tabs(page: AppTest) -> list[str]:
    return [tab.label for tab in page.tabs]


@pytest.mark.parametrize(
    ("role", "more"), [(Role.VIEWER, []), (Role.APPROVER, []), (Role.FINANCE, ["Make", "Pay"])]
)
def test_making_and_paying_are_there_for_whoever_may(
    payouts: Open, role: Role, more: list[str]
) -> None:
    shown = tabs(payouts(role, tab="make"))

    assert shown == ["To approve", "Pipeline", "All payouts", *more, "Tax rates"]


# A month


def test_a_month_is_prepared_from_a_plan(payouts: Open, session: Session) -> None:
    owner, hospital = make_owner(session), make_hospital(session)
    make_contract(session, owner.id, hospital.id)
    make_contract(session, make_owner(session).id, make_hospital(session).id)
    make_revenue(session, hospital.id, "10000000", last_month())
    page = payouts(Role.FINANCE, tab="make")

    press(page, "Look at the month")
    figures = [metric(page, name) for name in ("Payouts", "Gross", "Withholding tax", "Left out")]
    assert figures == ["1", "₦1,000,000.00", "₦100,000.00", "1"]
    assert not all_payouts(session)
    press(page, "Make 1 payout · ₦900,000.00")

    (payout,) = all_payouts(session)
    assert (payout.net_amount, payout.status) == (Decimal(900_000), PayoutStatus.PENDING)
    assert "Done: 1 record changed, 1 refused." in texts(page)


def test_a_month_without_contracts_has_nothing_to_confirm(payouts: Open) -> None:
    page = press(payouts(Role.FINANCE, tab="make"), "Look at the month")

    (confirm,) = [each for each in page.button if each.label.startswith("Make 0 payouts")]
    assert confirm.disabled


# One by hand


def test_a_payout_is_made_by_hand(payouts: Open, session: Session) -> None:
    owner = make_owner(session)
    page = payouts(Role.FINANCE, tab="make", do="by-hand")
    fill(
        page,
        "new-payout",
        owner_id=owner.id,
        period_start=last_month(),
        period_end=month_end(last_month()),
        gross_revenue="₦4,500,000",
        net_amount="4,400,000.00",
    )
    field(page, "For what").set_value("Fee")
    field(page, "Amount (₦)").set_value("100,000")

    press(page, "Make the payout")

    (payout,) = all_payouts(session)
    assert payout.net_amount == Decimal(4_400_000)
    (item,) = queries.deductions_of(session, [payout.id])
    assert (item.description, item.amount) == ("Fee", Decimal(100_000))
    assert not errors(page)


def test_every_empty_field_of_a_new_payout_says_that_it_is_required(payouts: Open) -> None:
    page = press(payouts(Role.FINANCE, tab="make", do="by-hand"), "Make the payout")

    assert errors(page) == ["This is required."] * 5


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"gross_revenue": "four million"}, "Give a number."),
        ({"gross_revenue": "-5"}, "Give 0 or more."),
        ({"net_amount": "5,000"}, "The net amount must be the gross less the deductions."),
        ({"period_end": date(2020, 1, 1)}, "Give an end on or after the start of the period."),
        ({"account_number": "12"}, "Give 10 digits."),
    ],
    ids=str,
)
def test_a_mistake_in_a_new_payout_is_said_beside_its_field(
    payouts: Open, session: Session, given: dict[str, Value], sentence: str
) -> None:
    right: dict[str, Value] = {
        "owner_id": make_owner(session).id,
        "period_start": last_month(),
        "period_end": month_end(last_month()),
        "gross_revenue": "1000",
        "net_amount": "1000",
    }
    page = payouts(Role.FINANCE, tab="make", do="by-hand")

    fill(page, "new-payout", **(right | given))
    press(page, "Make the payout")

    assert errors(page) == [sentence]
    assert not all_payouts(session)


# The bank's file


def test_without_approved_payouts_the_tab_says_what_to_do(payouts: Open) -> None:
    page = payouts(Role.FINANCE, tab="pay")

    assert any(told.startswith("No payout is approved and unpaid.") for told in texts(page))
    assert "No bank file yet: choose approved payouts above." in texts(page)
    assert "All that are approved" not in labels(page)


def test_chosen_payouts_go_into_a_file_that_can_be_downloaded(
    payouts: Open, session: Session
) -> None:
    chosen, other = approved(session, "300000"), approved(session)
    page = choose(payouts(Role.FINANCE, tab="pay"), "approved", chosen.id)

    press(page, "Look and write the file")
    assert metric(page, "Control total") == "₦300,000.00"
    press(page, "Write the file with 1 payout · ₦300,000.00")

    (file,) = bank_files.list_files(session)
    assert queries.get_payout(session, chosen.id).file_id == file.id
    assert queries.get_payout(session, other.id).status is PayoutStatus.APPROVED
    assert any(f'href="/export/bank-file/{file.id}"' in drawn for drawn in htmls(page))


def test_a_file_opens_by_its_number_however_old_it_is(payouts: Open, session: Session) -> None:
    plan = service.plan_file(session, [approved(session, "300000").id], actor=FINANCE)
    ids = [verdict.id for verdict in plan.verdicts]
    service.commit_file(session, plan.fingerprint, ids, actor=FINANCE)
    (oldest,) = bank_files.list_files(session)
    later = (
        "INSERT INTO crm_payout_files (payout_count, control_total, digest, content_encrypted,"
        " created_by) SELECT 1, 7, digest, content_encrypted, created_by"
        " FROM crm_payout_files, generate_series(1, 50)"
    )
    sql(session, later)

    page = payouts(Role.FINANCE, **{"tab": "pay", "bank-file": oldest.id})

    assert oldest.file_code not in cells(page, "File")
    assert oldest.file_code in [each.value.replace("\\", "") for each in page.subheader]
    assert any(f'href="/export/bank-file/{oldest.id}"' in drawn for drawn in htmls(page))
    nowhere = payouts(Role.FINANCE, **{"tab": "pay", "bank-file": 987654})
    assert errors(nowhere) == ["Bank file not found"]


def test_everything_approved_goes_into_one_file(payouts: Open, session: Session) -> None:
    approved(session), approved(session)
    page = press(payouts(Role.FINANCE, tab="pay"), "All that are approved")

    press(page, "Write the file with 2 payouts · ₦200,000.00")

    assert bank_files.list_files(session)[0].payout_count == 2


def test_a_payout_that_went_away_meanwhile_is_left_out(payouts: Open, session: Session) -> None:
    first, second = approved(session), approved(session)
    page = press(payouts(Role.FINANCE, tab="pay"), "All that are approved")
    plan = service.plan_file(session, [first.id], actor=FINANCE)
    service.commit_file(session, plan.fingerprint, [first.id], actor=FINANCE)

    press(page, "Write the file with 2 payouts · ₦200,000.00")

    assert queries.get_payout(session, second.id).status is PayoutStatus.PROCESSING
    assert queries.get_payout(session, first.id).file_id != bank_files.list_files(session)[0].id
    assert "Done: 1 record changed, 1 refused." in texts(page)


# The bank's statement


def statement(*lines: str) -> bytes:
    return "\n".join(["Date,Narration,Debit,Bank reference", *lines]).encode()


def upload(page: AppTest, content: bytes) -> AppTest:
    page.file_uploader[0].upload("statement.csv", content, "text/csv").run()
    return press(page, "Read the statement")


def test_a_statement_marks_what_it_names_as_paid(payouts: Open, session: Session) -> None:
    payout = approved(session)
    line = f'2026-11-01,TRF {payout.payment_reference},"100,000.00",NIP42'
    page = upload(payouts(Role.FINANCE, tab="pay"), statement(line, "2026-11-02,Charges,50,X"))

    press(page, "Mark 1 payout as paid · ₦100,000.00")

    found = queries.get_payout(session, payout.id)
    assert (found.status, found.bank_reference) == (PayoutStatus.PAID, "NIP42")


def test_a_statement_with_another_amount_pays_nothing(payouts: Open, session: Session) -> None:
    payout = approved(session)
    line = f"2026-11-01,{payout.payment_reference},99,NIP42"

    page = upload(payouts(Role.FINANCE, tab="pay"), statement(line))

    assert cells(page, "Why") == ["The bank says ₦99.00, we say ₦100,000.00."]
    assert metric(page, "Will be paid") == "0"


def test_a_file_that_is_no_statement_is_refused_in_a_sentence(payouts: Open) -> None:
    page = upload(payouts(Role.FINANCE, tab="pay"), b"\xff\xfe\x00")

    assert errors(page) == ["The file is not UTF-8 text: save it as CSV UTF-8."]


# Tax rates


def test_rates_are_there_for_everybody_to_read(payouts: Open) -> None:
    page = payouts(Role.VIEWER, tab="tax-rates")

    assert cells(page, "Rate") == ["10 %"]
    assert "Add the rate" not in labels(page)


def test_an_administrator_adds_a_rate_in_per_cent(payouts: Open, session: Session) -> None:
    page = payouts(Role.ADMIN, tab="tax-rates")

    fill(page, "rate", rate="7.5", holds_from=date(2027, 1, 1))
    press(page, "Add the rate")

    assert queries.list_rates(session)[0].rate == Decimal("0.0750")
    assert cells(page, "Rate") == ["7.5 %", "10 %"]


@pytest.mark.parametrize(
    ("rate", "sentence"),
    [("ten", "Give a number."), ("", "This is required."), ("150", "Give less than 1.")],
)
def test_a_rate_that_is_none_is_refused(payouts: Open, rate: str, sentence: str) -> None:
    page = payouts(Role.ADMIN, tab="tax-rates")

    fill(page, "rate", rate=rate, holds_from=date(2027, 1, 1))
    press(page, "Add the rate")

    assert errors(page) == [sentence]
