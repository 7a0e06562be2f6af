"""Beside a list and its records: files to take away, and the way to the next record."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.people.schemas import Role
from tests.make_business import approve, make_owner, make_payout
from tests.make_patients import make_patient
from tests.pages.acting import htmls, labels, press

Open = Callable[..., AppTest]
PAGES = ["pages/payouts.py", "pages/owners.py", "pages/patients.py"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("role", "may"), [(Role.ANALYST, True), (Role.VIEWER, False)])
def test_the_list_is_taken_away_by_those_who_may(
    visit: Open, session: Session, page: str, role: Role, may: bool
) -> None:
    make_payout(session, make_owner(session).id)
    make_patient(session)
    tab = {"tab": "all-payouts"} if "payouts" in page else {}
    shown = visit(page, role, status="active" if not tab else "pending", **tab)
    links = [html for html in htmls(shown) if "/export/list/" in html]
    assert bool(links) is may
    assert all("status=" in link for link in links)


def test_the_next_record_is_the_next_of_the_filtered_list(visit: Open, session: Session) -> None:
    first, approved, last = (make_payout(session, make_owner(session).id).id for _ in range(3))
    approve(session, approved)
    page = visit("pages/payouts.py", Role.VIEWER, payout=last, status="pending", tab="all-payouts")
    assert "Previous" not in labels(page)
    press(page, "Next")
    assert page.query_params["payout"] == str(first)
    assert page.query_params["status"] == "pending"


@pytest.mark.parametrize(
    ("page", "param"), [("pages/owners.py", "owner"), ("pages/patients.py", "patient")]
)
def test_owners_and_patients_are_walked_through(
    visit: Open, session: Session, page: str, param: str
) -> None:
    if param == "owner":
        ids = [make_owner(session).id for _ in range(2)]
    else:
        ids = [make_patient(session, name).id for name in ("Ada Obi", "Bola Ade")]
    shown = visit(page, Role.VIEWER, **{param: str(max(ids))})
    press(shown, "Next")
    assert shown.query_params[param] == str(min(ids))
    press(shown, "Previous")
    assert shown.query_params[param] == str(max(ids))
