"""Downloads: behind the gate, as who is signed in, and in the history."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.testclient import TestClient

from crm_core.base.preflight import Change, Done, store_receipt
from crm_core.payouts import bank_files, service
from crm_core.people.schemas import Role
from crm_core.ui import export_routes, sessions
from crm_core.ui.gate import Gate
from tests.make_business import FINANCE, approve, make_owner, make_payout, pay
from tests.observe import sql


@pytest.fixture
def browse(signed_in: Callable[..., str]) -> Callable[..., TestClient]:
    """``browse(Role.FINANCE)``: a browser of somebody with these roles; nobody without any."""

    def open_browser(*roles: Role) -> TestClient:
        app = Gate(Starlette(routes=export_routes.ROUTES))
        client = TestClient(app, base_url="https://testserver", follow_redirects=False)
        if roles:
            client.cookies.set(sessions.COOKIE, signed_in(*roles))
        return client

    return open_browser


@pytest.fixture
def receipt(session: Session) -> int:
    """The receipt of a bank file with one payout."""
    payout = approve(session, make_payout(session, make_owner(session).id).id)
    plan = service.plan_file(session, [payout.id], actor=FINANCE)
    done = service.commit_file(session, plan.fingerprint, [payout.id], actor=FINANCE)
    return done.receipt_id


Browse = Callable[..., TestClient]


def file_id(session: Session) -> int:
    return bank_files.list_files(session)[0].id


def test_nobody_downloads_without_signing_in(
    browse: Browse, session: Session, receipt: int
) -> None:
    paths = [f"/export/bank-file/{file_id(session)}", f"/export/receipt/{receipt}"]

    assert [browse().get(path).status_code for path in paths] == [401, 401]


def test_the_banks_file_comes_whole_and_is_in_the_history(
    browse: Browse, session: Session, receipt: int
) -> None:
    answer = browse(Role.FINANCE).get(f"/export/bank-file/{file_id(session)}")

    assert answer.headers["content-disposition"].endswith('.csv"')
    assert "CONTROL,1,,,,100000.00," in answer.text
    noted = sql(
        session,
        "SELECT count(*) FROM crm_history WHERE action = 'export' AND record_id = :id",
        id=file_id(session),
    )
    assert noted.scalar_one() == 1


def test_whoever_may_not_pay_gets_a_sentence_and_no_file(
    browse: Browse, session: Session, receipt: int
) -> None:
    answer = browse(Role.VIEWER).get(f"/export/bank-file/{file_id(session)}")

    assert answer.status_code == 403
    assert answer.text == "You may not pay payouts: this takes the finance role.\n"


def test_a_receipt_comes_as_csv(browse: Browse, receipt: int) -> None:
    lines = browse(Role.VIEWER).get(f"/export/receipt/{receipt}").text.splitlines()

    assert lines[0].endswith("outcome,record,before,after,amount,reason")
    assert lines[1].startswith("changed,PAY-")
    assert lines[1].endswith("approved,processing,100000.00,")


def test_a_spreadsheet_runs_nothing_of_a_receipt(browse: Browse, session: Session) -> None:
    change = Change(id=1, label="=HYPERLINK(1)", before="-1", after="@x")
    done = Done("test", "Test", changed=[change], refused=[], totals={})
    receipt = store_receipt(session, done, who="staff:1", who_name="Ada", fingerprint="")

    text = browse(Role.VIEWER).get(f"/export/receipt/{receipt.receipt_id}").text

    assert "changed,'=HYPERLINK(1),'-1,'@x,," in text


@pytest.mark.parametrize("path", ["/export/receipt/999", "/export/bank-file/999"])
def test_what_does_not_exist_is_not_found(browse: Browse, path: str) -> None:
    assert browse(Role.FINANCE).get(path).status_code == 404


def test_a_remittance_advice_is_a_page_for_whoever_sees_payouts(
    browse: Browse, session: Session
) -> None:
    payout = make_payout(session, make_owner(session).id)
    path = f"/export/remittance-advice/{payout.id}"
    assert browse(Role.VIEWER).get(path).status_code == 409
    pay(session, payout.id)

    answer = browse(Role.VIEWER).get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script" not in answer.headers["content-security-policy"]
    assert payout.payout_code in answer.text
    assert browse().get(path).status_code == 401
    assert browse(Role.VIEWER).get("/export/remittance-advice/999999").status_code == 404
