"""A click in a table or chart that leads to another page: there at once, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.errors import NotFound
from crm_core.people.schemas import Role
from crm_core.ui import finding
from tests.make_patients import make_patient
from tests.pages.acting import press

Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def rows_are_buttons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody clicks into a table without a browser: a button stands for its first row."""

    def dataframe(_: object, *, key: str, on_select: Callable[[], None], **__: object) -> None:
        st.session_state[key] = {"selection": {"rows": [0]}}
        st.button("First row", on_click=on_select)

    monkeypatch.setattr(st, "dataframe", dataframe)


@pytest.fixture
def results(visit: Open, session: Session) -> AppTest:
    """The page of results, with one patient in them."""
    make_patient(session, "Zinariya Oqwuezu")
    return visit("pages/search.py", Role.VIEWER, q="Zinariya")


def at(page: AppTest) -> object:
    return page.query_params.get("patient")


def test_a_row_opens_its_record_on_its_page(results: AppTest) -> None:
    press(results, "First row")

    assert at(results) is not None


def test_it_does_also_where_the_page_would_not_get_to_its_table_any_more(
    results: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> Any:
        raise NotFound("The search is gone")

    monkeypatch.setattr(finding, "search", gone)

    press(results, "First row")

    assert at(results) is not None
    assert not results.error


@pytest.mark.parametrize("then", ["another page", "another address"])
def test_who_went_elsewhere_meanwhile_is_not_led_away_later(
    results: AppTest, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    """The run after the click ended before it began: a faster click took its place."""
    note = (("Search", {"q": "Zinariya"}), "pages/patients.py", {"patient": "1"})
    results.session_state["_leaves"] = note
    if then == "another page":
        results.switch_page("pages/receipts.py")
        results.query_params.clear()
    else:
        results.query_params["q"] = "Adeyemi"
    results.run()
    results.switch_page("pages/search.py")
    results.query_params["q"] = "Zinariya"

    results.run()

    assert at(results) is None
    assert results.query_params["q"] == "Zinariya"
