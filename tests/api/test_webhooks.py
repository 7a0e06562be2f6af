"""What providers tell us: only when signed, kept raw and once, applied once, answered at once."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from crm_core.api.app import PREFIX, create_app
from crm_core.api.webhooks.receiving import LARGEST, Provider, receive, signed_with
from crm_core.base import crypto, webhooks
from crm_core.base.models import WebhookEvent
from tests.api.conftest import session_reader

WEBHOOKS = f"{PREFIX}/webhooks"
SECRET = "sk_of_the_sample"
BODY = b'{ "event" : "x", "odd": "\xff" }'


class Ear:
    """A provider of the tests, which remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.fault: Exception | None = None
        self.provider = Provider("sample", self._genuine, self.apply_waiting)

    def apply_waiting(self) -> int:
        return webhooks.apply_waiting("sample", self.apply)

    def apply(self, _: Session, body: bytes) -> str:
        if self.fault:
            raise self.fault
        self.heard.append(body)
        return "heard"

    @staticmethod
    def _genuine(request: Request, body: bytes) -> bool:
        return signed_with(SECRET, body, "sha512", request.headers.get("x-signature", ""))


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def told(session: Session, ear: Ear) -> Iterator[Callable[..., int]]:
    """``told(body, signature)``: the status that the sample's provider is answered."""
    router = APIRouter(prefix="/webhooks")

    @router.post("/sample", response_model=None)
    async def receive_sample(request: Request) -> Response:
        return await receive(request, ear.provider)

    app = create_app(session_reader)
    app.include_router(router, prefix=PREFIX)
    with TestClient(app, raise_server_exceptions=False) as client:

        def tell(body: bytes = BODY, signature: str | None = None) -> int:
            given = sign(body) if signature is None else signature
            headers = [(b"x-signature", given.encode())]
            return client.post(f"{WEBHOOKS}/sample", content=body, headers=headers).status_code

        yield tell


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()


def kept(session: Session) -> list[WebhookEvent]:
    session.expire_all()
    return list(session.scalars(select(WebhookEvent).order_by(WebhookEvent.id)))


def test_a_signed_event_is_kept_as_it_came_and_applied(
    told: Callable[..., int], ear: Ear, session: Session
) -> None:
    assert told() == 200

    (event,) = kept(session)
    assert ear.heard == [BODY]
    assert crypto.decrypt(event.body_encrypted).encode("latin-1") == BODY
    assert (event.provider, event.outcome, event.applied_at is None) == ("sample", "heard", False)


def test_the_same_event_again_is_answered_and_not_applied_again(
    told: Callable[..., int], ear: Ear, session: Session
) -> None:
    assert [told(), told(), told()] == [200, 200, 200]

    assert ear.heard == [BODY]
    assert len(kept(session)) == 1


@pytest.mark.parametrize(
    "signature", ["", "0", sign(BODY, "another secret"), sign(BODY + b" "), "é" * 10]
)
def test_an_event_that_is_not_signed_by_them_changes_nothing(
    told: Callable[..., int], ear: Ear, session: Session, signature: str
) -> None:
    assert told(BODY, signature) == 401

    assert not ear.heard
    assert not kept(session)


def test_without_a_secret_nothing_is_signed() -> None:
    assert not signed_with("", BODY, "sha512", sign(BODY, ""))


def test_a_signature_may_be_written_in_capitals() -> None:
    assert signed_with(SECRET, BODY, "sha512", sign(BODY).upper())


def test_an_event_that_is_too_large_is_refused(told: Callable[..., int], session: Session) -> None:
    assert told(b"x" * (LARGEST + 1)) == 413
    assert not kept(session)


def test_an_event_that_broke_waits_and_holds_up_no_other(
    told: Callable[..., int], ear: Ear, session: Session
) -> None:
    ear.fault = RuntimeError("a bug")
    assert told(b"first") == 200
    assert webhooks.waiting_by_provider(session) == {"sample": 1}
    ear.fault = None

    assert told(b"second") == 200

    assert ear.heard == [b"first", b"second"]
    assert webhooks.waiting_by_provider(session) == {}


def test_what_came_cannot_be_changed_afterwards(told: Callable[..., int], session: Session) -> None:
    told()
    allowed = session.scalar(
        select(func.has_column_privilege("crm_app", "crm_webhook_events", "digest", "UPDATE"))
    )
    assert allowed is False


def test_every_webhook_refuses_what_is_not_signed(
    app: FastAPI, anonymous: TestClient, session: Session
) -> None:
    paths = {
        str(context.path)
        for context in iter_route_contexts(app.routes)
        if str(context.path).startswith((WEBHOOKS, f"{PREFIX}/integrations/paystack"))
        and "POST" in (context.methods or set())
    }
    assert paths
    for path in paths:
        answer = anonymous.post(path, content=json.dumps({"event": "transfer.success"}))
        assert (path, answer.status_code) == (path, 401)
    assert not kept(session)
