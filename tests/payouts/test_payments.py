"""What the bank did: paid, failed, did not answer, came back; by hand and from its statement."""

from decimal import Decimal

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Invalid
from crm_core.base.preflight import MOST, get_receipt
from crm_core.owners import queries as owners
from crm_core.payouts import queries, service
from crm_core.payouts.schemas import Approval, PaymentLine, Settlement
from tests.make_business import APPROVER, FINANCE
from tests.observe import sql
from tests.payouts.acts import (
    ACTS,
    approve,
    commit_lines,
    create,
    get,
    line,
    new,
    payout_in,
    send,
    steps_of,
)


def plan_codes(session: Session, *lines: PaymentLine) -> list[tuple[int, str]]:
    plan = service.plan_payment(session, lines, actor=FINANCE)
    return [(verdict.id, verdict.code) for verdict in plan.verdicts]


def test_a_line_of_the_statement_pays_its_payout(session: Session) -> None:
    sent, by_hand = payout_in(session, "processing"), payout_in(session, "approved")
    lines = [line(sent, "NIP1", sent.net_amount), line(by_hand, "NIP2")]
    plan = service.plan_payment(session, lines, actor=FINANCE)
    assert plan.totals == {"count": "2", "net_amount": "200000.00", "refused": "0"}
    done = service.commit_payment(session, plan.fingerprint, lines, actor=FINANCE)
    assert done.changed == 2
    for payout, reference in ((sent, "NIP1"), (by_hand, "NIP2")):
        paid = get(session, payout.id)
        assert (paid.status, paid.bank_reference) == ("paid", reference)
        assert paid.paid_at is not None
        [attempt] = queries.attempts_of(session, payout.id)
        assert (attempt.outcome, attempt.bank_reference) == ("paid", reference)
        assert attempt.reference == payout.payment_reference
    assert get_receipt(session, done.receipt_id).totals == {
        "paid": "2",
        "net_amount": "200000.00",
    }


def test_an_attempt_says_how_it_was_made(session: Session) -> None:
    sent, by_hand = payout_in(session, "processing"), payout_in(session, "paid")
    [bank], [hand] = (queries.attempts_of(session, p.id) for p in (sent, by_hand))
    assert (bank.method, bank.file_id, bank.outcome) == ("bank_file", sent.file_id, "open")
    assert (hand.method, hand.file_id) == ("by_hand", None)


def test_another_amount_is_refused_and_said(session: Session) -> None:
    payout = payout_in(session, "processing")
    less = line(payout, "NIP1", payout.net_amount - Decimal("0.01"))
    plan = service.plan_payment(session, [less], actor=FINANCE)
    assert plan.verdicts[0].code == "amount"
    assert plan.verdicts[0].reason == "The bank says ₦99,999.99, we say ₦100,000.00."
    done = commit_lines(session, less)
    assert (done.changed, get(session, payout.id).status) == (0, "processing")


def test_of_a_reference_that_comes_twice_the_first_counts(session: Session) -> None:
    payout = payout_in(session, "processing")
    twice = [line(payout, "NIP1"), line(payout, "NIP2")]
    assert plan_codes(session, *twice) == [(payout.id, "pay"), (-2, "unmatched")]
    done = commit_lines(session, *twice)
    assert (done.changed, len(done.refused)) == (1, 1)
    assert get(session, payout.id).bank_reference == "NIP1"


def test_an_unknown_reference_is_left_out_and_said(session: Session) -> None:
    payout = payout_in(session, "processing")
    stranger = PaymentLine(payment_reference="crm-nobody", bank_reference="NIP2")
    plan = service.plan_payment(session, [stranger, line(payout)], actor=FINANCE)
    assert [(v.id, v.code) for v in plan.verdicts] == [(-1, "unmatched"), (payout.id, "pay")]
    assert "no payout has this reference" in plan.verdicts[0].reason
    assert commit_lines(session, stranger, line(payout)).changed == 1


def test_a_statement_of_nothing_of_ours_changes_nothing(session: Session) -> None:
    stranger = PaymentLine(payment_reference="crm-nobody", bank_reference="NIP2")
    assert commit_lines(session, stranger).changed == 0


@pytest.mark.parametrize("state", ["pending", "paid", "failed", "cancelled", "unknown", "reversed"])
def test_a_statement_pays_only_what_may_be_paid(session: Session, state: str) -> None:
    payout = payout_in(session, state)
    assert plan_codes(session, line(payout)) == [(payout.id, "state")]


def test_the_same_statement_twice_pays_once(session: Session) -> None:
    payout = payout_in(session, "processing")
    plan = service.plan_payment(session, [line(payout)], actor=FINANCE)
    for changed in (1, 0):
        done = service.commit_payment(session, plan.fingerprint, [line(payout)], actor=FINANCE)
        assert done.changed == changed
    assert len(queries.attempts_of(session, payout.id)) == 1


