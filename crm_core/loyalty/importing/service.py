"""Looking at a file of patients, and committing exactly what was shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, NotFound
from crm_core.base.preflight import Change, Done, Receipt, Verdict, get_receipt, store_receipt
from crm_core.loyalty.importing import columns, enrolling, judging, queries, staging
from crm_core.loyalty.importing.models import PatientImport
from crm_core.loyalty.importing.reading import Table
from crm_core.loyalty.importing.schemas import (
    ImportRead,
    ImportRowFilter,
    ImportState,
    RowVerdict,
)
from crm_core.loyalty.importing.staging import Tell, quiet
from crm_core.people.schemas import Actor, Permission

KIND = "patient_import"
STEP = 500  # lines a statement: quick by itself, and the planner cannot go far wrong
_SHOWN = 100  # refusals that the receipt names; the import's page has them all


@dataclass(frozen=True)
class Upload:
    """A file to look at; ``mapping`` says field → column where the header does not."""

    source: BinaryIO
    name: str
    mapping: Mapping[str, str] | None = None


def plan_import(session: Session, upload: Upload, *, actor: Actor) -> ImportRead:
    """Looks at a file: a verdict a line, kept to be committed as shown. No patient changes.

    Memory does not grow with the file.

    Raises:
        Invalid: the file as such cannot be read, or a column is missing.
    """
    table = Table(upload.source)
    found = open_import(session, upload, table, actor=actor)
    look(session, found, table)
    return queries.get_import(session, found.id)


def open_import(session: Session, upload: Upload, table: Table, *, actor: Actor) -> PatientImport:
    """The import of a file whose header is understood; its lines are still to be read.

    Raises:
        Invalid: a column is missing.
    """
    actor.require(Permission.PATIENTS_WRITE)
    found = PatientImport(
        file_name=upload.name[:200] or "patients.csv",
        header=table.header,
        mapping=columns.choose(table.header, upload.mapping),
        state=ImportState.READING.value,
        who=actor.key,
        who_name=actor.name,
    )
    session.add(found)
    session.flush()
    return found


def look(session: Session, found: PatientImport, table: Table, *, tell: Tell = quiet) -> None:
    """A verdict for every line of the file, kept until it is committed or forgotten."""
    staging.stage(session, found, table, tell=tell)
    judging.judge(session, found.id)
    found.state = ImportState.PLANNED.value
    session.flush()
    judging.count_up(session, found)


def commit_import(
    session: Session, import_id: int, fingerprint: str, *, actor: Actor, tell: Tell = quiet
) -> Receipt:
    """Registers what was shown as ok; what changed in between is refused. Twice does it once.

    Args:
        tell: called with how many of the lines are done.

    Raises:
        Conflict: the fingerprint is of another plan, the import was undone, or another import is
            being committed at this moment.
    """
    actor.require(Permission.PATIENTS_WRITE)
    found = lock_import(session, import_id)
    if found.state == ImportState.COMMITTED and found.fingerprint == fingerprint:
        return _first_receipt(session, found)
    check_as_shown(found, fingerprint)
    work_alone(session)
    judging.judge_again(session, import_id)
    for number, lines in enumerate(line_steps(session, import_id), start=1):
        enrolling.enrol(session, import_id, lines)
        if number.bit_count() == 1:  # each time that they have doubled
            judging.analyse(session)
        tell(lines.stop)
    judging.analyse(session)
    return _finish(session, found, actor)


def check_as_shown(found: PatientImport, fingerprint: str) -> None:
    """Refuses to commit what was not shown, what is not ready, and what has nothing in it."""
    if not ImportState(found.state).can_become(ImportState.COMMITTED):
        raise Conflict(_NOT_NOW[ImportState(found.state)])
    if found.fingerprint != fingerprint:
        raise Conflict("This is not what was looked at: open the import again.")
    if not found.ok_count:
        raise Conflict("No line of this file can be imported.")


def lock_import(session: Session, import_id: int) -> PatientImport:
    """The import, locked: who clicks twice waits for the first click's end."""
    session.execute(text("SET LOCAL lock_timeout = '55s'"))
    found = session.get(PatientImport, import_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("Import not found")
    return found


def work_alone(session: Session) -> None:
    """One import at a time: two of them would not see each other's patients.

    Raises:
        Conflict: another one is being committed or undone.
    """
    if not session.execute(_ALONE).scalar_one():
        raise Conflict("Another import is being committed at this moment: try again in a minute.")


def line_steps(session: Session, import_id: int) -> Iterator[range]:
    """The lines in steps of some hundreds."""
    last: int = session.execute(_LAST_LINE, {"import_id": import_id}).scalar_one()
    for start in range(0, last + 1, STEP):
        yield range(start, start + STEP)


def _finish(session: Session, found: PatientImport, actor: Actor) -> Receipt:
    counts = queries.counts_of(session, found.id)
    found.imported_count = counts[RowVerdict.IMPORTED]
    found.changed_count = counts[RowVerdict.CHANGED]
    found.state = ImportState.COMMITTED.value
    found.committed_at = utc_now()
    receipt = store_receipt(
        session,
        _done(session, found),
        who=actor.key,
        who_name=actor.name,
        fingerprint=found.fingerprint,
    )
    found.receipt_id = receipt.receipt_id
    session.flush()
    detail = {"import_id": found.id, "imported": found.imported_count}
    history.note(session, "import", "crm_patient_imports", found.id, detail)
    return receipt.model_copy(update={"changed": found.imported_count})


def _done(session: Session, found: PatientImport) -> Done:
    """The receipt names the file; each line is on the import's page."""
    totals = {
        "import_id": found.id,
        "patients": found.imported_count,
        "refused": found.refused_count + found.duplicate_count + found.changed_count,
    }
    label = f"{found.file_name}: {found.imported_count:,} patients"
    change = Change(id=found.id, label=label, before="", after="imported")
    return Done(
        kind=KIND,
        title=f"Import of {found.file_name}",
        changed=[change],
        refused=_changed_lines(session, found.id),
        totals={name: str(total) for name, total in totals.items()},
    )


def _changed_lines(session: Session, import_id: int) -> list[Verdict]:
    wanted = ImportRowFilter(import_id=import_id, verdict=RowVerdict.CHANGED, limit=_SHOWN)
    return [
        Verdict(
            id=row.line,
            label=f"Line {row.line} · {row.label}",
            ok=False,
            code="changed",
            reason=row.reason,
        )
        for row in queries.list_rows(wanted).page(session).rows
    ]


def _first_receipt(session: Session, found: PatientImport) -> Receipt:
    """What the first click was answered."""
    stored = get_receipt(session, found.receipt_id or 0)
    return Receipt(receipt_id=stored.id, changed=found.imported_count, refused=list(stored.refused))


_NOT_NOW = {
    ImportState.READING: "This file is still being looked at: wait until that is done.",
    ImportState.FAILED: "This file could not be read: give it again.",
    ImportState.COMMITTED: "This import was committed already.",
    ImportState.UNDOING: "This import is being undone at this moment.",
    ImportState.UNDONE: "This import was undone: give the file again to import it anew.",
    ImportState.FORGOTTEN: "The lines of this file were forgotten meanwhile: give it again.",
}
_ALONE = text("SELECT pg_try_advisory_xact_lock(4242008)")
_LAST_LINE = text(
    "SELECT coalesce(max(line), 0) FROM crm_patient_import_rows WHERE import_id = :import_id"
)
