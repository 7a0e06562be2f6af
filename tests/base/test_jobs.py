"""Queuing work for the worker, in the transaction that causes it."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base import jobs
from crm_core.base.db import transaction


def queued(session: Session) -> list[tuple[object, ...]]:
    found = session.execute(
        text("SELECT task_name, args, lock, status::text FROM procrastinate_jobs ORDER BY id")
    )
    return [tuple(row) for row in found]


def test_a_job_waits_for_the_worker_with_what_it_is_called_with(session: Session) -> None:
    jobs.queue(session, "read_a_file", one_at_a_time="files", file_id=7, who="staff:1")

    expected = ("read_a_file", {"file_id": 7, "who": "staff:1"}, "files", "todo")
    assert queued(session) == [expected]


def test_where_the_transaction_is_taken_back_there_is_no_job(session: Session) -> None:
    session.commit()
    try:
        with transaction(who="staff:1") as undone:
            jobs.queue(undone, "read_a_file", file_id=7)
            raise LookupError
    except LookupError:
        pass

    assert queued(session) == []
