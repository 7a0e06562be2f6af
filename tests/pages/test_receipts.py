"""The receipts page: the list, one receipt, and undoing an approval from it."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.preflight import get_receipt
from crm_core.payouts import queries, service
from crm_core.payouts.schemas import PayoutRead, PayoutStatus
from crm_core.people.schemas import Role
from tests.make_business import APPROVER, FINANCE, make_owner, make_payout
from tests.pages.acting import cells, errors, htmls, labels, metric, press, texts

Open = Callable[..., AppTest]


@pytest.fixture
def receipts(visit: Open) -> Open:
    """``receipts(Role.VIEWER, receipt=3)``: the receipts page at that address."""
    return partial(visit, "pages/receipts.py")


@pytest.fixture
def payout(session: Session) -> PayoutRead:
    """A pending payout of ₦100,000."""
    return make_payout(session, make_owner(session).id)


def approval(session: Session, *ids: int) -> int:
    """The receipt of approving these."""
    plan = service.plan_approval(session, ids, actor=APPROVER)
    done = service.commit_approval(session, plan.fingerprint, ids, actor=APPROVER)
    return done.receipt_id


def file(session: Session, payout_id: int) -> int:
    """The receipt of a bank file with this payout."""
    plan = service.plan_file(session, [payout_id], actor=FINANCE)
    return service.commit_file(session, plan.fingerprint, [payout_id], actor=FINANCE).receipt_id


def test_without_receipts_the_page_says_where_they_come_from(receipts: Open) -> None:
    page = receipts(Role.VIEWER)

    told = "No receipts yet: approving, preparing and paying leave one each."
    assert told in texts(page)


def test_somebody_without_a_role_sees_no_receipt(
    receipts: Open, session: Session, payout: PayoutRead
) -> None:
    page = receipts(receipt=approval(session, payout.id))

    assert errors(page) == ["You may not see payouts: ask an administrator for a role that may."]
    assert not page.metric


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, ["Bank file written", "Payouts approved"]),
        ({"kind": "payout_file"}, ["Bank file written"]),
        ({"mine": "yes"}, []),
        ({"kind": "no such thing"}, ["Bank file written", "Payouts approved"]),
    ],
    ids=str,
)
def test_receipts_are_listed_the_newest_first(
    receipts: Open, session: Session, payout: PayoutRead, query: dict[str, str], shown: list[str]
) -> None:
    approval(session, payout.id)
    file(session, payout.id)

    assert cells(receipts(Role.VIEWER, **query), "What") == shown


def test_a_receipt_says_what_was_changed_and_what_was_refused(
    receipts: Open, session: Session, payout: PayoutRead
) -> None:
    page = receipts(Role.VIEWER, receipt=approval(session, payout.id, 999))

    figures = [metric(page, label) for label in ("Changed", "Refused", "Net amount")]
    assert figures == ["1", "1", "₦100,000\\.00"]
    assert cells(page, "After") == ["Approved"]
    assert cells(page, "Why") == ["There is no such payout."]
    assert any(APPROVER.name in drawn for drawn in htmls(page))


def test_an_unknown_receipt_is_said_to_be_unknown(receipts: Open) -> None:
    assert errors(receipts(Role.VIEWER, receipt=999)) == ["Receipt not found"]


def test_the_way_back_leads_to_the_list(
    receipts: Open, session: Session, payout: PayoutRead
) -> None:
    page = receipts(Role.VIEWER, kind="payout_approval", receipt=approval(session, payout.id))

    press(page, "Back to the receipts")

    assert page.query_params == {"kind": "payout_approval"}
    assert cells(page, "What") == ["Payouts approved"]


def test_a_receipt_can_be_exported(receipts: Open, session: Session, payout: PayoutRead) -> None:
    receipt_id = approval(session, payout.id)

    page = receipts(Role.VIEWER, receipt=receipt_id)

    assert any(f'href="/export/receipt/{receipt_id}"' in drawn for drawn in htmls(page))


def test_the_banks_file_is_offered_to_whoever_pays(
    receipts: Open, session: Session, payout: PayoutRead
) -> None:
    approval(session, payout.id)
    receipt_id = file(session, payout.id)

    offered = [
        "/export/bank-file/" in "".join(htmls(receipts(role, receipt=receipt_id)))
        for role in (Role.FINANCE, Role.VIEWER)
    ]

    assert offered == [True, False]


def test_an_approval_is_undone_from_its_receipt(
    receipts: Open, session: Session, payout: PayoutRead
) -> None:
    receipt_id = approval(session, payout.id)
    page = press(receipts(Role.APPROVER, receipt=receipt_id), "Undo the approval")

    press(page, "Undo the approval of 1 payout")

    assert queries.get_payout(session, payout.id).status is PayoutStatus.PENDING
    assert get_receipt(session, receipt_id).undone_at is not None
    assert "Undo the approval" not in labels(page)


def test_an_approval_undone_by_somebody_else_meanwhile_is_said_so(
    receipts: Open, session: Session, payout: PayoutRead
) -> None:
    receipt_id = approval(session, payout.id)
    page = press(receipts(Role.APPROVER, receipt=receipt_id), "Undo the approval")
    plan = service.plan_undo(session, [payout.id], actor=APPROVER)
    service.commit_undo(
        session, plan.fingerprint, [payout.id], actor=APPROVER, receipt_id=receipt_id
    )

    press(page, "Undo the approval of 1 payout")

    assert "Nothing was changed: 1 record refused." in texts(page)
    assert any("changed since you looked" in told for told in texts(page))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE, Role.ADMIN])
def test_only_approvers_undo(
    receipts: Open, session: Session, payout: PayoutRead, role: Role
) -> None:
    page = receipts(role, receipt=approval(session, payout.id))

    assert "Undo the approval" not in labels(page)


def test_a_bank_file_has_no_undo(receipts: Open, session: Session, payout: PayoutRead) -> None:
    approval(session, payout.id)

    page = receipts(Role.APPROVER, receipt=file(session, payout.id))

    assert "Undo the approval" not in labels(page)
