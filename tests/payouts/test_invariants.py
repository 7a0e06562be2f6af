"""What `verify` finds: each rule is broken by somebody who may switch the triggers off."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.rules import SHOWN
from crm_core.owners import invariants as owner_rules
from crm_core.owners import service as owners
from crm_core.owners.schemas import ContactCreate, SurveyCreate
from crm_core.payouts import invariants as payout_rules
from crm_core.verify import faults
from tests.make_business import FINANCE, make_contract, make_hospital, make_owner
from tests.payouts.acts import THRESHOLD, approve, new, payout_in, send


def break_by(session: Session, statement: str) -> None:
    """As the server's administrator, with every trigger switched off."""
    session.execute(text("SET ROLE NONE"))
    session.execute(text("SET LOCAL session_replication_role = replica"))
    for one in statement.split(";"):
        session.execute(text(one))
    session.execute(text("SET LOCAL session_replication_role = origin"))
    session.execute(text("SET ROLE crm_app"))


BROKEN = [
    ("pending", "UPDATE crm_owners SET payouts_count = 7", "owner's totals"),
    ("paid", "UPDATE crm_owners SET payouts_paid_gross = 0", "owner's totals"),
    ("approved", "UPDATE crm_owners SET payouts_due_on = NULL", "owner's totals"),
    (
        "pending",
        "UPDATE crm_payouts SET gross_revenue = 7, deductions = 6, net_amount = 1",
        "items do not add up",
    ),
    ("pending", "UPDATE crm_payouts SET account_name = 'B'", "what an approval binds to"),
    ("pending", "UPDATE crm_payouts SET status = 'approved'", "without enough approvals"),
    ("approved", "UPDATE crm_payout_approvals SET voided_at = now()", "without enough approvals"),
    ("paid", "DELETE FROM crm_payout_approvals", "without enough approvals"),
    (
        "approved",
        "UPDATE crm_payouts SET created_by = (SELECT approver FROM crm_payout_approvals)",
        "its maker approved it",
    ),
    ("approved", "UPDATE crm_payout_approvals SET digest = 'x'", "an approval counts although"),
    ("approved", "UPDATE crm_payouts SET approved_by = NULL", "shown as approved by somebody"),
    ("paid", "UPDATE crm_payout_attempts SET outcome = 'failed'", "by exactly one attempt"),
    ("paid", "UPDATE crm_payouts SET bank_reference = 'other'", "by exactly one attempt"),
    (
        "paid",
        (
            "INSERT INTO crm_payout_attempts (payout_id, reference, method, outcome)"
            " SELECT payout_id, reference, method, outcome FROM crm_payout_attempts"
        ),
        "by exactly one attempt",
    ),
    (
        "approved",
        (
            "INSERT INTO crm_payout_attempts (payout_id, reference, method, outcome)"
            " SELECT id, 'x', 'by_hand', 'paid' FROM crm_payouts"
        ),
        "by exactly one attempt",
    ),
    ("processing", "DELETE FROM crm_payout_attempts", "attempts under way"),
    ("processing", "UPDATE crm_payout_attempts SET reference = 'other'", "attempts under way"),
    ("unknown", "UPDATE crm_payout_attempts SET outcome = 'open'", "attempts under way"),
    (
        "approved",
        (
            "INSERT INTO crm_payout_attempts (payout_id, reference, method)"
            " SELECT id, payment_reference, 'by_hand' FROM crm_payouts"
        ),
        "attempts under way",
    ),
    ("processing", "UPDATE crm_payout_files SET payout_count = 2", "as many payouts as it says"),
    ("pending", "UPDATE crm_payouts SET status = 'rejected'", "does not end in its state"),
    (
        "cancelled",
        (
            'UPDATE crm_history SET after = after || \'{"status": "paid"}\''
            " WHERE table_name = 'crm_payouts' AND action = 'update'"
        ),
        "a step that the rules do not know",
    ),
]


