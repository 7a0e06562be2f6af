"""API tokens: what they may do, for whom they act, and how they end."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Forbidden, Invalid
from crm_core.people import queries, service
from crm_core.people.models import Staff
from crm_core.people.schemas import Actor, Permission, Role, TokenCreate, TokenFilter, machine
from tests.make import actor_for

COMMAND = machine("command:test")
DATA = TokenCreate(name="books", roles=[Role.FINANCE])

Person = Callable[..., Staff]


def last_use(session: Session) -> datetime | None:
    return queries.list_tokens(TokenFilter()).page(session).rows[0].last_used_at


def test_a_token_may_do_what_its_roles_may(session: Session) -> None:
    read, secret = service.create_token(session, DATA, actor=COMMAND)

    actor = queries.actor_of_token(session, secret)

    assert actor is not None
    assert actor.key == actor.person == f"token:{read.id}"
    assert actor.may(Permission.PAYOUTS_MAKE)
    assert not actor.may(Permission.PAYOUTS_APPROVE)
    assert secret.startswith(read.prefix)
    assert len(read.prefix) < 12


def test_a_token_acts_for_the_person_who_made_it(session: Session, staff: Person) -> None:
    admin = actor_for(staff(Role.ADMIN, Role.FINANCE))
    _, secret = service.create_token(session, DATA, actor=admin)

    actor = queries.actor_of_token(session, secret)

    assert actor is not None
    assert actor.person == admin.person
    assert actor.key != admin.key


def test_a_token_for_a_closed_account_is_refused(session: Session, staff: Person) -> None:
    data = DATA.model_copy(update={"staff_id": staff(Role.VIEWER, active=False).id})

    with pytest.raises(Invalid) as refused:
        service.create_token(session, data, actor=COMMAND)
    assert refused.value.problems[0].path == "staff_id"


def test_a_revoked_token_opens_nothing(session: Session) -> None:
    read, secret = service.create_token(session, DATA, actor=COMMAND)

    service.revoke_token(session, read.id, actor=COMMAND)

    assert queries.actor_of_token(session, secret) is None
    with pytest.raises(Conflict, match="revoked already"):
        service.revoke_token(session, read.id, actor=COMMAND)


def test_an_expired_token_opens_nothing(session: Session) -> None:
    soon = DATA.model_copy(update={"expires_at": utc_now() + timedelta(hours=1)})
    _, secret = service.create_token(session, soon, actor=COMMAND)
    assert queries.actor_of_token(session, secret) is not None

    session.execute(text("UPDATE crm_api_tokens SET expires_at = now() - interval '1 second'"))

    assert queries.actor_of_token(session, secret) is None
    assert queries.list_tokens(TokenFilter(live=True)).page(session).total == 0
    assert queries.list_tokens(TokenFilter(live=False)).page(session).total == 1


def test_a_token_cannot_be_born_expired(session: Session) -> None:
    past = DATA.model_copy(update={"expires_at": utc_now() - timedelta(hours=1)})

    with pytest.raises(Invalid, match="future"):
        service.create_token(session, past, actor=COMMAND)


def test_the_last_use_is_written_once_a_minute(session: Session) -> None:
    _, secret = service.create_token(session, DATA, actor=COMMAND)
    assert last_use(session) is None

    queries.actor_of_token(session, secret)
    first = last_use(session)
    queries.actor_of_token(session, secret)
    assert last_use(session) == first

    session.execute(text("UPDATE crm_api_tokens SET last_used_at = now() - interval '2 minutes'"))
    earlier = last_use(session)
    queries.actor_of_token(session, secret)
    now = last_use(session)
    assert earlier is not None
    assert now is not None
    assert now > earlier


def test_only_administrators_make_tokens(session: Session, actor_of: Callable[..., Actor]) -> None:
    with pytest.raises(Forbidden):
        service.create_token(session, DATA, actor=actor_of(Role.FINANCE))


def test_the_database_keeps_no_secret(session: Session) -> None:
    _, secret = service.create_token(session, DATA, actor=COMMAND)

    kept = session.execute(
        text(
            "SELECT (SELECT json_agg(t)::text FROM crm_api_tokens t) || "
            "(SELECT json_agg(h)::text FROM crm_history h)"
        )
    ).scalar_one()
    assert secret not in kept
