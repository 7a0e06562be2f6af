"""What pages stand on: opening, reading, acting once, and errors where they belong."""

import textwrap
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.people import queries
from crm_core.people.schemas import Actor, Role
from crm_core.ui.plain import plain

SignIn = Callable[..., str]

FORM = """
    import streamlit as st
    from crm_core.people import service
    from crm_core.people.schemas import Permission, StaffCreate
    from crm_core.ui.page import act, field_error, form_token, open_page

    actor = open_page("Test", needs=Permission.PEOPLE_MANAGE)
    token = form_token("person")
    st.text(token)
    with st.form(f"form-{token}"):
        email = st.text_input("email", key=f"email-{token}")
        field_error("email")
        password = st.text_input("password", key=f"password-{token}") or None
        field_error("password")
        sent = st.form_submit_button("Save")
    if sent:
        with act("Saved *now*", why="because", once=token) as session:
            data = StaffCreate.model_validate(
                {"email": email, "name": "N", "roles": ["viewer"], "password": password}
            )
            service.create_staff(session, data, actor=actor)
"""


def page(script: str, token: str = "") -> AppTest:
    """The script as a page, run by whoever's session this is."""
    running = AppTest.from_string(textwrap.dedent(script), default_timeout=20)
    running.user = {"ops_sid": token} if token else {}
    return running.run()


def save(running: AppTest, email: str, password: str = "") -> AppTest:
    running.text_input[0].set_value(email)
    running.text_input[1].set_value(password)
    return running.button[0].click().run()


def accounts(session: Session, email: str) -> int:
    found = session.execute(
        text("SELECT count(*) FROM crm_staff WHERE email = :email"), {"email": email}
    )
    return int(found.scalar_one())


@pytest.fixture
def form(signed_in: SignIn) -> AppTest:
    return page(FORM, signed_in(Role.ADMIN))


def test_a_stranger_is_sent_to_the_sign_in_form(session: Session) -> None:
    shown = page(FORM)

    assert [error.value for error in shown.error] == [
        "You are not signed in, or your session has ended."
    ]
    assert not shown.text_input


def test_a_session_that_never_was_is_a_stranger(session: Session) -> None:
    assert "not signed in" in page(FORM, "nonsense").error[0].value


def test_who_may_not_see_the_page_is_told_which_role_may(signed_in: SignIn) -> None:
    shown = page(FORM, signed_in(Role.FINANCE))

    assert "admin role" in shown.error[0].value
    assert not shown.text_input


def test_a_success_is_saved_said_and_attributed(form: AppTest, session: Session) -> None:
    save(form, "new@example.ng")

    assert not form.exception
    assert [toast.value for toast in form.toast] == [plain("Saved *now*")]
    assert accounts(session, "new@example.ng") == 1
    who, why = session.execute(
        text("SELECT who, why FROM crm_history WHERE table_name = 'crm_staff' ORDER BY id DESC")
    ).first() or ("", "")
    assert who.startswith("staff:")
    assert why == "because"


def test_a_success_gives_the_form_a_new_token_and_empties_it(form: AppTest) -> None:
    token = form.text[0].value

    save(form, "new@example.ng")

    assert form.text[0].value != token
    assert form.text_input[0].value == ""


def test_the_flash_outlives_the_next_click(form: AppTest) -> None:
    save(form, "new@example.ng")

    assert [toast.value for toast in form.run().toast] == [plain("Saved *now*")]


def test_a_click_that_arrives_twice_is_done_once(form: AppTest, session: Session) -> None:
    token = form.text[0].value
    save(form, "new@example.ng")

    # The first click's answer was lost: the page still has the form with the old token.
    form.session_state["_form_token_person"] = token
    save(form.run(), "second@example.ng")

    assert not form.exception
    assert accounts(session, "new@example.ng") == 1
    assert accounts(session, "second@example.ng") == 0
    assert [toast.value for toast in form.toast] == [plain("Saved *now*")]


def test_what_is_wrong_stands_beside_its_field(form: AppTest, session: Session) -> None:
    save(form, "not an address", "short")

    assert [error.value for error in form.error] == [
        plain("Give a whole e-mail address, such as ada@example.ng.")
    ]
    assert form.text_input[0].value == "not an address"
    assert accounts(session, "not an address") == 0


