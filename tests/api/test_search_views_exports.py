"""Search, saved views, lists as files and webhook subscriptions over HTTP."""

import pytest
from sqlalchemy.orm import Session

from crm_core.api.app import PREFIX
from crm_core.people.schemas import Role
from tests.api.conftest import SignedIn
from tests.make_business import make_owner, make_payout
from tests.make_patients import make_patient

HOOKS = f"{PREFIX}/webhook-subscriptions"


def test_everything_is_searched(signed_in: SignedIn, session: Session) -> None:
    make_patient(session, "Zainab Bello", phone="08035551234")
    session.commit()
    found = signed_in(Role.VIEWER).get(f"{PREFIX}/search?q=0803 555 1234").json()["data"]
    assert [(one["kind"], one["hits"][0]["title"]) for one in found] == [
        ("patients", "Zainab Bello")
    ]


def test_a_search_for_nothing_is_refused(signed_in: SignedIn) -> None:
    assert signed_in(Role.VIEWER).get(f"{PREFIX}/search?q=").status_code == 400


def test_a_list_is_taken_away_with_its_filters(signed_in: SignedIn, session: Session) -> None:
    made = make_payout(session, make_owner(session).id)
    make_payout(session, make_owner(session).id)
    session.commit()
    answer = signed_in(Role.ANALYST).get(f"{PREFIX}/exports/payouts?owner_id={made.owner_id}")
    header, row = answer.text.splitlines()
    assert header.startswith("id,payout_code")
    assert made.payout_code in row
    assert answer.headers["content-disposition"] == 'attachment; filename="payouts.csv"'


@pytest.mark.parametrize(
    ("path", "status"),
    [("payouts?colour=red", 400), ("salaries", 404), ("history", 403), ("payouts?format=pdf", 400)],
)
def test_what_cannot_be_taken_away(signed_in: SignedIn, path: str, status: int) -> None:
    assert signed_in(Role.ANALYST).get(f"{PREFIX}/exports/{path}").status_code == status


def test_a_viewer_takes_nothing_away(signed_in: SignedIn) -> None:
    assert signed_in(Role.VIEWER).get(f"{PREFIX}/exports/payouts").status_code == 403


def test_webhooks_are_an_administrators(signed_in: SignedIn) -> None:
    body = {"name": "Ledger", "url": "https://example.ng/hook", "kinds": ["payout.paid"]}
    assert signed_in(Role.FINANCE).post(HOOKS, json=body).status_code == 403
    admin = signed_in(Role.ADMIN)
    made = admin.post(HOOKS, json=body)
    assert made.status_code == 201
    assert made.json()["data"]["secret"].startswith("whsec_")
    [shown] = admin.get(HOOKS).json()["data"]
    assert shown["url"] == body["url"]
    assert "secret" not in str(shown)
    assert admin.post(f"{HOOKS}/{shown['id']}/end").json()["data"]["active"] is False
    assert admin.get(f"{PREFIX}/webhook-deliveries").json()["data"] == []
