"""Saved views: one's own, those that others share, one default a list."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.errors import Forbidden, NotFound
from crm_core.people import views
from crm_core.people.models import Staff
from crm_core.people.schemas import Actor, Role, machine
from crm_core.people.views import ViewCreate, ViewRead
from tests.make import actor_for


@pytest.fixture
def ada(staff: Callable[..., Staff]) -> Actor:
    return actor_for(staff(Role.VIEWER))


@pytest.fixture
def bola(staff: Callable[..., Staff]) -> Actor:
    return actor_for(staff(Role.VIEWER))


def save(session: Session, actor: Actor, /, **more: object) -> ViewRead:
    wanted = {"page": "payouts", "name": "Late", "query": {"overdue": "yes"}} | more
    return views.save_view(session, ViewCreate.model_validate(wanted), actor=actor)


def names(session: Session, actor: Actor, page: str = "payouts") -> list[str]:
    return [view.name for view in views.list_views(session, page, actor=actor)]


def test_a_view_is_ones_own_unless_it_is_shared(session: Session, ada: Actor, bola: Actor) -> None:
    private = save(session, ada)
    save(session, ada, name="For all", shared=True)
    assert names(session, ada) == ["For all", "Late"]
    assert names(session, bola) == ["For all"]
    assert names(session, ada, "owners") == []
    with pytest.raises(NotFound):
        views.get_view(session, private.id, actor=bola)


def test_the_same_name_overwrites(session: Session, ada: Actor) -> None:
    first = save(session, ada)
    again = save(session, ada, name="LATE", query={"status": "failed"})
    assert (again.id, again.query) == (first.id, {"status": "failed"})


def test_a_list_opens_with_one_view(session: Session, ada: Actor) -> None:
    first = save(session, ada, is_default=True)
    second = save(session, ada, name="Failed", is_default=True)
    assert not views.get_view(session, first.id, actor=ada).is_default
    assert views.get_view(session, second.id, actor=ada).is_default


def test_only_ones_own_view_is_deleted(session: Session, ada: Actor, bola: Actor) -> None:
    mine, shared = save(session, ada), save(session, ada, name="For all", shared=True)
    with pytest.raises(NotFound):
        views.delete_view(session, mine.id, actor=bola)
    with pytest.raises(Forbidden):
        views.delete_view(session, shared.id, actor=bola)
    views.delete_view(session, mine.id, actor=ada)
    assert names(session, ada) == ["For all"]


def test_an_administrator_tidies_what_is_shared(
    session: Session, ada: Actor, staff: Callable[..., Staff]
) -> None:
    shared = save(session, ada, shared=True)
    views.delete_view(session, shared.id, actor=actor_for(staff(Role.ADMIN)))
    assert names(session, ada) == []


def test_a_machine_keeps_no_views(session: Session) -> None:
    with pytest.raises(Forbidden, match="Only people"):
        save(session, machine("command:test"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"page": "../admin"},
        {"query": {"q": ""}},
        {"query": {f"p{n}": "x" for n in range(31)}},
        {"query": {"q": "x" * 201}},
    ],
)
def test_a_view_that_makes_no_sense_is_refused(
    session: Session, ada: Actor, wrong: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        save(session, ada, **wrong)
