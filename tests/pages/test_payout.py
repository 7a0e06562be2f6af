"""One payout's own page: what it shows, and every action with its refusals."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.payouts import queries, service
from crm_core.payouts.schemas import (
    Because,
    DeductionCreate,
    DeductionKind,
    Payment,
    PayoutCreate,
    PayoutRead,
    PayoutStatus,
)
from crm_core.people.schemas import Role
from tests.make_business import (
    FINANCE,
    GOOD_ACCOUNT,
    approve,
    last_month,
    make_owner,
    make_payout,
)
from tests.observe import sql
from tests.pages.acting import cells, errors, fill, htmls, labels, metric, press, texts

Open = Callable[..., AppTest]
S = PayoutStatus


@pytest.fixture
def payout_page(visit: Open) -> Open:
    """``payout_page(Role.FINANCE, payout=3, do="pay")``: one payout's page."""
    return partial(visit, "pages/payouts.py")


@pytest.fixture
def payout(session: Session) -> PayoutRead:
    """A pending payout of ₦100,000."""
    return make_payout(session, make_owner(session).id)


def bring(session: Session, payout: PayoutRead, status: PayoutStatus) -> None:
    """Leads the payout there the way that people do."""
    if status is S.PENDING:
        return
    approve(session, payout.id)
    if status is S.APPROVED:
        return
    plan = service.plan_file(session, [payout.id], actor=FINANCE)
    service.commit_file(session, plan.fingerprint, [payout.id], actor=FINANCE)
    because = Because(reason="So said the bank")
    if status is S.FAILED:
        service.fail_payout(session, payout.id, because, actor=FINANCE)
    elif status is S.UNKNOWN:
        service.suspend_payout(session, payout.id, because, actor=FINANCE)
    elif status is S.PAID:
        service.pay_payout(session, payout.id, Payment(bank_reference="NIP1"), actor=FINANCE)


def actions(page: AppTest) -> list[str]:
    """What the person is offered to do."""
    return [option for group in page.pills for option in group.options]


# What it shows


def test_an_unknown_payout_is_said_to_be_unknown(payout_page: Open) -> None:
    assert errors(payout_page(Role.VIEWER, payout=999)) == ["Payout not found"]


def test_amounts_come_with_their_deductions(payout_page: Open, session: Session) -> None:
    item = DeductionCreate(
        kind=DeductionKind.ADVANCE, description="Advance in June", amount=Decimal(20_000)
    )
    wanted = PayoutCreate(
        owner_id=make_owner(session).id,
        period_start=last_month(),
        period_end=last_month(),
        gross_revenue=Decimal(100_000),
        deduction_items=[item],
        net_amount=Decimal(80_000),
    )
    payout = service.create_payout(session, wanted, actor=FINANCE)

    page = payout_page(Role.VIEWER, payout=payout.id)

    figures = [metric(page, label) for label in ("Gross", "Deductions", "Net", "Approvals")]
    assert figures == ["₦100,000.00", "₦20,000.00", "₦80,000.00", "0 of 1"]
    assert cells(page, "What") == ["Advance in June"]
    assert cells(page, "Amount") == [20_000.0]


def test_its_history_says_who_did_what(
    payout_page: Open, session: Session, payout: PayoutRead
) -> None:
    approve(session, payout.id)

    page = payout_page(Role.VIEWER, payout=payout.id)

    tables = [table.value for table in page.dataframe if "Who" in table.value.columns]
    assert list(tables[0]["What"]) == ["Pending → approved", "Made"]


def test_the_number_stays_masked_for_whoever_may_not_see_it(
    payout_page: Open, payout: PayoutRead
) -> None:
    page = payout_page(Role.VIEWER, payout=payout.id)

    assert any("******4579" in drawn for drawn in htmls(page))
    assert "Show it" not in labels(page)