@pytest.mark.parametrize(("state", "statement", "sentence"), BROKEN)
def test_a_broken_payout_is_found_and_named(
    session: Session, state: str, statement: str, sentence: str
) -> None:
    payout = payout_in(session, state)
    assert list(payout_rules.invariants(session)) == []
    break_by(session, statement)
    found = [line for line in payout_rules.invariants(session) if sentence in line]
    assert len(found) == 1
    code = {"owner's totals": "OWN-", "as many payouts as it says": "BNK-"}.get(sentence, "PAY-")
    assert code in found[0]
    if code == "PAY-":
        assert payout.payout_code in found[0]


def test_a_net_amount_that_is_no_difference_is_found(session: Session) -> None:
    payout = new(session)
    break_by(
        session,
        "ALTER TABLE crm_payouts DROP CONSTRAINT ck_crm_payouts_net;"
        "UPDATE crm_payouts SET net_amount = 1",
    )
    found = list(payout_rules.invariants(session))
    assert f"the net amount is not the gross less the deductions: {payout.payout_code}" in found


def test_a_large_payout_with_one_approval_is_found(session: Session) -> None:
    payout = new(session, str(THRESHOLD))
    approve(session, payout.id)
    break_by(session, "UPDATE crm_payouts SET status = 'approved'")
    found = [line for line in payout_rules.invariants(session) if "without enough" in line]
    assert payout.payout_code in found[0]


def test_the_first_offenders_are_named_and_more_are_said(session: Session) -> None:
    payouts = [new(session) for _ in range(SHOWN + 1)]
    break_by(session, "UPDATE crm_payouts SET digest = 'x'")
    [line] = [line for line in payout_rules.invariants(session) if "binds to" in line]
    assert payouts[0].payout_code in line
    assert payouts[-1].payout_code not in line
    assert line.endswith(" and more")


def owner_with_everything(session: Session) -> str:
    owner = make_owner(session, nin="12345678901")
    survey = SurveyCreate.model_validate({"score": "4"})
    owners.record_survey(session, owner.id, survey, actor=FINANCE)
    contact = ContactCreate.model_validate({"channel": "call", "summary": "Spoke"})
    owners.log_contact(session, owner.id, contact, actor=FINANCE)
    return owner.owner_code


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE crm_owners SET satisfaction_score = 3", "not the mean"),
        ("UPDATE crm_owner_surveys SET score = 1", "not the mean"),
        ("UPDATE crm_owner_scores SET score = 1", "score's history"),
        ("UPDATE crm_owners SET last_contact_date = last_contact_date - 1", "last contact"),
        ("UPDATE crm_owners SET nin_hash = NULL", "NIN is kept only in part"),
    ],
)
def test_a_broken_owner_is_found_and_named(session: Session, statement: str, sentence: str) -> None:
    code = owner_with_everything(session)
    assert list(owner_rules.invariants(session)) == []
    break_by(session, statement)
    assert any(sentence in line and code in line for line in owner_rules.invariants(session))


def test_two_contracts_at_a_time_are_found(session: Session) -> None:
    owner, hospital = make_owner(session), make_hospital(session)
    contract = make_contract(session, owner.id, hospital.id)
    make_contract(session, owner.id, hospital.id, signed=False)
    break_by(
        session,
        "ALTER TABLE crm_owner_contracts DROP CONSTRAINT ex_crm_owner_contracts_one_signed;"
        "UPDATE crm_owner_contracts SET state = 'signed'",
    )
    [line] = owner_rules.invariants(session)
    assert contract.contract_code in line


def test_verify_asks_owners_and_payouts(session: Session) -> None:
    send(session, payout_in(session, "approved").id)
    assert list(faults(session)) == []
    break_by(session, "UPDATE crm_owners SET payouts_count = 7, nin_last4 = 'x'")
    assert {"owners", "payouts"} <= {name for name, _ in faults(session)}
