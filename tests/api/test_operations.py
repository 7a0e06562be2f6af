"""The operations centre's figures over HTTP."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from crm_core.api.app import PREFIX
from crm_core.people.schemas import Role
from tests.api.conftest import SignedIn
from tests.make_business import make_hospital, make_owner, make_payout

OPERATIONS = f"{PREFIX}/metrics/operations"


@pytest.mark.parametrize("role", list(Role))
def test_every_role_reads_them(signed_in: SignedIn, role: Role) -> None:
    answer = signed_in(role).get(OPERATIONS)

    assert answer.status_code == 200
    assert answer.json()["data"]["payouts"]["statuses"] == []


def test_who_has_no_token_reads_nothing(anonymous: TestClient) -> None:
    assert anonymous.get(OPERATIONS).status_code == 401


def test_figures_are_in_one_answer(signed_in: SignedIn, session: Session) -> None:
    make_payout(session, make_owner(session).id, "100000")
    session.commit()

    data = signed_in(Role.ANALYST).get(OPERATIONS).json()["data"]

    [pending] = data["payouts"]["statuses"]
    assert (pending["status"], pending["count"]) == ("pending", 1)
    assert len(data["visits"]) == 30
    assert data["delivery"]["rateBefore"] is None
    assert data["feedback"] == {"open": 0, "complaints": 0, "overdue": 0, "escalated": 0}


def test_a_hospital_narrows_them(signed_in: SignedIn, session: Session) -> None:
    make_payout(session, make_owner(session).id, "100000")
    hospital = make_hospital(session)
    session.commit()

    client = signed_in(Role.ANALYST)
    data = client.get(OPERATIONS, params={"hospital_id": hospital.id}).json()["data"]

    assert data["hospitalId"] == hospital.id
    assert data["payouts"]["statuses"] == []


def test_a_state_narrows_what_is_kept_by_hospital(signed_in: SignedIn, session: Session) -> None:
    here = make_hospital(session)
    make_payout(session, make_owner(session, hospital_id=here.id).id)
    session.commit()
    client = signed_in(Role.ANALYST)

    there = [
        client.get(OPERATIONS, params={"state": state}).json()["data"]
        for state in (here.state, "Kano")
    ]

    assert [len(data["payouts"]["statuses"]) for data in there] == [1, 0]
    assert there[0]["payoutsByMonth"][-2]["made"] == "100000.00"


@pytest.mark.parametrize("query", ["days=6", "days=91", "hospital_id=x", "city=Lagos"])
def test_what_it_cannot_be_narrowed_to_is_refused(signed_in: SignedIn, query: str) -> None:
    assert signed_in(Role.ANALYST).get(f"{OPERATIONS}?{query}").status_code == 400
