"""The sign-in forms, from the browser's side."""

import html
import re
from collections.abc import Callable

import pytest
from httpx2 import Response
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.base.crypto import sign
from crm_core.people import service
from crm_core.people.models import Staff
from crm_core.people.schemas import Role, machine
from crm_core.ui import form_guard, sessions

PASSWORD = "correct horse battery"
EMAIL = "ada@example.ng"

Person = Callable[..., Staff]


@pytest.fixture(autouse=True)
def ada(staff: Person) -> Staff:
    return staff(Role.ADMIN, email=EMAIL, password=PASSWORD)


def post(door: TestClient, path: str, page: str = "", **fields: str) -> Response:
    """Fills in the form that ``page`` shows and sends it."""
    shown = door.get(page or path).text
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', shown)
    hidden = {name: html.unescape(value) for name, value in found}
    return door.post(path, data={**hidden, **fields})


def test_the_form_leads_to_the_page_that_was_asked_for(door: TestClient) -> None:
    refused = door.get("/owners?owner=12&tab=a%20b", headers={"accept": "text/html"})
    form = refused.headers["location"]

    entered = post(door, "/auth/sign-in", form, email=EMAIL, password=PASSWORD)

    assert entered.status_code == 303
    assert entered.headers["location"] == "/owners?owner=12&tab=a%20b"
    assert len(door.get("/owners?owner=12").json()["sid"]) == 1


def test_the_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts(door: TestClient) -> None:
    entered = post(door, "/auth/sign-in", email=EMAIL, password=PASSWORD)

    kept = next(
        line for line in entered.headers.get_list("set-cookie") if sessions.COOKIE + "=" in line
    )
    assert kept.startswith("__Host-")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(kept.split("; "))
    assert "Domain" not in kept


def test_a_wrong_password_keeps_the_address_and_says_so(door: TestClient) -> None:
    refused = post(door, "/auth/sign-in", email=EMAIL, password="wrong")

    assert refused.status_code == 403
    assert "The e-mail address or the password is wrong." in refused.text
    assert f'value="{EMAIL}"' in refused.text
    assert door.get("/").status_code == 401


def test_failures_are_remembered_although_they_are_refused(door: TestClient) -> None:
    for _ in range(5):
        post(door, "/auth/sign-in", email=EMAIL, password="wrong")

    locked = post(door, "/auth/sign-in", email=EMAIL, password=PASSWORD)

    assert locked.status_code == 403
    assert "this account opens again at" in locked.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "evil",
        "/auth/sign-out",
        "javascript:alert(1)",
        "/\tevil",
        "",
    ],
)
def test_the_form_leads_nowhere_else(door: TestClient, target: str) -> None:
    door.get("/auth/sign-in")
    secret = door.cookies[form_guard.COOKIE]
    fields = {
        "email": EMAIL,
        "password": PASSWORD,
        "next": target,
        "form_token": sign("sign-in form", secret),
    }

    entered = door.post("/auth/sign-in", data=fields)

    assert entered.status_code == 303
    assert entered.headers["location"] == "/"


def test_another_site_cannot_send_the_form(door: TestClient) -> None:
    door.get("/auth/sign-in")
    refused = door.post(
        "/auth/sign-in",
        data={"email": EMAIL, "password": PASSWORD},
        headers={"sec-fetch-site": "cross-site"},
    )

    assert refused.status_code == 403
    assert "Another website sent this form" in refused.text


def test_a_form_without_our_signature_is_refused(door: TestClient) -> None:
    refused = post(door, "/auth/sign-in", email=EMAIL, password=PASSWORD, form_token="made up")

    assert "out of date" in refused.text
    assert door.get("/").status_code == 401


def test_a_browser_that_keeps_no_cookies_is_told(door: TestClient) -> None:
    refused = door.post("/auth/sign-in", data={"email": EMAIL, "password": PASSWORD})

    assert "allow cookies" in refused.text


def test_a_form_of_a_megabyte_is_refused(door: TestClient) -> None:
    refused = post(door, "/auth/sign-in", email=EMAIL, password="x" * 1_000_000)

    assert "too large" in refused.text


def test_what_was_typed_is_never_markup(door: TestClient) -> None:
    refused = post(door, "/auth/sign-in", email='"><script>alert(1)</script>', password="x")

    assert "<script>" not in refused.text


def test_the_form_loads_and_runs_nothing(door: TestClient) -> None:
    shown = door.get("/auth/sign-in")

    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "script" not in shown.headers["content-security-policy"]
    assert shown.headers["cache-control"] == "no-store"
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', shown.text)


def test_looking_at_a_link_does_not_use_it_up(door: TestClient, session: Session) -> None:
    link = service.make_sign_in_link(session, EMAIL, actor=machine("command:test"))
    page = f"/auth/link?token={link}"
    for _ in range(2):
        assert "Sign in as" in door.get(page).text

    entered = post(door, "/auth/link", page)

    assert entered.status_code == 303
    assert door.get("/").status_code == 200
    assert "used already" in door.get(page).text


def test_signing_out_ends_the_session_itself(door: TestClient) -> None:
    post(door, "/auth/sign-in", email=EMAIL, password=PASSWORD)
    token = door.cookies[sessions.COOKIE]

    left = door.get("/auth/sign-out", headers={"sec-fetch-site": "same-origin"})

    assert "You are signed out" in left.text
    assert sessions.COOKIE not in door.cookies
    door.cookies.set(sessions.COOKIE, token)
    assert door.get("/").status_code == 401


def test_another_site_cannot_sign_anybody_out(door: TestClient) -> None:
    post(door, "/auth/sign-in", email=EMAIL, password=PASSWORD)

    asked = door.get("/auth/sign-out", headers={"sec-fetch-site": "cross-site"})
    assert "Sign out?" in asked.text
    assert door.get("/").status_code == 200

    assert "You are signed out" in post(door, "/auth/sign-out").text
    assert door.get("/").status_code == 401


def test_signing_in_again_ends_the_session_before(door: TestClient, session: Session) -> None:
    post(door, "/auth/sign-in", email=EMAIL, password=PASSWORD)
    # Another tab still shows the form.
    secret = door.cookies[form_guard.COOKIE]
    fields = {"email": EMAIL, "password": PASSWORD}
    fields["form_token"] = sign("sign-in form", secret)

    door.post("/auth/sign-in", data=fields)

    alive = session.execute(text("SELECT count(*) FROM crm_sessions WHERE revoked_at IS NULL"))
    assert alive.scalar() == 1


def test_who_is_signed_in_is_not_asked_again(door: TestClient) -> None:
    post(door, "/auth/sign-in", email=EMAIL, password=PASSWORD)

    onward = door.get("/auth/sign-in?next=/payouts")

    assert onward.status_code == 303
    assert onward.headers["location"] == "/payouts"
