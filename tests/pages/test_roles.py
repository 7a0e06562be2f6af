"""Every page, tab, record and step for every role: one table, and the pages agree with it.

The house is made once and is rolled back with the module. A role's walk is one list of what each
stop showed; the tests compare.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, ButtonGroup, Node

from crm_core.base.db import SessionFactory
from crm_core.base.errors import Forbidden
from crm_core.people import service
from crm_core.people.schemas import ROLE_PERMISSIONS, Permission, Role
from crm_core.ui.entries import ENTRIES, HOME
from tests.make import make_actor, make_staff
from tests.pages.acting import errors
from tests.pages.house import WHOLE_NUMBERS, Stop, stops
from tests.pages.permissions import BUTTONS, FILES, PAGES, ROUND, STEPS

pytestmark = pytest.mark.timeout(900)
Walk = dict[str, "Seen"]


@dataclass(frozen=True)
class Seen:
    """What one stop showed: its buttons, its refusals, its tabs, and every byte of it."""

    page: str
    query: dict[str, object]
    buttons: frozenset[str]
    errors: Sequence[str]
    tabs: Sequence[str]
    whole: bytes


@pytest.fixture(scope="module")
def house(environment: None, shared_engine: Engine) -> Iterator[tuple[Session, list[Stop]]]:
    """A session that all walks share, and where they lead."""
    with shared_engine.connect() as connection:
        outer = connection.begin()
        SessionFactory.configure(bind=connection, join_transaction_mode="create_savepoint")
        with SessionFactory() as session:
            yield session, stops(session)
        SessionFactory.configure(bind=None, join_transaction_mode="conditional_savepoint")
        outer.rollback()


@pytest.fixture(scope="module")
def walks(house: tuple[Session, list[Stop]], project: Path) -> dict[Role, Walk]:
    """What each role was shown, stop by stop."""
    session, ways = house
    return {role: walk(session, project, ways, role) for role in Role}


def walk(session: Session, project: Path, ways: Sequence[Stop], *roles: Role) -> Walk:
    """Opens every stop and every tab found there, as somebody new with these roles."""
    person = make_staff(session, *roles)
    token = service.open_session(session, person.id, method="password", user_agent="test")
    session.commit()
    found: Walk = {}
    waiting, opened = list(ways), set[str]()
    while waiting:
        path, query = waiting.pop(0)
        seen = look(project, token, path, query)
        found[f"{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}"] = seen
        # Of each kind one record's tabs are walked, and the list's.
        kind = f"{path}?{'&'.join(query)}"
        if kind not in opened and list(query) in ([], [path.rstrip("s")]):
            opened.add(kind)
            waiting += [(path, {**query, "tab": _slug(tab)}) for tab in seen.tabs[1:]]
    return found


def look(project: Path, token: str, path: str, query: dict[str, object]) -> Seen:
    """One stop, behind the navigation as in life."""
    page = AppTest.from_file(project / "Home.py", default_timeout=60)
    if path:
        page = page.switch_page(f"pages/{path}.py")
    page.user = {"ops_sid": token}
    for name, value in query.items():
        page.query_params[name] = str(value)
    page.run()
    assert not page.exception, (path, query, page.exception)
    pills = [each for each in page.get("button_group") if isinstance(each, ButtonGroup)]
    deeds = [f"do: {option}" for each in pills for option in each.options]
    named = {_named(label) for label in (*[each.label for each in page.button], *deeds)}
    tabs = [each.label for each in page.tabs]
    return Seen(path, query, frozenset(named), errors(page), tabs, b"".join(_drawn(page)))


def _slug(label: str) -> str:
    return label.lower().replace(" ", "-")


def _named(label: str) -> str:
    return re.sub(r"\d[\d,.]*", "N", label.replace("\\", ""))


def _drawn(page: AppTest) -> Iterator[bytes]:
    waiting: list[Node] = [page.main, page.sidebar]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Block):
            waiting += node.children.values()
        else:
            yield node.proto.SerializeToString()


def test_the_table_names_every_page() -> None:
    assert {HOME.path, *(entry.path for entry in ENTRIES)} == set(PAGES)


def test_pages_open_to_those_who_may_and_refuse_the_others_in_words(
    house: tuple[Session, list[Stop]], project: Path, walks: dict[Role, Walk]
) -> None:
    nobody = walk(house[0], project, [(path, {}) for path in PAGES])
    wrong = [
        f"{role or 'nobody'}: {path}"
        for role, found in [*walks.items(), (None, nobody)]
        for path, needs in PAGES.items()
        if bool(found[f"{path}?"].errors) is (needs is None or needs in _has(role))
    ]
    assert wrong == []
    assert nobody["payouts?"].errors == [_refusal(Permission.PAYOUTS_READ)]


def test_no_page_shows_a_whole_number(walks: dict[Role, Walk]) -> None:
    leaks = [
        f"{role}: {where} shows {number}"
        for role, found in walks.items()
        for where, seen in found.items()
        for number in WHOLE_NUMBERS
        if number.encode() in seen.whole
    ]
    assert leaks == []
    # The walk reads the cells of tables: it would see a number in one.
    seen = walks[Role.VIEWER]
    assert b"Chioma Okafor" in seen["patients?"].whole
    assert any(b"*******7801" in seen[page].whole for page in seen if "patient=" in page)


def test_buttons_stand_there_for_exactly_those_who_may(walks: dict[Role, Walk]) -> None:
    wrong = []
    for where in {where for found in walks.values() for where in found}:
        there = {role: found[where].buttons for role, found in walks.items() if where in found}
        for button in frozenset().union(*there.values()) - ROUND:
            needs = BUTTONS.get((where.partition("?")[0], button))
            if needs is None:
                wrong.append(f"{where}: the table does not name {button}")
                continue
            may = {role for role in there if needs in ROLE_PERMISSIONS[role]}
            shown = {role for role, buttons in there.items() if button in buttons}
            if may != shown:
                wrong.append(f"{where}: {button} is shown to {sorted(shown)}, not to {sorted(may)}")
    assert not wrong, "\n".join(wrong)


def test_every_button_of_the_table_is_somewhere(walks: dict[Role, Walk]) -> None:
    seen = {
        (each.page, button)
        for found in walks.values()
        for each in found.values()
        for button in each.buttons
    }
    assert sorted(set(BUTTONS) - seen) == []
    assert sorted(ROUND - {button for _, button in seen}) == []


def test_files_are_offered_to_those_who_may(walks: dict[Role, Walk]) -> None:
    offered = {
        (role, kind)
        for role, found in walks.items()
        for seen in found.values()
        for kind in re.findall(rb"/export/[a-z-]+/?", seen.whole)
    }
    assert {kind.decode() for _, kind in offered} <= set(FILES)
    wrong = [
        f"{role}: {kind.decode()}"
        for role, kind in offered
        if FILES[kind.decode()] not in ROLE_PERMISSIONS[role]
    ]
    assert wrong == []
    assert (Role.ANALYST, b"/export/list/") in offered


def test_a_step_in_the_address_is_refused_in_words_to_those_who_may_not(
    walks: dict[Role, Walk],
) -> None:
    wrong, met = [], set()
    for role, found in walks.items():
        for where, seen in found.items():
            for name, value in seen.query.items():
                needs = STEPS.get((seen.page, f"{name}={value}"))
                if needs is None:
                    continue
                met.add((seen.page, f"{name}={value}"))
                if (_refusal(needs) in seen.errors) is (needs in ROLE_PERMISSIONS[role]):
                    wrong.append(f"{role}: {where}: {seen.errors}")
    assert wrong == []
    assert met == set(STEPS)


def _has(role: Role | None) -> frozenset[Permission]:
    return ROLE_PERMISSIONS[role] if role else frozenset()


def _refusal(needs: Permission) -> str:
    with pytest.raises(Forbidden) as refused:
        make_actor().require(needs)
    return str(refused.value)
