"""Two tabs of the admin page: figures of the business, and who changed what."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base import db, parameters
from crm_core.base.errors import Forbidden
from crm_core.owners import service as owners
from crm_core.owners.schemas import OwnerUpdate
from crm_core.people import service
from crm_core.people.schemas import Role
from tests.make_business import FINANCE, make_owner
from tests.pages.acting import cells, errors, fill, press

Open = Callable[..., AppTest]
DAYS = "contracts.expiring_days"


@pytest.fixture
def admin(open_page: Open) -> Open:
    """``admin(tab="History")``: the admin page as an administrator."""
    return partial(open_page, "pages/admin.py", Role.ADMIN)


def test_a_setting_is_changed_within_its_bounds_for_a_reason(admin: Open, session: Session) -> None:
    page = fill(admin(tab="Settings"), name=DAYS)

    press(fill(page, value="400", reason="shorter notice"), "Change it")
    assert "Give a value from" in errors(page)[0]
    press(fill(page, value="45"), "Change it")

    assert parameters.value_of(session, DAYS) == Decimal(45)
    assert "45 days" in cells(page, "Now")
    why = "SELECT why FROM crm_history WHERE table_name = 'crm_parameters' AND action = 'update'"
    assert session.execute(text(why)).scalars().all() == ["shorter notice"]


def test_the_changes_of_settings_stand_below_them(admin: Open) -> None:
    page = admin(tab="Settings")
    assert cells(page, "After") == []

    press(fill(page, name=DAYS, value="45", reason="shorter notice"), "Change it")

    assert cells(page, "After") == ["45 days"]
    assert cells(page, "Before") != ["45 days"]
    assert cells(page, "Why") == ["shorter notice"]


def test_a_setting_without_a_reason_stays(admin: Open, session: Session) -> None:
    before = parameters.value_of(session, DAYS)
    page = fill(admin(tab="Settings"), name=DAYS, value="45")

    press(page, "Change it")

    assert errors(page)
    assert parameters.value_of(session, DAYS) == before


def test_settings_take_the_admin_role(session: Session) -> None:
    with pytest.raises(Forbidden):
        service.change_parameter(session, DAYS, Decimal(45), actor=FINANCE)


def test_the_history_tells_a_change_from_before_to_after(admin: Open, session: Session) -> None:
    owner = make_owner(session, "Ada Obi")
    db.attribute(session, who="command:ops", why="asked by letter")
    owners.update_owner(session, owner.id, OwnerUpdate(first_name="Zainab"), actor=FINANCE)

    page = admin(tab="History", table="crm_owners", record=owner.id)

    assert cells(page, "Change")[0] == "first_name: Ada → Zainab, version: 1 → 2"
    assert cells(page, "Why")[0] == "asked by letter"
    assert len(cells(page, "Change")) == 2


def test_a_chosen_change_is_shown_field_by_field(admin: Open, session: Session) -> None:
    owner = make_owner(session, "Ada Obi")
    owners.update_owner(session, owner.id, OwnerUpdate(first_name="Zainab"), actor=FINANCE)
    latest = "SELECT max(id) FROM crm_history WHERE table_name = 'crm_owners'"
    change = session.execute(text(latest)).scalar_one()

    page = admin(tab="History", table="crm_owners", change=change)

    assert cells(page, "Before") == ["Ada", "1"]
    assert cells(page, "After") == ["Zainab", "2"]


def test_the_history_goes_back_page_by_page(admin: Open, session: Session) -> None:
    owner = make_owner(session)
    for number in range(60):
        owners.update_owner(session, owner.id, OwnerUpdate(notes=f"note {number}"), actor=FINANCE)
    page = admin(tab="History", table="crm_owners")

    assert "note 59" in str(cells(page, "Change")[0])
    press(page, "Older")

    assert len(cells(page, "Change")) == 11
    press(page, "Latest")
    assert len(cells(page, "Change")) == 50


def test_a_cursor_that_was_made_up_is_refused_in_words(admin: Open) -> None:
    assert "cursor is not of this list" in errors(admin(tab="History", after="nonsense"))[0]