def test_another_bank_reference_than_was_shown_is_a_change(session: Session) -> None:
    payout = payout_in(session, "processing")
    plan = service.plan_payment(session, [line(payout, "NIP1")], actor=FINANCE)
    done = service.commit_payment(session, plan.fingerprint, [line(payout, "NIP2")], actor=FINANCE)
    assert [v.code for v in done.refused] == ["changed"]


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_no_lines_or_too_many_are_refused(session: Session, count: int) -> None:
    lines = [PaymentLine(payment_reference=f"x{n}", bank_reference="y") for n in range(count)]
    with pytest.raises(Invalid):
        service.plan_payment(session, lines, actor=FINANCE)


def test_after_a_failure_a_new_approval_gives_a_new_reference(session: Session) -> None:
    payout = payout_in(session, "processing")
    ACTS["fail"](session, payout.id)
    failed = get(session, payout.id)
    assert (failed.status, failed.status_reason) == ("failed", "for this reason")
    assert (failed.approvals, failed.approved_by) == (0, None)
    assert failed.payment_reference == payout.payment_reference
    again = approve(session, payout.id)
    assert again.payment_reference != payout.payment_reference
    assert (again.status_reason, again.file_id) == (None, None)
    send(session, payout.id)
    first, second = queries.attempts_of(session, payout.id)
    assert [first.outcome, second.outcome] == ["failed", "open"]
    assert [first.reference, second.reference] == [
        payout.payment_reference,
        again.payment_reference,
    ]


def test_the_bank_cannot_pay_a_failed_attempt_by_its_old_reference(session: Session) -> None:
    payout = payout_in(session, "failed")
    approve(session, payout.id)
    [(found, code)] = plan_codes(session, line(payout))
    assert (found, code) == (-1, "unmatched")


def test_unknown_is_left_by_settling_alone(session: Session) -> None:
    payout = payout_in(session, "unknown")
    for act in ("approve", "reject", "cancel", "pay", "fail", "suspend", "reverse"):
        with pytest.raises(Conflict):
            ACTS[act](session, payout.id)
    [attempt] = queries.attempts_of(session, payout.id)
    assert (attempt.outcome, attempt.concluded_at) == ("unknown", None)
    ACTS["settle as paid"](session, payout.id)
    [attempt] = queries.attempts_of(session, payout.id)
    assert (attempt.outcome, attempt.bank_reference) == ("paid", "NIP9")


def test_settling_as_paid_takes_the_banks_reference(session: Session) -> None:
    payout = payout_in(session, "unknown")
    bare = Settlement(outcome="paid", reason="they said yes")
    with pytest.raises(Invalid) as refused:
        service.settle_payout(session, payout.id, bare, actor=FINANCE)
    assert refused.value.problems[0].path == "bank_reference"
    assert get(session, payout.id).status == "unknown"


def test_paying_adds_to_the_lifetime_value_and_reversing_takes_it_back(session: Session) -> None:
    payout = new(session, "100000", net_amount="90000")

    def value() -> Decimal:
        return owners.get_owner(session, payout.owner_id).lifetime_value

    approve(session, payout.id)
    assert value() == 0
    ACTS["pay"](session, payout.id)
    assert value() == 100_000
    ACTS["reverse"](session, payout.id)
    assert value() == 0
    assert get(session, payout.id).status_reason == "for this reason"


def test_paying_by_hand_is_two_steps_of_history(session: Session) -> None:
    payout = payout_in(session, "paid")
    assert steps_of(session, payout.id) == [
        ("pending", "approved"),
        ("approved", "processing"),
        ("processing", "paid"),
    ]


def test_a_failed_payout_whose_place_was_taken_is_not_approved(session: Session) -> None:
    failed = payout_in(session, "failed")
    taken = create(session, failed.owner_id)
    other = payout_in(session, "failed")
    plan = service.plan_approval(session, [failed.id, other.id], actor=APPROVER)
    assert {v.id: v.code for v in plan.verdicts} == {failed.id: "exists", other.id: "approve"}
    assert taken.payout_code in plan.verdicts[0].reason
    with pytest.raises(Conflict, match="pays this owner"):
        service.approve_payout(session, failed.id, Approval(), actor=APPROVER)


def test_of_two_failed_ones_of_a_period_one_is_approved(session: Session) -> None:
    first = payout_in(session, "failed")
    second = create(session, first.owner_id)
    for act in ("approve", "send", "fail"):
        ACTS[act](session, second.id)
    plan = service.plan_approval(session, [first.id, second.id], actor=APPROVER)
    assert [v.ok for v in plan.verdicts] == [True, False]
    ids = [first.id, second.id]
    done = service.commit_approval(session, plan.fingerprint, ids, actor=APPROVER)
    assert done.changed == 1


def test_a_reason_is_needed_and_a_reference_too() -> None:
    with pytest.raises(ValidationError):
        Settlement.model_validate({"outcome": "failed"})
    with pytest.raises(ValidationError):
        PaymentLine.model_validate({"payment_reference": "x", "bank_reference": "  "})


def test_revealing_an_account_is_logged(session: Session) -> None:
    payout = new(session)
    number = service.reveal_account(session, payout.id, why="bank called", actor=FINANCE)
    assert number == "0000014579"
    last = sql(session, "SELECT action, after FROM crm_history ORDER BY id DESC LIMIT 1").one()
    assert tuple(last) == ("reveal", {"why": "bank called"})
