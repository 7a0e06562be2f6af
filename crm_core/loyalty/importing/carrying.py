"""Files and imports that are too large for a request: the worker carries them out.

What is asked for is noted in the import's state and queued in the same transaction. The worker does
all of it in one transaction of its own, so that nothing is half done; where it comes to nothing
the import is what it was before, with the reason.
"""

import io
import tempfile
from datetime import timedelta
from typing import BinaryIO

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from crm_core.base import crypto, jobs, parameters
from crm_core.base.clock import utc_now
from crm_core.base.errors import NotFound
from crm_core.base.preflight import Receipt
from crm_core.loyalty.importing import queries
from crm_core.loyalty.importing.models import ImportPart, ImportProgress, ImportRow, PatientImport
from crm_core.loyalty.importing.reading import Table
from crm_core.loyalty.importing.schemas import GIVEN_UP, ImportRead, ImportState
from crm_core.loyalty.importing.service import (
    Upload,
    check_as_shown,
    commit_import,
    lock_import,
    look,
    open_import,
    plan_import,
)
from crm_core.loyalty.importing.staging import Tell
from crm_core.loyalty.importing.undoing import commit_undo, shown
from crm_core.people.schemas import Actor, Permission

SMALL_FILE = 500_000
"""Bytes that are looked at while a person waits: some three thousand lines."""
SMALL_IMPORT = 2_000
"""Patients that are registered or withdrawn while a person waits."""
TASK = "carry_patient_import"
"""The worker's task; one import is carried at a time."""
_PART = 1 << 20


def take_file(session: Session, upload: Upload, *, actor: Actor) -> ImportRead:
    """Looks at a small file at once; a larger one is kept, and ``reading`` until it was looked at.

    Raises:
        Invalid: the header cannot be read, or a column is missing; of a small file any line.
    """
    if _size_of(upload.source) <= SMALL_FILE:
        return plan_import(session, upload, actor=actor)
    found = open_import(session, upload, Table(upload.source), actor=actor)
    upload.source.seek(0)
    while part := upload.source.read(_PART):
        session.add(ImportPart(import_id=found.id, content=crypto.encrypt_bytes(part)))
        session.flush()
        session.expunge_all()
    _queue(session, found.id, "", actor)
    return queries.get_import(session, found.id)


def start_commit(
    session: Session, import_id: int, fingerprint: str, *, actor: Actor
) -> Receipt | ImportRead:
    """Commits a small import at once; a larger one is ``committing`` until the worker has."""
    actor.require(Permission.PATIENTS_WRITE)
    found = _get(session, import_id)
    if found.state == ImportState.COMMITTING:
        return queries.get_import(session, import_id)
    if found.state != ImportState.PLANNED or found.ok_count <= SMALL_IMPORT:
        return commit_import(session, import_id, fingerprint, actor=actor)
    check_as_shown(found, fingerprint)
    return _ask(session, found, ImportState.COMMITTING, fingerprint, actor=actor)


def start_undo(
    session: Session, import_id: int, fingerprint: str, *, actor: Actor
) -> Receipt | ImportRead:
    """Undoes a small import at once; a larger one is ``undoing`` until the worker has."""
    actor.require(Permission.PATIENTS_WRITE)
    found = _get(session, import_id)
    if found.state == ImportState.UNDOING:
        return queries.get_import(session, import_id)
    if found.state != ImportState.COMMITTED or found.imported_count <= SMALL_IMPORT:
        return commit_undo(session, import_id, fingerprint, actor=actor)
    shown(fingerprint, import_id)
    return _ask(session, found, ImportState.UNDOING, fingerprint, actor=actor)


def carry(session: Session, import_id: int, fingerprint: str, *, actor: Actor, tell: Tell) -> None:
    """What was asked for, all of it; the worker calls this. Done before, it does nothing.

    Args:
        fingerprint: of what was shown; empty where a file is to be read.
        tell: called with the percentage that is done.
    """
    session.execute(text("SET LOCAL statement_timeout = '30min'"))
    found = lock_import(session, import_id)
    if found.state == ImportState.READING:
        _read(session, found, tell)
    elif found.state == ImportState.COMMITTING:
        share = _percent_of(_last_line(session, import_id), tell)
        commit_import(session, import_id, fingerprint, actor=actor, tell=share)
    elif found.state == ImportState.UNDOING:
        share = _percent_of(_last_line(session, import_id), tell)
        commit_undo(session, import_id, fingerprint, actor=actor, tell=share)


