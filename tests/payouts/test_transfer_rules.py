"""What `verify` finds about transfers: rules broken by somebody who switches triggers off."""

import pytest
from sqlalchemy.orm import Session

from crm_core.payouts.invariants import invariants
from tests.payouts.paystack import LocalPaystack
from tests.payouts.test_invariants import break_by
from tests.payouts.transferring import assert_books_hold, sent

BROKEN = [
    ("pending", "DELETE FROM crm_transfer_answers; DELETE FROM crm_transfers", "has no transfer"),
    ("pending", "UPDATE crm_transfers SET reference = reference || 'x'", "has no transfer"),
    ("success", "UPDATE crm_transfers SET amount_kobo = 1", "net amount"),
    ("success", "UPDATE crm_transfers SET provider_status = NULL", "did not say success"),
    ("success", "UPDATE crm_transfers SET provider_status = 'pending'", "did not say success"),
    ("failed", "UPDATE crm_transfers SET provider_status = 'success'", "a transfer failed"),
    ("pending", "UPDATE crm_transfers SET state = 'concluded'", "the other way round"),
    ("success", "UPDATE crm_transfers SET state = 'sent'", "the other way round"),
    (
        "failed",
        (
            "UPDATE crm_transfers SET frozen_reason = 'odd';"
            " UPDATE crm_payouts SET status = 'approved'"
        ),
        "a frozen payout went on",
    ),
    (
        "pending",
        (
            "INSERT INTO crm_transfers (payout_id, attempt_id, account_id, provider, reference,"
            " amount_kobo, created_by) SELECT payout_id, attempt_id + 1000000, account_id,"
            " provider, reference || 'x', amount_kobo, created_by FROM crm_transfers"
        ),
        "more than one",
    ),
]


@pytest.mark.parametrize(("status", "statement", "sentence"), BROKEN, ids=[b[2] for b in BROKEN])
def test_a_broken_rule_is_found(
    session: Session, paystack: LocalPaystack, status: str, statement: str, sentence: str
) -> None:
    paystack.first_status = status
    sent()
    assert_books_hold()

    break_by(session, statement)

    assert [found for found in invariants(session) if sentence in found]
