"""The history as an administrator reads it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base import db
from crm_core.base.clock import lagos_today
from crm_core.base.errors import Forbidden
from crm_core.insights import history
from crm_core.insights.schemas import HistoryFilter
from crm_core.owners import service as owners
from crm_core.owners.schemas import OwnerUpdate
from crm_core.people.models import Staff
from crm_core.people.schemas import Actor, Role
from tests.make import actor_for, make_actor
from tests.make_business import FINANCE, make_owner

ADMIN = make_actor(Role.ADMIN)


def test_a_change_is_told_with_its_fields_its_author_and_its_reason(
    session: Session, staff: Callable[..., Staff]
) -> None:
    owner, author = make_owner(session), actor_for(staff(Role.FINANCE))
    db.attribute(session, who=author.key, why="asked by letter")
    owners.update_owner(session, owner.id, OwnerUpdate(first_name="Zainab"), actor=author)

    wanted = HistoryFilter(table_name="crm_owners", record_id=owner.id)
    changed, made = history.list_history(wanted, actor=ADMIN).page(session).rows

    assert (changed.action, changed.before, changed.after) == (
        "update",
        {"first_name": "Ada", "version": 1},
        {"first_name": "Zainab", "version": 2},
    )
    assert (changed.who, changed.why) == (author.key, "asked by letter")
    assert made.action == "insert"


def test_the_history_goes_back_by_cursor_and_is_filtered_by_who(session: Session) -> None:
    owner = make_owner(session)
    db.attribute(session, who="staff:77")
    for name in ("One", "Two", "Three"):
        owners.update_owner(session, owner.id, OwnerUpdate(first_name=name), actor=FINANCE)

    first = history.list_history(HistoryFilter(who="staff:77", limit=2), actor=ADMIN).page(session)
    further = HistoryFilter(who="staff:77", limit=2, cursor=first.next_cursor)
    second = history.list_history(further, actor=ADMIN).page(session)

    assert [(row.after or {})["first_name"] for row in (*first.rows, *second.rows)] == [
        "Three",
        "Two",
        "One",
    ]


def test_days_actions_and_words_narrow_the_history(session: Session) -> None:
    owner, today = make_owner(session), lagos_today()
    db.attribute(session, who="staff:77", why="asked by Letter_1")
    owners.update_owner(session, owner.id, OwnerUpdate(first_name="Zainab"), actor=FINANCE)

    def found(**more: object) -> list[str]:
        wanted = HistoryFilter.model_validate(
            {"table_name": "crm_owners", "record_id": owner.id, **more}
        )
        return [row.action for row in history.list_history(wanted, actor=ADMIN).page(session).rows]

    assert found(action="update") == ["update"]
    assert found(since=today, until=today) == ["update", "insert"]
    assert found(since=today + timedelta(days=1)) == []
    assert found(until=today - timedelta(days=1)) == []
    assert found(why="letter_1") == ["update"]
    assert found(why="letter%1") == []


def test_words_alone_are_refused() -> None:
    with pytest.raises(ValidationError, match="choose a person, a record or a first day"):
        HistoryFilter(why="letter")


def test_what_no_seal_covers_is_counted(session: Session) -> None:
    before = history.seal_state(session, actor=ADMIN)
    make_owner(session)

    after = history.seal_state(session, actor=ADMIN)

    assert after.unsealed == before.unsealed + 2  # the owner and the account


def test_the_tables_to_choose_from_are_those_under_the_history(session: Session) -> None:
    assert {"crm_owners", "crm_payouts", "crm_parameters"} <= set(history.tracked_tables(session))


@pytest.mark.parametrize("actor", [make_actor(Role.FINANCE), make_actor(Role.APPROVER)])
def test_the_history_takes_the_admin_role(session: Session, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        history.list_history(HistoryFilter(), actor=actor)
    with pytest.raises(Forbidden):
        history.seal_state(session, actor=actor)
