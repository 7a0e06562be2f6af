"""Passwords and their lock, one-time links, and how long a session holds."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.db import SessionFactory, transaction
from crm_core.base.errors import Forbidden, NotFound
from crm_core.people import queries, service
from crm_core.people.models import Staff
from crm_core.people.passwords import password_matches
from crm_core.people.schemas import Actor, Role, SessionFilter
from tests.make import make_actor, make_staff

PASSWORD = "correct horse battery"

Person = Callable[..., Staff]


def try_password(session: Session, email: str, password: str) -> str:
    attempt = service.begin_sign_in(session, email)
    if not password_matches(password, attempt.password_hash):
        raise attempt.refusal()
    return service.complete_sign_in(session, attempt, user_agent="test")


def fail(session: Session, email: str, *, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Forbidden):
            try_password(session, email, "wrong")


def test_the_right_password_signs_in_whatever_the_case_of_the_address(
    session: Session, staff: Person
) -> None:
    person = staff(Role.FINANCE, email="ada@example.ng", password=PASSWORD)

    token = try_password(session, " ADA@example.ng ", PASSWORD)

    actor = queries.actor_of_session(session, token, now=utc_now())
    assert actor is not None
    assert actor.key == actor.person == f"staff:{person.id}"


def test_unknown_address_and_wrong_password_sound_the_same(session: Session, staff: Person) -> None:
    known = staff(Role.VIEWER, password=PASSWORD).email

    with pytest.raises(Forbidden) as wrong:
        try_password(session, known, "wrong")
    with pytest.raises(Forbidden) as unknown:
        try_password(session, "nobody@example.ng", "wrong")

    assert str(wrong.value) == str(unknown.value)


def test_an_account_without_a_password_has_no_password_that_works(
    session: Session, staff: Person
) -> None:
    fail(session, staff(Role.VIEWER).email, times=1)


def test_five_failures_lock_the_account_and_say_until_when(session: Session, staff: Person) -> None:
    email = staff(Role.VIEWER, password=PASSWORD).email
    fail(session, email, times=4)

    with pytest.raises(Forbidden, match=r"opens again at \d\d:\d\d Lagos time"):
        try_password(session, email, "wrong")
    with pytest.raises(Forbidden, match=r"opens again at"):
        try_password(session, email, PASSWORD)


def test_a_lock_opens_by_itself_and_counts_anew(session: Session, staff: Person) -> None:
    person = staff(Role.VIEWER, password=PASSWORD)
    fail(session, person.email, times=5)
    person.locked_until = utc_now() - timedelta(seconds=1)
    session.flush()

    fail(session, person.email, times=4)

    assert try_password(session, person.email, PASSWORD)


def test_the_right_password_forgives_the_failures_before(session: Session, staff: Person) -> None:
    email = staff(Role.VIEWER, password=PASSWORD).email

    for _ in range(3):
        fail(session, email, times=4)
        assert try_password(session, email, PASSWORD)


def test_guesses_made_at_the_same_moment_count_each(own_database: str) -> None:
    with transaction(who="test") as session:
        email = make_staff(session, Role.VIEWER, password=PASSWORD).email

    def guess(_: int) -> bool:
        try:
            with transaction(who="sign-in") as session:
                service.begin_sign_in(session, email)
        except Forbidden:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        allowed = list(threads.map(guess, range(16)))

    assert allowed.count(True) == 5


def test_a_password_changed_while_it_was_compared_opens_nothing(
    session: Session, staff: Person, actor_of: Callable[..., Actor]
) -> None:
    person = staff(Role.VIEWER, password=PASSWORD)
    attempt = service.begin_sign_in(session, person.email)
    service.set_password(session, person.id, "another battery staple", actor=actor_of(Role.ADMIN))

    with pytest.raises(Forbidden):
        service.complete_sign_in(session, attempt, user_agent="")


def test_a_link_works_once(session: Session, staff: Person, actor_of: Callable[..., Actor]) -> None:
    person = staff(Role.ADMIN)
    link = service.make_sign_in_link(session, person.email, actor=actor_of(Role.ADMIN))
    assert queries.person_of_link(session, link) == person.name

    assert service.redeem_sign_in_link(session, link, user_agent="")

    assert queries.person_of_link(session, link) is None
    with pytest.raises(Forbidden, match="used already"):
        service.redeem_sign_in_link(session, link, user_agent="")


def test_of_many_who_race_for_a_link_one_gets_in(own_database: str) -> None:
    admin = make_actor(Role.ADMIN)
    with transaction(who="test") as session:
        email = make_staff(session, Role.ADMIN).email
        link = service.make_sign_in_link(session, email, actor=admin)

    def redeem(_: int) -> bool:
        try:
            with transaction(who="sign-in") as session:
                service.redeem_sign_in_link(session, link, user_agent="")
        except Forbidden:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(redeem, range(6)))

    assert outcomes.count(True) == 1
    with SessionFactory() as session:
        assert queries.list_sessions(SessionFilter()).page(session).total == 1


def test_an_old_link_opens_nothing(
    session: Session, staff: Person, actor_of: Callable[..., Actor]
) -> None:
    link = service.make_sign_in_link(session, staff(Role.ADMIN).email, actor=actor_of(Role.ADMIN))
    session.execute(text("UPDATE crm_sign_in_links SET expires_at = now() - interval '1 second'"))

    with pytest.raises(Forbidden, match="15 minutes"):
        service.redeem_sign_in_link(session, link, user_agent="")


def test_nobody_gets_a_link_for_a_closed_account(
    session: Session, staff: Person, actor_of: Callable[..., Actor]
) -> None:
    closed = staff(Role.ADMIN, active=False).email

    with pytest.raises(NotFound):
        service.make_sign_in_link(session, closed, actor=actor_of(Role.ADMIN))


@pytest.mark.parametrize(
    "ended",
    [
        "expires_at = now() - interval '1 second'",
        "last_seen_at = now() - interval '61 minutes'",
        "revoked_at = now()",
    ],
)
def test_a_session_ends_by_age_idleness_or_word(
    session: Session, staff: Person, ended: str
) -> None:
    token = service.open_session(session, staff(Role.VIEWER).id, method="link", user_agent="")
    session.execute(text(f"UPDATE crm_sessions SET {ended}"))

    assert queries.actor_of_session(session, token, now=utc_now()) is None


def test_being_seen_is_written_down_once_a_minute(session: Session, staff: Person) -> None:
    token = service.open_session(session, staff(Role.VIEWER).id, method="link", user_agent="")
    start = queries.list_sessions(SessionFilter()).page(session).rows[0].last_seen_at

    def seen_after(seconds: int) -> timedelta:
        queries.actor_of_session(session, token, now=start + timedelta(seconds=seconds))
        rows = queries.list_sessions(SessionFilter()).page(session).rows
        return rows[0].last_seen_at - start

    assert seen_after(59) == timedelta(0)
    assert seen_after(61) == timedelta(seconds=61)


def test_signing_out_ends_the_session_and_no_other(session: Session, staff: Person) -> None:
    person = staff(Role.VIEWER)
    here, there = (
        service.open_session(session, person.id, method="link", user_agent="") for _ in "ab"
    )

    service.close_session(session, here)

    assert queries.actor_of_session(session, here, now=utc_now()) is None
    assert queries.actor_of_session(session, there, now=utc_now()) is not None


def test_an_administrator_ends_one_sign_in_or_all(
    session: Session, staff: Person, actor_of: Callable[..., Actor]
) -> None:
    person, admin = staff(Role.VIEWER), actor_of(Role.ADMIN)
    for _ in range(3):
        service.open_session(session, person.id, method="link", user_agent="")
    one = queries.list_sessions(SessionFilter(staff_id=person.id)).page(session).rows[0]

    service.end_session(session, one.id, actor=admin)
    assert queries.list_sessions(SessionFilter(staff_id=person.id)).page(session).total == 2
    with pytest.raises(NotFound):
        service.end_session(session, one.id, actor=admin)
    service.close_all_sessions(session, person.id, actor=admin)
    assert queries.list_sessions(SessionFilter(staff_id=person.id)).page(session).total == 0


def test_the_database_keeps_no_token(session: Session, staff: Person) -> None:
    token = service.open_session(session, staff(Role.VIEWER).id, method="link", user_agent="")

    kept = session.execute(
        text(
            "SELECT (SELECT json_agg(s)::text FROM crm_sessions s) || "
            "(SELECT json_agg(h)::text FROM crm_history h)"
        )
    ).scalar_one()
    assert token not in kept


def test_the_history_says_who_signed_in_and_how(session: Session, staff: Person) -> None:
    person = staff(Role.VIEWER)
    service.open_session(session, person.id, method="sign-in link", user_agent="")

    written = session.execute(
        text("SELECT who, why FROM crm_history WHERE table_name = 'crm_sessions'")
    ).one()
    assert tuple(written) == (f"staff:{person.id}", "signed in by sign-in link")
