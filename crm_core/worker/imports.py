"""Jobs of imports: large files of patients, and those that nobody wants any more."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from crm_core.base.db import transaction
from crm_core.base.errors import Refusal
from crm_core.loyalty import importing
from crm_core.people.schemas import Actor, Permission
from crm_core.worker.jobs import app, job, until_done

_log = logging.getLogger(__name__)


@app.task(name=importing.TASK)
def carry_patient_import(import_id: int, fingerprint: str, who: str, name: str) -> None:
    """Reads, commits or undoes an import, for the person who asked for it."""
    rights = frozenset({Permission.PATIENTS_WRITE})
    actor = Actor(key=who, person=who, name=name, permissions=rights)

    def tell(percent: int) -> None:
        with job("carry_patient_import") as session:
            importing.note_progress(session, import_id, percent)

    with (
        _given_up_where_it_fails(import_id),
        transaction(who=who, why=f"Import {import_id}") as session,
    ):
        importing.carry(session, import_id, fingerprint, actor=actor, tell=tell)


@app.periodic(cron="50 1 * * *")
@app.task(name="forget_imports", queueing_lock="forget_imports")
def forget_imports(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Forgets the lines of files that were looked at and never imported."""
    until_done("forget_imports", importing.forget_imports)


@contextmanager
def _given_up_where_it_fails(import_id: int) -> Iterator[None]:
    """Whoever waits for the import is told why nothing came of it."""
    try:
        yield
    except Refusal as refusal:
        _log.warning("Import %s came to nothing: %s", import_id, refusal)
        _give_up(import_id, str(refusal))
    except Exception:
        _give_up(import_id, "Something broke on our side: try again, or tell an administrator.")
        raise


def _give_up(import_id: int, problem: str) -> None:
    with job("carry_patient_import") as session:
        importing.give_up(session, import_id, problem)