def test_a_refusal_of_the_service_stands_beside_its_field_too(
    form: AppTest, session: Session
) -> None:
    save(form, "new@example.ng", "short")

    assert [error.value for error in form.error] == [
        plain("Use at least 12 characters: a few words will do.")
    ]
    assert accounts(session, "new@example.ng") == 0


def test_after_a_refusal_the_same_form_can_be_sent_again(form: AppTest, session: Session) -> None:
    save(form, "new@example.ng", "short")
    save(form, "new@example.ng", "a few honest words")

    assert not form.error
    assert accounts(session, "new@example.ng") == 1


def test_a_conflict_is_one_sentence_in_place(form: AppTest) -> None:
    save(form, "new@example.ng")
    save(form, "new@example.ng")

    assert [error.value for error in form.error] == [
        plain("new@example.ng has an account already.")
    ]


def test_an_unknown_record_ends_the_page_in_words(signed_in: SignIn) -> None:
    shown = page(
        """
        import streamlit as st
        from crm_core.people import queries
        from crm_core.ui.page import load, open_page

        open_page("Test", needs=None)
        with load() as session:
            queries.get_staff(session, 404)
        st.text("never")
        """,
        signed_in(Role.ADMIN),
    )

    assert [error.value for error in shown.error] == ["Person not found"]
    assert not shown.text


def test_what_load_reads_is_never_written(signed_in: SignIn, session: Session) -> None:
    shown = page(
        """
        from sqlalchemy import text
        from crm_core.ui.page import load, open_page

        open_page("Test", needs=None)
        with load() as session:
            session.execute(text("UPDATE crm_staff SET name = 'changed'"))
        """,
        signed_in(Role.ADMIN),
    )

    assert not shown.exception
    names = session.execute(text("SELECT name FROM crm_staff")).scalars().all()
    assert "changed" not in names


def test_a_bug_shows_a_reference_and_not_itself(caplog: pytest.LogCaptureFixture) -> None:
    shown = AppTest.from_string(
        textwrap.dedent(
            """
            from crm_core.ui.script_errors import on_script_error

            on_script_error(ValueError("postgresql://user:password@host"))
            """
        )
    ).run()

    (error,) = shown.error
    assert "password" not in error.value
    (logged,) = [record for record in caplog.records if record.name.startswith("crm_core")]
    assert logged.reference in error.value  # type: ignore[attr-defined] # extra of the log line
    assert logged.exc_info is not None


@pytest.mark.parametrize(
    ("written", "escaped"),
    [
        ("*bold*", r"\*bold\*"),
        ("![x](http://evil)", r"\!\[x\]\(http\://evil\)"),
        ("$a$", r"\$a\$"),
        ("<b>", r"\<b\>"),
        (":red[x]", r"\:red\[x\]"),
        (":smile:", r"\:smile\:"),
        ("# x", r"\# x"),
        ("two\n\n- lines", r"two \- lines"),
    ],
)
def test_plain_text_is_escaped_where_markdown_is_read(written: str, escaped: str) -> None:
    assert plain(written) == escaped


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Actor | None]:
    """What each look for the session found."""
    found: list[Actor | None] = []
    look = queries.actor_of_session

    def seen(session: Session, token: str, *, now: datetime) -> Actor | None:
        found.append(look(session, token, now=now))
        return found[-1]

    monkeypatch.setattr(queries, "actor_of_session", seen)
    return found


def test_a_run_looks_the_session_up_once(signed_in: SignIn, looks: list[Actor | None]) -> None:
    running = page(
        """
        from crm_core.ui.page import open_page, require_signed_in
        require_signed_in()
        open_page("Test", needs=None)
        """,
        signed_in(Role.VIEWER),
    )
    assert not running.exception
    assert len(looks) == 1
    running.run()
    assert len(looks) == 2


def test_a_session_that_ends_in_the_middle_of_a_run_writes_nothing(
    signed_in: SignIn, session: Session
) -> None:
    ends = FORM.replace(
        "    if sent:\n",
        "    if sent:\n        from crm_core.base.db import SessionFactory\n"
        "        from sqlalchemy import text\n"
        "        with SessionFactory.begin() as other:\n"
        "            other.execute(text('UPDATE crm_sessions SET revoked_at = now()'))\n",
    )
    running = save(page(ends, signed_in(Role.ADMIN)), "ada@crm.local")
    assert "not signed in" in running.error[0].value
    assert accounts(session, "ada@crm.local") == 0
