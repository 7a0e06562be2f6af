"""The search of everything, and saved views of lists."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.people import views
from crm_core.people.models import Staff
from crm_core.people.schemas import Role
from crm_core.people.views import ViewCreate
from crm_core.ui.finding import PLACES
from tests.insights.test_codes import MAKERS, hits
from tests.make import actor_for
from tests.make_business import make_owner, make_payout
from tests.make_patients import make_patient
from tests.pages.acting import cells, errors, fill, htmls, labels, press, texts

Open = Callable[..., AppTest]


def test_what_is_typed_in_the_sidebar_is_found(open_page: Open, session: Session) -> None:
    make_patient(session, "Zainab Bello")
    page = open_page("Home.py", Role.VIEWER)
    page.sidebar.text_input[0].set_value("Zainab").run()
    assert cells(page, "What") == ["Zainab Bello"]
    assert page.query_params["q"] == "Zainab"


def test_an_empty_search_says_what_to_type(visit: Open) -> None:
    assert any(
        "Type what you know" in text for text in texts(visit("pages/search.py", Role.VIEWER))
    )


def test_nothing_found_says_what_to_try(visit: Open) -> None:
    page = visit("pages/search.py", Role.VIEWER, q="Nobody")
    assert any("Nothing fits" in text for text in texts(page))


def test_a_view_is_saved_and_opened(visit: Open, session: Session) -> None:
    make_payout(session, make_owner(session).id)
    page = visit("pages/payouts.py", Role.VIEWER, tab="all-payouts", status="failed")
    fill(page, "view-payouts", name="Failed ones")
    press(page, "Save the view")
    assert "Failed ones" in labels(page)
    page.query_params["status"] = "pending"
    page.run()
    press(page, "Failed ones")
    assert page.query_params["status"] == "failed"
    press(page, "Delete")
    assert "Failed ones" not in labels(page)


def kept(session: Session, staff: Callable[..., Staff], **more: object) -> int:
    """A shared view of somebody else's."""
    wanted = {"page": "payouts", "name": "Failed", "query": {"status": "failed"}, "shared": True}
    view = ViewCreate.model_validate(wanted | more)
    return views.save_view(session, view, actor=actor_for(staff(Role.VIEWER))).id


def test_a_view_is_opened_by_its_address(
    visit: Open, session: Session, staff: Callable[..., Staff]
) -> None:
    page = visit("pages/payouts.py", Role.VIEWER, tab="all-payouts", view=kept(session, staff))
    assert page.query_params["status"] == "failed"
    assert "view" not in page.query_params


def test_a_view_of_parameters_that_the_list_does_not_have_sets_none(
    visit: Open, session: Session, staff: Callable[..., Staff]
) -> None:
    view = kept(session, staff, query={"payout": "1", "status": "failed"})
    page = visit("pages/payouts.py", Role.VIEWER, tab="all-payouts", view=view)
    assert "payout" not in page.query_params


def test_a_view_that_is_gone_says_so(visit: Open) -> None:
    page = visit("pages/payouts.py", Role.VIEWER, tab="all-payouts", view=987_654)
    assert any("not there any more" in info.value for info in page.info)


def test_a_list_opens_with_its_default(
    visit: Open, session: Session, staff: Callable[..., Staff]
) -> None:
    kept(session, staff, is_default=True)
    page = visit("pages/payouts.py", Role.VIEWER, tab="all-payouts")
    assert page.query_params["status"] == "failed"
    del page.query_params["status"]
    page.run()
    assert "status" not in page.query_params


@pytest.mark.parametrize("prefix", MAKERS)
def test_a_code_that_was_found_stands_on_the_page_that_it_opens(
    visit: Open, session: Session, prefix: str
) -> None:
    code, kind, record_id = MAKERS[prefix](session)
    page = visit("pages/search.py", Role.VIEWER, q=code)
    assert cells(page, "Code") == [code]

    [hit] = [hit for hit in hits(session, code) if (hit.kind, hit.id) == (kind, record_id)]
    place = PLACES[kind]
    opened = visit(place.page, Role.VIEWER, **place.opens(hit))

    assert not errors(opened)
    assert code in everything(opened)


def everything(page: AppTest) -> str:
    """All that is written on the page, whatever it is written with."""
    written = [*texts(page), *htmls(page), *labels(page)]
    written += [each.value.replace("\\", "") for each in (*page.subheader, *page.header)]
    written += [str(table.value.to_string()) for table in page.dataframe]
    return "\n".join(written)
