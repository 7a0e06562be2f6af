"""A record as it was: from the history browser, and from the record's own page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.clock import lagos_today
from crm_core.owners import service as owners
from crm_core.owners.schemas import OwnerUpdate
from crm_core.people.schemas import Role
from tests.make_appointments import make_visit
from tests.make_business import FINANCE, make_owner, make_payout
from tests.make_campaigns import make_campaign
from tests.make_feedback import make_feedback
from tests.make_patients import make_patient
from tests.pages.acting import cells, chips, errors, labels, press, texts


class HasId(Protocol):
    """Any record."""

    @property
    def id(self) -> int: ...


Open = Callable[..., AppTest]


def last_change(session: Session) -> int:
    latest = "SELECT max(id) FROM crm_history WHERE table_name = 'crm_owners'"
    return int(session.execute(text(latest)).scalar_one())


@pytest.fixture
def owner_id(session: Session) -> int:
    """Zainab, who was Ada."""
    owner = make_owner(session, "Ada Obi", nin="12345678901")
    owners.update_owner(session, owner.id, OwnerUpdate(first_name="Zainab"), actor=FINANCE)
    return owner.id


def test_a_change_leads_to_the_record_on_either_side_of_it(
    open_page: Open, session: Session, owner_id: int
) -> None:
    page = open_page("pages/admin.py", Role.ADMIN, tab="History", change=last_change(session))

    press(page, "The record before it")

    assert page.query_params["record"] == str(owner_id)
    assert cells(page, "As it was")[0] == "Ada"
    assert cells(page, "As it is now")[0] == "Zainab"
    assert chips(page, "Since")[0] == ["Changed"]
    press(page, "The record after it")
    assert cells(page, "As it was") == cells(page, "As it is now")


def test_an_owner_is_shown_as_on_a_day_with_the_number_masked(visit: Open, owner_id: int) -> None:
    today = lagos_today()
    page = visit(
        "pages/owners.py", Role.VIEWER, owner=owner_id, tab="history", past="yes", then=today
    )

    assert "*******8901" in cells(page, "As it was")
    assert any(each.startswith("It stood like this since") for each in texts(page))
    assert "12345678901" not in str([list(frame.value.values) for frame in page.dataframe])


def test_before_it_was_made_the_page_says_so(visit: Open, owner_id: int) -> None:
    yesterday = lagos_today() - timedelta(days=1)
    page = visit(
        "pages/owners.py", Role.VIEWER, owner=owner_id, tab="history", past="yes", then=yesterday
    )

    assert [info.value.replace("\\", "") for info in page.info] == ["It did not exist yet."]


def test_without_a_moment_the_page_asks_for_one(visit: Open, owner_id: int) -> None:
    page = visit("pages/owners.py", Role.VIEWER, owner=owner_id, tab="history", past="yes")

    assert "Choose a day, or one of the record's changes, to see it as it was then." in texts(page)
    assert cells(page, "As it was") == []


def test_a_moment_to_come_and_nonsense_are_refused_in_words(visit: Open, owner_id: int) -> None:
    tomorrow = lagos_today() + timedelta(days=1)
    here = {"owner": owner_id, "tab": "history", "past": "yes"}

    page = visit("pages/owners.py", Role.VIEWER, **here, then=tomorrow)
    assert errors(page) == ["This moment is still to come: choose one that has passed."]
    page = visit("pages/owners.py", Role.VIEWER, **here, then="x", clock="99", change="y", side="z")
    assert errors(page) == []


def test_amounts_and_states_are_written_as_everywhere(visit: Open, session: Session) -> None:
    payout = make_payout(session, make_owner(session).id, "4500000")

    page = visit("pages/payouts.py", Role.VIEWER, payout=payout.id, past="yes", then=lagos_today())

    fields = dict(zip(cells(page, "Field"), cells(page, "As it was"), strict=True))
    assert (fields["Net amount"], fields["Status"]) == ("₦4,500,000.00", "Pending")
    assert fields["Account number"] == "******4579"


@pytest.mark.parametrize("kind", ["patient", "visit", "campaign", "feedback"])
def test_every_record_is_told_as_it_was(visit: Open, session: Session, kind: str) -> None:
    make: dict[str, tuple[str, Callable[[Session], HasId]]] = {
        "patient": ("pages/patients.py", make_patient),
        "visit": ("pages/appointments.py", make_visit),
        "campaign": ("pages/campaigns.py", make_campaign),
        "feedback": ("pages/feedback.py", make_feedback),
    }
    path, make_it = make[kind]
    page = visit(
        path,
        Role.VIEWER,
        **{kind: make_it(session).id, "tab": "history", "past": "yes", "then": lagos_today()},
    )

    assert errors(page) == []
    assert cells(page, "As it was")
    assert cells(page, "As it was") == cells(page, "As it is now")


def test_the_history_is_narrowed_by_days_deeds_and_words(
    open_page: Open, session: Session, owner_id: int
) -> None:
    here = {"tab": "History", "table": "crm_owners", "record": owner_id}

    page = open_page("pages/admin.py", Role.ADMIN, **here, action="update", since=lagos_today())
    assert len(cells(page, "Change")) == 1
    page = open_page("pages/admin.py", Role.ADMIN, **here, until=lagos_today() - timedelta(days=1))
    assert cells(page, "Change") == []
    page = open_page("pages/admin.py", Role.ADMIN, tab="History", why="letter")
    assert [each.value.replace("\\", "") for each in page.warning] == [
        "To look for words choose a person, a record or a first day, too."
    ]
    assert "The record before it" not in labels(page)
