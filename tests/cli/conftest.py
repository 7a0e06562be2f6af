"""Commands run in this process, on a database of the test's own."""

from collections.abc import Callable

import pytest

from crm_core.base import logs
from tests.cli.commands import Command, run


@pytest.fixture
def command(
    own_database: str, set_environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """``command("user", "create", …)`` on a database of the test's own."""
    set_environment(DATABASE_URL=own_database)
    # In one process with the tests, whose own logging must stay.
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    return run
