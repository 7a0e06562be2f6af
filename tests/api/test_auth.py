"""Who may ask: bearer tokens, their end, and what their roles allow."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core.api.app import PREFIX
from crm_core.api.links import LinkRoute
from crm_core.api.route import Route
from crm_core.base.clock import utc_now
from crm_core.people import service
from crm_core.people.models import ApiToken
from crm_core.people.schemas import Role, machine
from tests.api.conftest import SignedIn
from tests.api.tokens import make_token

READ = f"{PREFIX}/receipts"
WRITE = f"{PREFIX}/sample/receipts"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YWRtaW46YWRtaW4="},
        {"Authorization": "crm_token"},
        {"Cookie": "Authorization=Bearer x"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_token_nothing_is_answered_but_how_to_send_one(
    anonymous: TestClient, headers: dict[str, str], method: str
) -> None:
    answer = anonymous.request(method, READ if method == "GET" else WRITE, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {
        "success": False,
        "message": "Send your API token in the header 'Authorization: Bearer …'.",
    }


@pytest.mark.parametrize("token", ["wrong", "crm_" + "a" * 43, "a" * 5000, "ÿ", "a b", "\x01"])
def test_an_unknown_token_is_refused(anonymous: TestClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode("latin-1")}
    answer = anonymous.get(READ, headers=headers)  # type: ignore[arg-type] # bytes are taken, too
    assert answer.status_code == 401
    assert answer.json()["message"].startswith("This API token is unknown, revoked or expired")


def test_who_is_refused_is_not_told_whether_the_rest_of_the_request_was_right(
    anonymous: TestClient,
) -> None:
    assert anonymous.post(WRITE, content=b"{").status_code == 401
    assert anonymous.get(f"{READ}?limit=9999").status_code == 401
    assert anonymous.get(f"{READ}/abc").status_code == 401


def test_the_scheme_may_be_written_in_any_case(anonymous: TestClient, session: Session) -> None:
    token = make_token(session, Role.VIEWER)
    session.commit()
    assert anonymous.get(READ, headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_a_revoked_token_is_refused(anonymous: TestClient, session: Session) -> None:
    token = make_token(session, Role.VIEWER)
    token_id = session.scalars(select(ApiToken.id)).one()
    service.revoke_token(session, token_id, actor=machine("command:test"))
    session.commit()
    assert anonymous.get(READ, headers=bearer(token)).status_code == 401


def test_an_expired_token_is_refused(anonymous: TestClient, session: Session) -> None:
    token = make_token(session, Role.VIEWER)
    session.execute(update(ApiToken).values(expires_at=utc_now() - timedelta(seconds=1)))
    session.commit()
    assert anonymous.get(READ, headers=bearer(token)).status_code == 401


def test_a_token_s_use_is_written_down(client: TestClient, session: Session) -> None:
    assert session.scalars(select(ApiToken.last_used_at)).one() is None
    client.get(READ)
    session.expire_all()
    assert session.scalars(select(ApiToken.last_used_at)).one() is not None


def test_a_role_that_may_not_is_refused_and_one_that_may_is_not(signed_in: SignedIn) -> None:
    address = f"{PREFIX}/sample/approvers-only"
    refused = signed_in(Role.FINANCE).get(address)
    assert refused.status_code == 403
    assert refused.json() == {
        "success": False,
        "message": "You may not approve payouts: this takes the approver role.",
    }
    assert signed_in(Role.APPROVER).get(address).status_code == 200


def test_every_route_of_the_api_asks_for_a_token(app: FastAPI) -> None:
    open_to_all = {
        context.path
        for context in iter_route_contexts(app.routes)
        if not isinstance(context.original_route, Route)
        # Providers have no token: their signature is looked at in test_webhooks.py.
        and not str(context.path).startswith(
            (f"{PREFIX}/webhooks/", f"{PREFIX}/integrations/paystack/")
        )
        # Whoever holds a signed link needs no token: test_links.py goes through them.
        and not isinstance(context.original_route, LinkRoute)
    }
    assert open_to_all == {
        "/health",
        "/ready",
        "/metrics",
        f"{PREFIX}/docs",
        f"{PREFIX}/docs/start.js",
        f"{PREFIX}/docs/{{name}}",
        f"{PREFIX}/openapi.json",
    }