def give_up(session: Session, import_id: int, problem: str) -> None:
    """What was asked for came to nothing: the import is what it was, with the reason."""
    found = lock_import(session, import_id)
    before = GIVEN_UP.get(ImportState(found.state))
    if before is None:
        return
    found.state, found.problem = before.value, problem
    session.flush()
    if before is ImportState.FAILED:
        _forget_parts(session, import_id)


def note_progress(session: Session, import_id: int, percent: int) -> None:
    """How far the worker has come; in a transaction of its own, for people to see."""
    session.execute(
        update(ImportProgress).where(ImportProgress.id == import_id).values(percent=percent)
    )


def forget_imports(session: Session, *, limit: int = 5) -> int:
    """Forgets the lines of files that were looked at some days ago and never imported.

    Gives how many files; the job calls again until none is left.
    """
    days = int(parameters.value_of(session, "patients.import_kept_days"))
    waiting = [state.value for state in ImportState if state.can_become(ImportState.FORGOTTEN)]
    old = session.scalars(
        select(PatientImport)
        .where(
            PatientImport.state.in_(waiting),
            PatientImport.created_at < utc_now() - timedelta(days=days),
        )
        .order_by(PatientImport.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for found in old:
        _forget_parts(session, found.id)
        session.execute(delete(ImportRow).where(ImportRow.import_id == found.id))
        found.state = ImportState.FORGOTTEN.value
        session.flush()
    return len(old)


def _get(session: Session, import_id: int) -> PatientImport:
    """Not locked: whoever carries it holds its row for minutes."""
    found = session.get(PatientImport, import_id, populate_existing=True)
    if found is None:
        raise NotFound("Import not found")
    return found


def _ask(
    session: Session, found: PatientImport, wanted: ImportState, fingerprint: str, *, actor: Actor
) -> ImportRead:
    """Asks the worker, once however many ask at the same moment."""
    asked = session.execute(
        update(PatientImport)
        .where(PatientImport.id == found.id, PatientImport.state == found.state)
        .values(state=wanted.value, problem="")
        .returning(PatientImport.id),
        execution_options={"synchronize_session": False},
    ).first()
    if asked is not None:
        _queue(session, found.id, fingerprint, actor)
    return queries.get_import(session, found.id)


def _queue(session: Session, import_id: int, fingerprint: str, actor: Actor) -> None:
    session.execute(_BEGIN, {"id": import_id})
    jobs.queue(
        session,
        TASK,
        one_at_a_time=TASK,
        import_id=import_id,
        fingerprint=fingerprint,
        who=actor.key,
        name=actor.name,
    )


def _read(session: Session, found: PatientImport, tell: Tell) -> None:
    with tempfile.TemporaryFile() as file:
        size = _put_together(session, found.id, file)
        look(session, found, Table(file), tell=_percent_of(size, tell))
    _forget_parts(session, found.id)


def _put_together(session: Session, import_id: int, file: BinaryIO) -> int:
    """Writes the file as it was given; gives its size."""
    after = 0
    while part := session.execute(_NEXT_PART, {"import_id": import_id, "after": after}).first():
        file.write(crypto.decrypt_bytes(bytes(part.content)))
        after = part.id
    size = file.tell()
    file.seek(0)
    return size


def _forget_parts(session: Session, import_id: int) -> None:
    session.execute(delete(ImportPart).where(ImportPart.import_id == import_id))


def _last_line(session: Session, import_id: int) -> int:
    return int(session.execute(_LAST_LINE, {"import_id": import_id}).scalar_one())


def _percent_of(whole: int, tell: Tell) -> Tell:
    """Tells a part of the whole as a percentage; the end is told by the import's own state."""
    return lambda done: tell(min(99, done * 100 // max(1, whole)))


def _size_of(source: BinaryIO) -> int:
    source.seek(0, io.SEEK_END)
    size = source.tell()
    source.seek(0)
    return size


_BEGIN = text(
    "INSERT INTO crm_patient_import_progress (id) VALUES (:id)"
    " ON CONFLICT (id) DO UPDATE SET percent = 0"
)
_NEXT_PART = text(
    "SELECT id, content FROM crm_patient_import_parts"
    " WHERE import_id = :import_id AND id > :after ORDER BY id LIMIT 1"
)
_LAST_LINE = text(
    "SELECT coalesce(max(line), 0) FROM crm_patient_import_rows WHERE import_id = :import_id"
)
