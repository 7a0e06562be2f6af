"""The admin page, run alone as well as by an administrator."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.people import queries
from crm_core.people.models import Staff
from crm_core.people.schemas import Role, SessionFilter, StaffFilter, TokenFilter

SignIn = Callable[..., str]
ALL_PAGES = sorted((Path(__file__).parents[2] / "pages").glob("*.py"))


@pytest.fixture
def run(project: Path) -> Callable[..., AppTest]:
    """``run(session_token, person="3")``: the admin page at that address."""

    def run_page(session_token: str, /, **query: str) -> AppTest:
        page = AppTest.from_file(project / "pages/admin.py", default_timeout=20)
        page.user = {"ops_sid": session_token}
        for name, value in query.items():
            page.query_params[name] = value
        return page.run()

    return run_page


def press(page: AppTest, label: str) -> AppTest:
    """Clicks the button with this label; fails where the page then has a bug."""
    (button,) = [button for button in page.button if button.label == label]
    button.click().run()
    assert not page.exception
    return page


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: path.stem)
def test_every_page_refuses_a_stranger_by_itself(session: Session, path: Path) -> None:
    shown = AppTest.from_file(path, default_timeout=20).run()

    assert [error.value for error in shown.error] == [
        "You are not signed in, or your session has ended."
    ]
    assert not shown.button


@pytest.mark.parametrize("path", ALL_PAGES, ids=lambda path: path.stem)
def test_every_page_refuses_who_has_no_role_by_itself(signed_in: SignIn, path: Path) -> None:
    page = AppTest.from_file(path, default_timeout=20)
    page.user = {"ops_sid": signed_in()}

    assert "You may not" in page.run().error[0].value


def test_an_account_is_opened_and_its_errors_stand_by_their_fields(
    run: Callable[..., AppTest], signed_in: SignIn, session: Session
) -> None:
    page = run(signed_in(Role.ADMIN))
    press(page, "Open the account")
    assert len(page.error) == 3

    page.text_input[1].set_value("Ada Eze")
    page.text_input[2].set_value("ada@example.ng")
    page.multiselect[0].set_value([Role.FINANCE])
    press(page, "Open the account")

    assert not page.error
    (found,) = queries.list_staff(StaffFilter(search="ada@")).page(session).rows
    assert (found.name, found.roles) == ("Ada Eze", [Role.FINANCE])


def test_a_chosen_person_gets_other_roles(
    run: Callable[..., AppTest], signed_in: SignIn, session: Session, staff: Callable[..., Staff]
) -> None:
    person = staff(Role.VIEWER)
    page = run(signed_in(Role.ADMIN), person=str(person.id))

    page.multiselect[0].set_value([Role.APPROVER, Role.VIEWER])
    press(page, "Save roles")

    assert queries.get_staff(session, person.id).roles == [Role.APPROVER, Role.VIEWER]


def test_a_sign_in_link_is_shown_once_with_the_address_people_type(
    run: Callable[..., AppTest], signed_in: SignIn, session: Session, staff: Callable[..., Staff]
) -> None:
    person = staff(Role.VIEWER)
    page = run(signed_in(Role.ADMIN), person=str(person.id))

    press(page, "Make a sign-in link")

    link = page.code[0].value
    assert link.startswith("http://localhost:8501/auth/link?token=")
    assert queries.person_of_link(session, link.partition("token=")[2]) == person.name
    assert not press(page, "I have copied it").code


def test_deactivating_shuts_the_person_out(
    run: Callable[..., AppTest], signed_in: SignIn, session: Session, staff: Callable[..., Staff]
) -> None:
    person = staff(Role.VIEWER)
    page = run(signed_in(Role.ADMIN), person=str(person.id))

    press(page, "Deactivate")
    assert queries.get_staff(session, person.id).active is False

    press(page, "Open the account again")
    assert queries.get_staff(session, person.id).active is True


def test_the_last_administrator_is_told_why_not(
    run: Callable[..., AppTest], signed_in: SignIn, session: Session
) -> None:
    token = signed_in(Role.ADMIN)
    (admin,) = queries.list_staff(StaffFilter()).page(session).rows
    page = run(token, person=str(admin.id))

    press(page, "Deactivate")

    assert "last administrator" in page.error[0].value


@pytest.mark.parametrize("person", ["404", "x", "-1", "9" * 30])
def test_an_address_of_nobody_is_no_bug(
    run: Callable[..., AppTest], signed_in: SignIn, person: str
) -> None:
    assert not run(signed_in(Role.ADMIN), person=person).exception


def test_a_token_is_shown_once_and_works_until_it_is_revoked(
    run: Callable[..., AppTest], signed_in: SignIn, session: Session
) -> None:
    token = signed_in(Role.ADMIN)
    page = run(token, tab="API tokens")
    page.text_input[0].set_value("books")
    page.multiselect[0].set_value([Role.VIEWER])
    press(page, "Make the token")
    secret = page.code[0].value
    assert queries.actor_of_token(session, secret) is not None
    (made,) = queries.list_tokens(TokenFilter()).page(session).rows

    press(run(token, tab="API tokens", token=str(made.id)), "Revoke")

    assert queries.actor_of_token(session, secret) is None


def test_a_sign_in_is_ended(
    run: Callable[..., AppTest], signed_in: SignIn, session: Session
) -> None:
    token = signed_in(Role.ADMIN)
    other = signed_in(Role.VIEWER)
    newest, _ = queries.list_sessions(SessionFilter()).page(session).rows
    page = run(token, tab="Sign-ins", session=str(newest.id))

    (end,) = [button for button in page.button if button.label.startswith("End this")]
    end.click().run()

    assert not page.exception
    assert queries.list_sessions(SessionFilter()).page(session).total == 1
    assert other
