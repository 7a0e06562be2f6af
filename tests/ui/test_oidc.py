"""Single sign-on against a provider that speaks the protocol."""

from collections.abc import Callable, Iterator

import pytest
from httpx2 import Response
from joserfc.jwk import RSAKey
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.people import queries
from crm_core.people.models import Staff
from crm_core.people.schemas import Role, SessionFilter
from crm_core.ui import oidc
from tests.ui.provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider

EMAIL = "ada@example.ng"
PUBLIC = "https://ops.example.ng"


@pytest.fixture
def provider(set_environment: Callable[..., None]) -> Iterator[Provider]:
    with running_provider() as running:
        running.claims["email"] = EMAIL.upper()
        set_environment(
            CRM_OIDC_ISSUER=running.issuer,
            CRM_OIDC_CLIENT_ID=CLIENT_ID,
            CRM_OIDC_CLIENT_SECRET=CLIENT_SECRET,
            CRM_OIDC_LABEL="the group's account",
            CRM_PUBLIC_URL=PUBLIC,
        )
        yield running


@pytest.fixture(autouse=True)
def ada(staff: Callable[..., Staff]) -> Staff:
    return staff(Role.APPROVER, email=EMAIL)


def come_back(door: TestClient, provider: Provider, target: str = "/") -> Response:
    started = door.get("/auth/oidc/start", params={"next": target})
    assert started.status_code == 303
    return door.get(provider.agree(started.headers["location"]))


def assert_refused(door: TestClient, answer: Response, sentence: str) -> None:
    assert answer.status_code == 403
    assert sentence in answer.text
    assert door.get("/").status_code == 401


def test_a_verified_address_signs_in_and_leads_on(
    door: TestClient, provider: Provider, session: Session, ada: Staff
) -> None:
    entered = come_back(door, provider, "/payouts?tab=queue")

    assert entered.headers["location"] == "/payouts?tab=queue"
    assert provider.asked["redirect_uri"] == f"{PUBLIC}/auth/oidc/callback"
    assert door.get("/").status_code == 200
    signed_in = queries.list_sessions(SessionFilter()).page(session).rows
    assert [(each.staff_id, each.method) for each in signed_in] == [(ada.id, "single sign-on")]


def test_the_sign_in_form_offers_it(door: TestClient, provider: Provider) -> None:
    assert "Sign in with the group&#39;s account" in door.get("/auth/sign-in").text


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_is_not_verified_proves_nothing(
    door: TestClient, provider: Provider, verified: object
) -> None:
    provider.claims["email_verified"] = verified

    assert_refused(door, come_back(door, provider), "not verified your e-mail address")


def test_somebody_without_an_account_is_told_whom_to_ask(
    door: TestClient, provider: Provider
) -> None:
    provider.claims["email"] = "stranger@example.ng"

    assert_refused(door, come_back(door, provider), "ask an administrator")


def test_a_closed_account_stays_closed(
    door: TestClient, provider: Provider, session: Session, ada: Staff
) -> None:
    ada.active = False
    session.flush()

    assert_refused(door, come_back(door, provider), "has no open account")


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another trip"},
        {"nonce": None},
        {"aud": "another client"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
    ],
)
def test_a_token_that_was_not_made_for_this_trip_is_refused(
    door: TestClient, provider: Provider, claims: dict[str, object]
) -> None:
    provider.claims.update(claims)

    assert_refused(door, come_back(door, provider), "did not work just now")


def test_a_token_signed_by_another_key_is_refused(door: TestClient, provider: Provider) -> None:
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "1"})

    assert_refused(door, come_back(door, provider), "did not work just now")


def test_another_browser_cannot_finish_the_trip(door: TestClient, provider: Provider) -> None:
    started = door.get("/auth/oidc/start")
    back = provider.agree(started.headers["location"])
    door.cookies.clear()

    assert_refused(door, door.get(back), "not started in this browser")


def test_a_state_of_another_trip_is_refused(door: TestClient, provider: Provider) -> None:
    back = provider.agree(door.get("/auth/oidc/start").headers["location"])
    door.get("/auth/oidc/start")

    assert_refused(door, door.get(back), "not started in this browser")


def test_a_cookie_that_was_changed_is_nothing(door: TestClient, provider: Provider) -> None:
    back = provider.agree(door.get("/auth/oidc/start").headers["location"])
    door.cookies.clear()
    door.cookies.set(oidc.COOKIE, "e30=." + "x" * 43)

    assert_refused(door, door.get(back), "not started in this browser")


def test_the_trip_leads_to_no_other_site(door: TestClient, provider: Provider) -> None:
    assert come_back(door, provider, "//evil.example").headers["location"] == "/"


def test_saying_no_at_the_provider_is_said_kindly(door: TestClient, provider: Provider) -> None:
    back = provider.agree(door.get("/auth/oidc/start").headers["location"])
    cancelled = back.replace("code=the+code", "error=access_denied")

    assert_refused(door, door.get(cancelled), "cancelled at the provider")


def test_a_provider_that_is_down_leaves_the_password(
    door: TestClient, set_environment: Callable[..., None]
) -> None:
    set_environment(CRM_OIDC_ISSUER="http://127.0.0.1:9", CRM_OIDC_CLIENT_ID=CLIENT_ID)

    answer = door.get("/auth/oidc/start")

    assert_refused(door, answer, "use your password")
    assert "Password" in answer.text
