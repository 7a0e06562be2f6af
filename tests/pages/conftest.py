"""Pages as a signed-in person opens them, in the test's own transaction."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.people import service
from crm_core.people.models import Staff
from crm_core.people.schemas import Role


@pytest.fixture
def open_page(
    session: Session, staff: Callable[..., Staff], project: Path
) -> Callable[..., AppTest]:
    """``open_page("pages/owners.py", Role.FINANCE, owner=3)``: as somebody new with these roles."""

    def open_it(path: str, /, *roles: Role, **query: object) -> AppTest:
        person = staff(*roles)
        token = service.open_session(session, person.id, method="password", user_agent="test")
        page = AppTest.from_file(project / path, default_timeout=20)
        page.user = {"ops_sid": token}
        for name, value in query.items():
            page.query_params[name] = str(value)
        page.run()
        assert not page.exception
        return page

    return open_it


@pytest.fixture
def visit(session: Session, staff: Callable[..., Staff], project: Path) -> Callable[..., AppTest]:
    """Like ``open_page``, but behind the navigation: for pages with links to other pages."""

    def visit_it(path: str, /, *roles: Role, **query: object) -> AppTest:
        person = staff(*roles)
        token = service.open_session(session, person.id, method="password", user_agent="test")
        page = AppTest.from_file(project / "Home.py", default_timeout=20).switch_page(path)
        page.user = {"ops_sid": token}
        for name, value in query.items():
            page.query_params[name] = str(value)
        page.run()
        assert not page.exception
        return page

    return visit_it
