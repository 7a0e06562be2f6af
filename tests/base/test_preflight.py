"""A bulk act does what was shown, refuses what changed since, and leaves a receipt."""

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.base.preflight import (
    MOST,
    Change,
    Done,
    Plan,
    ReceiptFilter,
    Verdict,
    check_ids,
    compare,
    get_receipt,
    list_receipts,
    make_plan,
    mark_undone,
    store_receipt,
)


def make_verdict(number: int, *, ok: bool = True, state: str = "pending") -> Verdict:
    return Verdict(
        id=number, label=f"PAY-{number}", ok=ok, code="ok" if ok else "paid", reason="", state=state
    )


def make_shown(*verdicts: Verdict) -> Plan:
    return make_plan(verdicts, {"count": len(verdicts)})


def store(session: Session, *, kind: str = "payout_approval", who: str = "staff:1") -> int:
    done = Done(
        kind=kind,
        title="Approved 2 payouts",
        changed=[Change(id=1, label="PAY-1", before="pending", after="approved", amount="5.00")],
        refused=[make_verdict(2, ok=False)],
        totals={"naira": "5.00"},
    )
    return store_receipt(session, done, who=who, who_name="Ada", fingerprint="f").receipt_id


def test_a_plan_tells_what_would_change() -> None:
    plan = make_shown(make_verdict(2), make_verdict(1, ok=False), make_verdict(3))
    assert plan.accepted == [2, 3]
    assert plan.totals == {"count": "3"}


def test_nothing_changed_means_nothing_is_refused() -> None:
    shown = make_shown(make_verdict(1), make_verdict(2))
    now = make_shown(make_verdict(2), make_verdict(1))
    assert [(v.id, v.ok) for v in compare(shown.fingerprint, now)] == [(1, True), (2, True)]


def test_what_changed_since_is_refused_and_the_rest_is_not() -> None:
    shown = make_shown(make_verdict(1), make_verdict(2))
    now = make_shown(make_verdict(1), make_verdict(2, state="pending, 7 naira more"))
    first, second = compare(shown.fingerprint, now)
    assert first.ok
    assert (second.ok, second.code) == (False, "changed")
    assert second.reason.startswith("It changed since you looked")


def test_what_was_refused_and_would_now_pass_is_a_change_too() -> None:
    shown = make_shown(make_verdict(1, ok=False))
    (verdict,) = compare(shown.fingerprint, make_shown(make_verdict(1)))
    assert (verdict.ok, verdict.code) == (False, "changed")


def test_words_may_change_without_a_refusal() -> None:
    shown = make_shown(make_verdict(1))
    now = make_shown(make_verdict(1).model_copy(update={"reason": "Since this morning."}))
    assert compare(shown.fingerprint, now)[0].ok


def test_records_that_were_not_shown_are_refused() -> None:
    shown = make_shown(make_verdict(1), make_verdict(2))
    now = make_shown(make_verdict(3), make_verdict(4))
    assert not any(verdict.ok for verdict in compare(shown.fingerprint, now))


@pytest.mark.parametrize("fingerprint", ["", "short", "💥", "AAAAAAAAAAAAAAAA"])
def test_a_plan_of_other_records_is_refused_whole(fingerprint: str) -> None:
    with pytest.raises(Conflict, match="not of these records"):
        compare(fingerprint, make_shown(make_verdict(1)))


def test_ids_come_once_and_in_locking_order() -> None:
    assert check_ids([3, 1, 3, 2]) == [1, 2, 3]


@pytest.mark.parametrize("ids", [[], range(MOST + 1)])
def test_no_records_or_too_many_are_refused(ids: range) -> None:
    with pytest.raises(Invalid) as refusal:
        check_ids(ids)
    assert refusal.value.problems[0].path == "ids"


def test_a_receipt_keeps_what_was_done(session: Session) -> None:
    receipt = get_receipt(session, store(session))
    assert (receipt.who, receipt.who_name, receipt.title) == (
        "staff:1",
        "Ada",
        "Approved 2 payouts",
    )
    assert receipt.changed == [
        Change(id=1, label="PAY-1", before="pending", after="approved", amount="5.00")
    ]
    assert [(verdict.id, verdict.code) for verdict in receipt.refused] == [(2, "paid")]
    assert receipt.totals == {"naira": "5.00"}
    assert receipt.undone_at is None


def test_a_receipt_that_is_not_there_is_refused(session: Session) -> None:
    with pytest.raises(NotFound, match="Receipt not found"):
        get_receipt(session, 1)


def test_receipts_are_listed_newest_first_and_by_kind_and_person(session: Session) -> None:
    first, second = store(session), store(session, who="staff:2")
    third = store(session, kind="revenue_import")
    page = list_receipts(ReceiptFilter()).page(session)
    assert [row.id for row in page.rows] == [third, second, first]
    assert (page.rows[0].changed, page.rows[0].refused, page.total) == (1, 1, 3)
    by_kind = list_receipts(ReceiptFilter(kind="payout_approval")).page(session)
    assert [row.id for row in by_kind.rows] == [second, first]
    by_person = list_receipts(ReceiptFilter(who="staff:2")).page(session)
    assert [row.id for row in by_person.rows] == [second]


def test_a_receipt_is_undone_once(session: Session) -> None:
    receipt_id = store(session)
    mark_undone(session, receipt_id, who="staff:3")
    with pytest.raises(Conflict, match="undone already"):
        mark_undone(session, receipt_id, who="staff:4")
    assert get_receipt(session, receipt_id).undone_by == "staff:3"
