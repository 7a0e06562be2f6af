"""Looking at the database from a test: what was executed, what it planned, what it refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Executed:
    """One statement with its values, as it went to the driver."""

    statement: str
    values: Any


@contextmanager
def executed(session: Session) -> Iterator[list[Executed]]:
    """Collects what the session's connection executes meanwhile, savepoints left out."""
    connection = session.connection()
    seen: list[Executed] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "SAVEPOINT" not in statement:
            seen.append(Executed(statement, values))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(connection, "before_cursor_execute", note)


def plan_of(session: Session, query: Executed) -> str:
    """How PostgreSQL would run the statement."""
    rows = session.connection().exec_driver_sql(f"EXPLAIN {query.statement}", query.values)
    return "\n".join(row[0] for row in rows)


def sql(session: Session, statement: str, **values: Any) -> Any:
    """Runs plain SQL as whatever role the session has."""
    return session.execute(text(statement), values)


@contextmanager
def refused_by(session: Session, rule: str) -> Iterator[None]:
    """Expects the database itself to refuse: by a rule's name, or a word of its message."""
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        yield
    diagnostics = getattr(caught.value.orig, "diag", None)
    named = getattr(diagnostics, "constraint_name", None) or str(caught.value.orig)
    assert rule in named


@contextmanager
def read_only(session: Session) -> Iterator[None]:
    """Inside, any write is an error of the database."""
    with session.begin_nested() as point:
        session.execute(text("SET LOCAL transaction_read_only = on"))
        yield
        point.rollback()


def history_of(session: Session, table: str, record_id: int) -> list[dict[str, Any]]:
    """The history's lines about one record, oldest first."""
    found = session.execute(
        text(
            "SELECT who, why, action, before, after FROM crm_history"
            " WHERE table_name = :table AND record_id = :id ORDER BY id"
        ),
        {"table": table, "id": record_id},
    )
    return [dict(row) for row in found.mappings()]