def test_showing_the_number_takes_a_reason_that_is_kept(
    payout_page: Open, session: Session, payout: PayoutRead
) -> None:
    page = payout_page(Role.FINANCE, payout=payout.id)
    press(page, "Show it")
    assert not page.code

    fill(page, "reveal", why="The bank asks for it")
    press(page, "Show it")

    assert page.code[0].value == GOOD_ACCOUNT.account_number
    kept = sql(session, "SELECT after->>'why' FROM crm_history WHERE action = 'reveal'")
    assert kept.scalars().all() == ["The bank asks for it"]


def test_the_way_back_keeps_tab_and_filters(payout_page: Open, payout: PayoutRead) -> None:
    page = payout_page(Role.VIEWER, tab="all-payouts", status="pending", payout=payout.id)

    press(page, "Back to the list")

    assert page.query_params == {"tab": "all-payouts", "status": "pending"}
    assert cells(page, "Payout") == [payout.payout_code]


# Who may do what, and when


@pytest.mark.parametrize(
    ("role", "status", "offered"),
    [
        (Role.VIEWER, S.PENDING, []),
        (Role.ADMIN, S.APPROVED, []),
        (Role.APPROVER, S.PENDING, ["Approve", "Reject"]),
        (Role.APPROVER, S.APPROVED, ["Undo the approval"]),
        (Role.APPROVER, S.FAILED, ["Approve"]),
        (Role.APPROVER, S.PAID, []),
        (Role.FINANCE, S.PENDING, ["Edit", "Cancel"]),
        (Role.FINANCE, S.APPROVED, ["Mark as paid", "Edit", "Cancel"]),
        (
            Role.FINANCE,
            S.PROCESSING,
            ["Mark as paid", "The bank refused it", "The bank did not answer"],
        ),
        (Role.FINANCE, S.UNKNOWN, ["Settle"]),
        (Role.FINANCE, S.FAILED, ["Edit"]),
        (Role.FINANCE, S.PAID, ["The money came back"]),
    ],
)
def test_offers_what_role_and_state_allow(  # noqa: PLR0917 # fixtures and a table's columns
    payout_page: Open,
    session: Session,
    payout: PayoutRead,
    role: Role,
    status: PayoutStatus,
    offered: list[str],
) -> None:
    bring(session, payout, status)

    assert actions(payout_page(role, payout=payout.id)) == offered


@pytest.mark.parametrize(
    ("role", "before", "do", "button", "after"),
    [
        (Role.APPROVER, S.PENDING, "reject", "Reject", S.REJECTED),
        (Role.FINANCE, S.PENDING, "cancel", "Cancel the payout", S.CANCELLED),
        (Role.FINANCE, S.PROCESSING, "fail", "It failed for good", S.FAILED),
        (Role.FINANCE, S.PROCESSING, "suspend", "Lock until the bank answers", S.UNKNOWN),
        (Role.FINANCE, S.PAID, "reverse", "Reverse the payment", S.REVERSED),
    ],
)
def test_what_takes_a_reason_is_done_with_one(  # noqa: PLR0917 # as above
    payout_page: Open,
    session: Session,
    payout: PayoutRead,
    role: Role,
    before: PayoutStatus,
    do: str,
    button: str,
    after: PayoutStatus,
) -> None:
    bring(session, payout, before)
    page = payout_page(role, payout=payout.id, do=do)

    press(page, button)
    assert errors(page) == ["Give at least 3 characters."]
    assert queries.get_payout(session, payout.id).status is before

    fill(page, do, reason="A good reason")
    press(page, button)

    found = queries.get_payout(session, payout.id)
    assert (found.status, found.status_reason) == (after, "A good reason")
    assert "Why: A good reason" in texts(page)


def test_approving_one_goes_the_same_way_as_many(
    payout_page: Open, session: Session, payout: PayoutRead
) -> None:
    page = payout_page(Role.APPROVER, payout=payout.id, do="approve")

    press(page, "Look and approve")
    press(page, "Approve 1 payout · ₦100,000.00")

    assert queries.get_payout(session, payout.id).status is S.APPROVED
    assert "Done: 1 record changed." in texts(page)


