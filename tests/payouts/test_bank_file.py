"""The bank upload file: what is in it, its control total and digest, and who downloaded it."""

import csv
import hashlib
import io
from collections.abc import Mapping
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Forbidden, NotFound
from crm_core.base.preflight import get_receipt
from crm_core.payouts import bank_files, service
from crm_core.payouts.service.files import COLUMNS
from tests.make_business import APPROVER, FINANCE, make_owner
from tests.observe import history_of, sql
from tests.payouts.acts import approve, create, get, new, pay, payout_in, send


def approved(
    session: Session, gross: str = "100000", more: Mapping[str, object] | None = None
) -> int:
    wanted = {"gross_revenue": gross, **(more or {})}
    payout = create(session, make_owner(session).id, wanted)
    approve(session, payout.id)
    return payout.id


def rows(session: Session, file_id: int) -> list[list[str]]:
    content = service.bank_file_content(session, file_id, actor=FINANCE).content
    return list(csv.reader(io.StringIO(content.decode())))


def account(name: str) -> dict[str, object]:
    return {"bank_name": "First Bank", "account_number": "0000014579", "account_name": name}


def test_the_file_has_a_line_a_payout_and_a_line_of_control(session: Session) -> None:
    ids = [approved(session, "100000.50"), approved(session, "2")]
    header, first, second, control = rows(session, send(session, *ids))
    payout = get(session, ids[0])
    assert tuple(header) == COLUMNS
    assert first == [
        payout.payment_reference,
        "ADA OBI",
        "First Bank",
        "011",
        "0000014579",
        "100000.50",
        f"{payout.payout_code} {payout.period_start:%b %Y}",
    ]
    assert second[5] == "2.00"
    assert control == ["CONTROL", "2", "", "", "", "100002.50", ""]


def test_the_receipt_and_the_list_say_what_the_bank_must_find(session: Session) -> None:
    ids = [approved(session, "100000.50"), approved(session, "2")]
    plan = service.plan_file(session, ids, actor=FINANCE)
    assert plan.totals == {"count": "2", "control_total": "100002.50", "refused": "0"}
    done = service.commit_file(session, plan.fingerprint, ids, actor=FINANCE)
    totals = get_receipt(session, done.receipt_id).totals
    file = service.bank_file_content(session, int(totals["file_id"]), actor=FINANCE)
    assert totals["digest"] == hashlib.sha256(file.content).hexdigest()
    assert (totals["count"], totals["control_total"]) == ("2", "100002.50")
    assert file.name == f"{totals['file_code']}.csv"
    [listed] = bank_files.list_files(session)
    assert (listed.payout_count, listed.control_total) == (2, Decimal("100002.50"))
    assert (listed.digest, listed.paid, listed.open) == (totals["digest"], 0, 2)


def test_what_is_in_a_file_is_in_no_other(session: Session) -> None:
    payout_id, other = approved(session), approved(session)
    send(session, payout_id)
    plan = service.plan_file(session, [payout_id, other], actor=FINANCE)
    assert {v.id: v.ok for v in plan.verdicts} == {payout_id: False, other: True}
    with pytest.raises(Conflict, match="None of these"):
        send(session, payout_id)


def test_only_what_can_be_sent_to_a_bank_is_sent(session: Session) -> None:
    pending = new(session).id
    cheque = approved(session, more={"payment_method": "cheque"})
    nothing = approved(session, more={"net_amount": "0"})
    bare = approved(session)
    unpaid = new(session)
    sql(session, "DELETE FROM crm_owner_accounts WHERE owner_id = :id", id=unpaid.owner_id)
    sql(
        session,
        "UPDATE crm_payouts SET bank_code = NULL, account_hash = NULL, account_encrypted = NULL"
        " WHERE id = :id",
        id=bare,
    )
    approve(session, bare)
    plan = service.plan_file(session, [pending, cheque, nothing, bare, 999_999], actor=FINANCE)
    assert {v.id: v.code for v in plan.verdicts} == {
        pending: "state",
        cheque: "method",
        nothing: "nothing",
        bare: "no_account",
        999_999: "not_found",
    }


def test_what_changed_since_the_plan_is_left_out(session: Session) -> None:
    ids = [approved(session), approved(session)]
    plan = service.plan_file(session, ids, actor=FINANCE)
    sql(session, "UPDATE crm_payouts SET notes = 'a word' WHERE id = :id", id=ids[0])
    done = service.commit_file(session, plan.fingerprint, ids, actor=FINANCE)
    assert (done.changed, [v.id for v in done.refused]) == (1, [ids[0]])
    assert [get(session, i).status for i in ids] == ["approved", "processing"]


@pytest.mark.parametrize("name", ["=1+1", "+234", "-5", "@SUM(A1)", '=HYPERLINK("http://x")'])
def test_a_name_that_a_spreadsheet_would_run_is_made_harmless(session: Session, name: str) -> None:
    payout_id = approved(session, more=account(name))
    assert rows(session, send(session, payout_id))[1][1] == f"'{name}"


@pytest.mark.parametrize("name", ['Obi, "Ada"', "Ọláyẹmí", "O'Neill; x", "a=b"])
def test_any_other_name_arrives_as_it_is(session: Session, name: str) -> None:
    payout_id = approved(session, more=account(name))
    assert rows(session, send(session, payout_id))[1][1] == name


def test_the_content_is_encrypted_and_stays_as_it_was_written(session: Session) -> None:
    payout_id = approved(session)
    file_id = send(session, payout_id)
    before = rows(session, file_id)
    kept = sql(session, "SELECT content_encrypted FROM crm_payout_files").scalar()
    assert b"0000014579" not in bytes(kept)
    assert "0000014579" not in repr(history_of(session, "crm_payout_files", file_id))
    pay(session, payout_id)
    assert rows(session, file_id) == before


def test_every_download_is_in_the_history(session: Session) -> None:
    file_id = send(session, approved(session))
    rows(session, file_id)
    rows(session, file_id)
    actions = [line["action"] for line in history_of(session, "crm_payout_files", file_id)]
    assert actions == ["insert", "export", "export"]


def test_an_unknown_file_is_not_found_and_approvers_write_none(session: Session) -> None:
    with pytest.raises(NotFound):
        rows(session, 999_999)
    with pytest.raises(Forbidden):
        service.bank_file_content(session, 1, actor=APPROVER)
    payout = payout_in(session, "approved")
    with pytest.raises(Forbidden):
        send(session, payout.id, by=APPROVER)
