"""Accounts: opening, roles, passwords, shutting out, and the last administrator."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.db import SessionFactory, transaction
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.people import queries, service
from crm_core.people.models import Staff
from crm_core.people.schemas import Actor, Role, StaffCreate, StaffFilter, TokenCreate
from tests.make import actor_for, make_staff

NEW = StaffCreate(email="Ada@Example.ng", name="Ada Eze", roles=[Role.FINANCE])

Person = Callable[..., Staff]
Somebody = Callable[..., Actor]


def test_an_account_is_found_by_its_name(session: Session, actor_of: Somebody) -> None:
    service.create_staff(session, NEW, actor=actor_of(Role.ADMIN))

    found = queries.list_staff(StaffFilter(search="ada e")).page(session).rows

    assert [(person.email, person.roles) for person in found] == [
        ("ada@example.ng", [Role.FINANCE])
    ]


def test_an_address_has_one_account_however_it_is_written(
    session: Session, actor_of: Somebody
) -> None:
    service.create_staff(session, NEW, actor=actor_of(Role.ADMIN))

    with pytest.raises(Conflict, match=r"ada@example\.ng has an account already"):
        service.create_staff(session, NEW, actor=actor_of(Role.ADMIN))
    assert queries.list_staff(StaffFilter(search="ada@")).page(session).total == 1


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_manage_people(
    session: Session, actor_of: Somebody, role: Role
) -> None:
    with pytest.raises(Forbidden):
        service.create_staff(session, NEW, actor=actor_of(role))


@pytest.mark.parametrize("email", ["ada", "ada@", "@example.ng", "a da@example.ng", "ada@ng"])
def test_half_an_address_is_refused(email: str) -> None:
    with pytest.raises(ValidationError, match="whole e-mail address"):
        StaffCreate(email=email, name="Ada", roles=[Role.VIEWER])


@pytest.mark.parametrize("password", ["short", "x" * 30, "long " * 50])
def test_a_poor_password_is_refused_by_its_field(
    session: Session, actor_of: Somebody, password: str
) -> None:
    with pytest.raises(Invalid) as refused:
        service.create_staff(
            session,
            NEW.model_copy(update={"password": SecretStr(password)}),
            actor=actor_of(Role.ADMIN),
        )
    assert [problem.path for problem in refused.value.problems] == ["password"]


def test_new_roles_hold_from_the_next_click_on(
    session: Session, staff: Person, actor_of: Somebody
) -> None:
    person = staff(Role.VIEWER)
    token = service.open_session(session, person.id, method="password", user_agent="")

    service.set_roles(session, person.id, [Role.APPROVER], actor=actor_of(Role.ADMIN))

    actor = queries.actor_of_session(session, token, now=utc_now())
    assert actor is not None
    assert actor.roles == {Role.APPROVER}


def test_the_last_administrator_stays_one(session: Session, staff: Person) -> None:
    last = staff(Role.ADMIN)

    with pytest.raises(Conflict, match="last administrator"):
        service.set_roles(session, last.id, [Role.VIEWER], actor=actor_for(last))
    with pytest.raises(Conflict, match="last administrator"):
        service.deactivate(session, last.id, actor=actor_for(last))


def test_a_deactivated_administrator_does_not_count(session: Session, staff: Person) -> None:
    last = staff(Role.ADMIN)
    staff(Role.ADMIN, active=False)

    with pytest.raises(Conflict, match="last administrator"):
        service.deactivate(session, last.id, actor=actor_for(last))


def test_two_administrators_who_remove_each_other_leave_one(own_database: str) -> None:
    with transaction(who="test") as session:
        one, other = (make_staff(session, Role.ADMIN) for _ in range(2))
    ones, others = actor_for(one), actor_for(other)

    def remove(actor: Actor, target: int) -> bool:
        try:
            with transaction(who=actor.key) as session:
                service.deactivate(session, target, actor=actor)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        removed = list(threads.map(remove, [ones, others], [other.id, one.id]))

    assert sorted(removed) == [False, True]
    with SessionFactory() as session:
        assert queries.list_staff(StaffFilter(active=True)).page(session).total == 1


def test_deactivating_ends_sign_ins_and_tokens(
    session: Session, staff: Person, actor_of: Somebody
) -> None:
    admin, person = actor_of(Role.ADMIN), staff(Role.FINANCE)
    signed_in = service.open_session(session, person.id, method="password", user_agent="")
    data = TokenCreate(name="books", roles=[Role.FINANCE], staff_id=person.id)
    _, secret = service.create_token(session, data, actor=admin)

    service.deactivate(session, person.id, actor=admin)
    service.reactivate(session, person.id, actor=admin)

    assert queries.actor_of_session(session, signed_in, now=utc_now()) is None
    assert queries.actor_of_token(session, secret) is None


def test_a_new_password_ends_the_sign_ins_under_the_old_one(
    session: Session, staff: Person, actor_of: Somebody
) -> None:
    person = staff(Role.VIEWER)
    token = service.open_session(session, person.id, method="password", user_agent="")

    service.set_password(session, person.id, "correct horse battery", actor=actor_of(Role.ADMIN))

    assert queries.actor_of_session(session, token, now=utc_now()) is None


def test_an_unknown_person_is_not_found(session: Session, actor_of: Somebody) -> None:
    with pytest.raises(NotFound):
        service.deactivate(session, 404, actor=actor_of(Role.ADMIN))