def test_an_approval_can_be_undone(payout_page: Open, session: Session, payout: PayoutRead) -> None:
    approve(session, payout.id)
    page = payout_page(Role.APPROVER, payout=payout.id, do="undo")

    press(page, "Undo the approval")

    assert queries.get_payout(session, payout.id).status is S.PENDING


def test_paying_by_hand_takes_the_banks_reference(
    payout_page: Open, session: Session, payout: PayoutRead
) -> None:
    approve(session, payout.id)
    page = payout_page(Role.FINANCE, payout=payout.id, do="pay")
    press(page, "Mark as paid")
    assert errors(page) == ["This is required."]

    fill(page, "pay", bank_reference="NIP000123")
    press(page, "Mark as paid")

    found = queries.get_payout(session, payout.id)
    assert (found.status, found.bank_reference) == (S.PAID, "NIP000123")


@pytest.mark.parametrize(
    ("outcome", "reference", "after"), [("paid", "NIP7", S.PAID), ("failed", "", S.FAILED)]
)
def test_an_unanswered_payment_is_settled(  # noqa: PLR0917 # as above
    payout_page: Open,
    session: Session,
    payout: PayoutRead,
    outcome: str,
    reference: str,
    after: PayoutStatus,
) -> None:
    bring(session, payout, S.UNKNOWN)
    page = payout_page(Role.FINANCE, payout=payout.id, do="settle")

    fill(page, "settle", outcome=outcome, bank_reference=reference, reason="Asked the bank")
    press(page, "Settle")

    assert queries.get_payout(session, payout.id).status is after


def test_settling_as_paid_without_a_reference_is_refused(
    payout_page: Open, session: Session, payout: PayoutRead
) -> None:
    bring(session, payout, S.UNKNOWN)
    page = payout_page(Role.FINANCE, payout=payout.id, do="settle")

    fill(page, "settle", outcome="paid", reason="Asked the bank")
    press(page, "Settle")

    assert errors(page) == ["Give the bank's reference of the payment."]


def test_editing_corrects_amounts_and_takes_the_approval_away(
    payout_page: Open, session: Session, payout: PayoutRead
) -> None:
    approve(session, payout.id)
    page = payout_page(Role.FINANCE, payout=payout.id, do="edit")

    fill(page, "edit", gross_revenue="₦150,000.50")
    press(page, "Save")

    found = queries.get_payout(session, payout.id)
    assert (found.gross_revenue, found.status) == (Decimal("150000.50"), S.PENDING)


def test_an_edit_of_what_somebody_else_changed_is_refused(
    payout_page: Open, session: Session, payout: PayoutRead
) -> None:
    page = payout_page(Role.FINANCE, payout=payout.id, do="edit")
    fill(page, "edit", notes="Mine")
    sql(session, "UPDATE crm_payouts SET notes = 'Theirs' WHERE id = :id", id=payout.id)

    press(page, "Save")
    assert errors(page) == ["Somebody changed this payout since you opened it: look at it again."]
    assert queries.get_payout(session, payout.id).notes == "Theirs"

    press(page, "Begin again from how it is now")
    fill(page, "edit", notes="Both")
    press(page, "Save")
    assert queries.get_payout(session, payout.id).notes == "Both"


def test_letters_in_an_amount_are_refused_beside_it(
    payout_page: Open, session: Session, payout: PayoutRead
) -> None:
    page = payout_page(Role.FINANCE, payout=payout.id, do="edit")

    fill(page, "edit", gross_revenue="4.5 million")
    press(page, "Save")

    assert errors(page) == ["Give a number."]


def test_a_new_account_comes_whole(payout_page: Open, session: Session, payout: PayoutRead) -> None:
    page = payout_page(Role.FINANCE, payout=payout.id, do="edit")
    fill(page, "edit", bank_name="Kuda")
    press(page, "Save")
    assert errors(page) == ["Give bank_name, account_number and account_name together."]

    fill(page, "edit", account_number="2000000006", account_name="ADA")
    press(page, "Save")

    assert queries.get_payout(session, payout.id).bank_name == "Kuda"
