"""Paying by transfer over HTTP: plan, commit, verify, webhooks, the provider's question, advice."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.base.db import connect
from crm_core.base.models import WebhookEvent
from crm_core.people.schemas import Role
from tests import make_business as make
from tests.api.calls import API, PAYOUTS, act, commit, done, plan, refusal, status_of
from tests.api.conftest import SignedIn
from tests.api.test_watching import counted
from tests.payouts.paystack import SECRET, LocalPaystack, sign
from tests.payouts.transferring import approved, order, send

WEBHOOK = f"{API}/webhooks/paystack"
APPROVE = f"{API}/integrations/paystack/approve"


def ordered(client: TestClient) -> dict[str, Any]:
    """A payout that goes by transfer, through the API."""
    payout = approved()
    ids = [payout.id]
    commit(client, "transfer", plan(client, "transfer", ids=ids), ids=ids)
    row: dict[str, Any] = done(client.get(f"{PAYOUTS}/{payout.id}"))
    return row


def tell(client: TestClient, body: bytes, signature: str | None = None) -> int:
    given = sign(body) if signature is None else signature
    headers = {"x-paystack-signature": given}
    return client.post(WEBHOOK, content=body, headers=headers).status_code


def test_a_payout_goes_by_transfer_and_is_paid_by_the_webhook(
    client: TestClient, anonymous: TestClient, paystack: LocalPaystack
) -> None:
    payout = ordered(client)
    assert payout["status"] == "processing"
    send()
    paystack.conclude(payout["payment_reference"], "success")

    assert tell(anonymous, paystack.event(payout["payment_reference"])) == 200

    assert status_of(client, payout) == "paid"
    story = done(client.get(f"{PAYOUTS}/{payout['id']}/transfers"))
    assert [one["provider_status"] for one in story["transfers"]] == ["success"]
    assert [one["source"] for one in story["answers"]] == ["webhook", "send"]


def test_a_webhook_that_comes_three_times_is_applied_once(
    client: TestClient, anonymous: TestClient, paystack: LocalPaystack, session: Session
) -> None:
    payout = ordered(client)
    send()
    paystack.conclude(payout["payment_reference"], "success")
    event = paystack.event(payout["payment_reference"])

    assert [tell(anonymous, event) for _ in range(3)] == [200, 200, 200]

    assert session.scalars(select(WebhookEvent.outcome)).all() == [
        f"{payout['payout_code']} is paid."
    ]


@pytest.mark.parametrize("signature", ["", "00", "f" * 128])
def test_a_webhook_that_is_not_signed_changes_nothing(
    client: TestClient,
    anonymous: TestClient,
    paystack: LocalPaystack,
    session: Session,
    signature: str,
) -> None:
    payout = ordered(client)
    send()
    paystack.conclude(payout["payment_reference"], "success")

    assert tell(anonymous, paystack.event(payout["payment_reference"]), signature) == 401

    assert status_of(client, payout) == "processing"
    assert session.scalars(select(WebhookEvent.id)).all() == []


def test_without_a_key_nobody_can_sign(anonymous: TestClient) -> None:
    assert tell(anonymous, b"{}", sign(b"{}", "")) == 401


def test_without_a_key_the_way_is_not_offered(client: TestClient) -> None:
    payout = approved()
    answer = client.post(f"{PAYOUTS}/plan-transfer", json={"ids": [payout.id]})
    assert "CRM_PAYSTACK_SECRET_KEY" in refusal(answer, 409)


def test_verifying_answers_what_the_provider_says(
    client: TestClient, paystack: LocalPaystack
) -> None:
    payout = ordered(client)
    assert "not sent" in refusal(act(client, payout["id"], "verify"), 409)
    send()

    answer = act(client, payout["id"], "verify").json()
    assert (answer["message"], answer["data"]["status"]) == ("Paystack says pending.", "processing")

    paystack.conclude(payout["payment_reference"], "failed")
    assert done(act(client, payout["id"], "verify"))["status"] == "failed"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER, Role.ANALYST, Role.ADMIN])
def test_who_may_not_pay_neither_orders_nor_asks(
    signed_in: SignedIn, paystack: LocalPaystack, role: Role
) -> None:
    client, payout = signed_in(role), approved()
    for path, body in (
        ("plan-transfer", {"ids": [payout.id]}),
        ("commit-transfer", {"ids": [payout.id], "fingerprint": ""}),
        (f"{payout.id}/verify", None),
    ):
        assert client.post(f"{PAYOUTS}/{path}", json=body).status_code == 403


def test_an_approver_sees_whose_account_it_is_before_approving(
    signed_in: SignedIn, paystack: LocalPaystack, session: Session
) -> None:
    approver = signed_in(Role.APPROVER)
    payout = make.make_payout(session, make.make_owner(session).id)
    session.commit()
    paystack.holders["0000014579"] = "CHUKWU EMEKA"

    holder = done(act(approver, payout.id, "account-holder"))

    assert (holder["name"], holder["error"]) == ("CHUKWU EMEKA", None)
    assert holder["match"] < 50
    checks = done(approver.get(f"{PAYOUTS}/{payout.id}/details"))["checks"]
    assert "holder" in [check["code"] for check in checks]


def test_a_holder_s_name_is_for_those_who_approve_or_pay(
    signed_in: SignedIn, paystack: LocalPaystack
) -> None:
    payout = approved()
    assert act(signed_in(Role.VIEWER), payout.id, "account-holder").status_code == 403
    assert paystack.asked == []


# The provider's question


@pytest.fixture
def asked(
    client: TestClient, paystack: LocalPaystack
) -> tuple[dict[str, Any], Callable[..., bytes]]:
    """A payout whose transfer was sent, and the question about it."""
    payout = ordered(client)
    send()

    def question(**more: Any) -> bytes:
        return json.dumps({**paystack.transfers[payout["payment_reference"]], **more}).encode()

    return payout, question


def test_a_signed_question_is_answered(
    anonymous: TestClient, asked: tuple[dict[str, Any], Callable[..., bytes]]
) -> None:
    _, question = asked
    for body, status in ((question(), 200), (question(amount=1), 400)):
        headers = {"x-paystack-signature": sign(body)}
        assert anonymous.post(APPROVE, content=body, headers=headers).status_code == status
    assert anonymous.post(APPROVE, content=question()).status_code == 401


def test_a_question_to_the_secret_address_is_answered_and_the_secret_in_no_log(
    anonymous: TestClient,
    asked: tuple[dict[str, Any], Callable[..., bytes]],
    set_environment: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, question = asked
    secret = "a" * 32
    assert anonymous.post(f"{APPROVE}/{secret}", content=question()).status_code == 401
    set_environment(CRM_PAYSTACK_APPROVAL_SECRET=secret)
    assert anonymous.post(f"{APPROVE}/{secret}", content=question()).status_code == 200
    assert anonymous.post(f"{APPROVE}/{secret}", content=question(amount=1)).status_code == 400
    assert anonymous.post(f"{APPROVE}/{'b' * 32}", content=question()).status_code == 401
    logged = capsys.readouterr().err
    assert "path=/api/crm-v2/integrations/paystack/approve/… status=200" in logged
    assert secret not in logged


def test_a_short_secret_opens_nothing(
    anonymous: TestClient,
    asked: tuple[dict[str, Any], Callable[..., bytes]],
    set_environment: Callable[..., None],
) -> None:
    _, question = asked
    set_environment(CRM_PAYSTACK_APPROVAL_SECRET="short")
    assert anonymous.post(f"{APPROVE}/short", content=question()).status_code == 401


def test_the_secret_is_nowhere_in_an_answer(
    client: TestClient, paystack: LocalPaystack, anonymous: TestClient
) -> None:
    payout = ordered(client)
    send()
    for answer in (
        client.get(f"{PAYOUTS}/{payout['id']}/transfers"),
        act(client, payout["id"], "verify"),
        anonymous.post(WEBHOOK, content=b"{}"),
    ):
        assert SECRET not in answer.text


# The advice


def test_a_paid_payout_has_a_remittance_advice(client: TestClient, session: Session) -> None:
    payout = make.make_payout(session, make.make_owner(session, "<b>Ada</b> Obi").id)
    session.commit()
    address = f"{PAYOUTS}/{payout.id}/remittance-advice"
    assert "pending" in refusal(client.get(address), 409)
    make.pay(session, payout.id)
    session.commit()

    page = client.get(address)

    assert page.headers["content-type"].startswith("text/html")
    assert "<b>Ada" not in page.text
    assert payout.payout_code in page.text
    assert "₦100,000.00" in page.text


def test_a_release_takes_an_approver_and_something_frozen(
    signed_in: SignedIn, client: TestClient, paystack: LocalPaystack
) -> None:
    payout = approved()
    order(payout.id)
    assert act(client, payout.id, "release", reason="it is fine").status_code == 403
    approver = signed_in(Role.APPROVER)
    assert "frozen" in refusal(act(approver, payout.id, "release", reason="it is fine"), 409)


# What those who run the service see


def test_transfers_and_events_that_wait_are_counted(
    client: TestClient, paystack: LocalPaystack
) -> None:
    ordered(client)
    ordered(client)

    assert counted(client, "crm_transfers", state="queued") == 2
    assert counted(client, "crm_transfers", state="frozen") == 0
    send()
    assert counted(client, "crm_transfers", state="sent") == 2


def test_counters_are_there_also_while_the_database_is_away(client: TestClient) -> None:
    connect("postgresql://somebody@127.0.0.1:1/nowhere")
    assert client.get("/metrics").status_code == 200
