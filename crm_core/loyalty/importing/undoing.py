"""Undoing an import: its patients are withdrawn as long as nothing has used them.

Neither patients nor ledger rows are ever deleted. A withdrawn patient is in no list and holds no
points, address of email or NIN; the ledger has a row that takes the welcome back.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, NotFound
from crm_core.base.preflight import (
    Change,
    Done,
    Receipt,
    Verdict,
    get_receipt,
    mark_undone,
    store_receipt,
)
from crm_core.loyalty.importing import queries
from crm_core.loyalty.importing.models import PatientImport
from crm_core.loyalty.importing.schemas import ImportState, RowVerdict, UndoPlan
from crm_core.loyalty.importing.service import line_steps, lock_import, work_alone
from crm_core.loyalty.importing.staging import Tell, quiet
from crm_core.people.schemas import Actor, Permission

KIND = "patient_import_undo"


def plan_undo(session: Session, import_id: int, *, actor: Actor) -> UndoPlan:
    """What undoing would do; changes nothing.

    Raises:
        Conflict: the import was not committed, or was undone.
    """
    actor.require(Permission.PATIENTS_WRITE)
    found = session.get(PatientImport, import_id, populate_existing=True)
    check_committed(found)
    if found is not None and found.state == ImportState.UNDOING:
        raise Conflict("This import is being undone at this moment.")
    return _plan(session, import_id)


def commit_undo(
    session: Session, import_id: int, fingerprint: str, *, actor: Actor, tell: Tell = quiet
) -> Receipt:
    """Withdraws the patients that nothing has used; those used since they were shown stay.

    A patient who was used never becomes unused, so that none is withdrawn that was not shown.

    Args:
        tell: called with how many of the lines are done.

    Raises:
        Conflict: the fingerprint is of another plan, or the import was undone by somebody else.
    """
    actor.require(Permission.PATIENTS_WRITE)
    found = lock_import(session, import_id)
    seen = shown(fingerprint, import_id)
    if found.state == ImportState.UNDONE:
        return _first_receipt(session, found)
    check_committed(found)
    work_alone(session)
    mark = text(_MARK.format(unused=_unused(session)))
    for lines in line_steps(session, import_id):
        values = {"import_id": import_id, "from_line": lines.start, "to_line": lines.stop}
        for step in (_LOCK_ACCOUNTS, _LOCK_PATIENTS, mark, _TAKE_BACK, _WITHDRAW):
            session.execute(step, values)
        tell(lines.stop)
    return _finish(session, found, shown=seen, actor=actor)


def _plan(session: Session, import_id: int) -> UndoPlan:
    counted = text(_COUNT.format(unused=_unused(session)))
    row = session.execute(counted, {"import_id": import_id}).one()
    return UndoPlan(
        fingerprint=f"undo-{import_id}-{row.unused}",
        withdrawn=row.unused,
        kept=row.imported - row.unused,
        points=row.points,
    )


def check_committed(found: PatientImport | None) -> None:
    """Refuses to undo what was not committed, or was undone."""
    if found is None:
        raise NotFound("Import not found")
    if found.state == ImportState.UNDONE:
        raise Conflict("This import was undone already.")
    if not ImportState(found.state).can_become(ImportState.UNDONE):
        raise Conflict("This import was not committed: there is nothing to undo.")


def shown(fingerprint: str, import_id: int) -> int:
    """How many the person saw that would be withdrawn."""
    prefix = f"undo-{import_id}-"
    count = fingerprint.removeprefix(prefix)
    if not fingerprint.startswith(prefix) or not count.isdecimal():
        raise Conflict("This is not what was looked at: open the import again.")
    return int(count)


def _finish(session: Session, found: PatientImport, *, shown: int, actor: Actor) -> Receipt:
    counts = queries.counts_of(session, found.id)
    withdrawn = counts[RowVerdict.WITHDRAWN]
    if not withdrawn:
        raise Conflict("Every patient of this import was used since: none can be withdrawn.")
    found.withdrawn_count = withdrawn
    found.state, found.undone_at = ImportState.UNDONE.value, utc_now()
    session.flush()
    receipt = store_receipt(
        session,
        _done(found, shown - withdrawn),
        who=actor.key,
        who_name=actor.name,
        fingerprint=f"undo-{found.id}-{shown}",
    )
    if found.receipt_id is not None:
        mark_undone(session, found.receipt_id, who=actor.key)
    detail = {"import_id": found.id, "withdrawn": withdrawn, "receipt_id": receipt.receipt_id}
    history.note(session, "undo", "crm_patient_imports", found.id, detail)
    return receipt.model_copy(update={"changed": withdrawn})


def _done(found: PatientImport, since: int) -> Done:
    label = f"{found.file_name}: {found.withdrawn_count:,} patients"
    kept = found.imported_count - found.withdrawn_count
    reason = f"{since:,} patients were used since you looked: they stay."
    used = Verdict(id=found.id, label="Used meanwhile", ok=False, code="changed", reason=reason)
    return Done(
        kind=KIND,
        title=f"Import of {found.file_name} undone",
        changed=[Change(id=found.id, label=label, before="imported", after="withdrawn")],
        refused=[used] if since > 0 else [],
        totals={
            "import_id": str(found.id),
            "withdrawn": str(found.withdrawn_count),
            "kept": str(kept),
        },
    )


def _first_receipt(session: Session, found: PatientImport) -> Receipt:
    """What the first click was answered."""
    stored: int = session.execute(_LAST_UNDO, {"import_id": str(found.id)}).scalar_one()
    first = get_receipt(session, stored)
    return Receipt(receipt_id=first.id, changed=found.withdrawn_count, refused=list(first.refused))


def _unused(session: Session) -> str:
    """The condition that nothing has used the patient ``p``, whatever domain could have.

    Every table that points at patients or members counts, so that a domain above this one, which
    cannot be named here, is asked as well.
    """
    references = session.execute(_REFERENCES).all()
    asked = [
        f"NOT EXISTS (SELECT FROM {row.source} x WHERE x.{row.column_name} = p.id)"
        for row in references
    ]
    return " AND ".join([_BY_ITSELF, *asked])


_BY_ITSELF = """p.version = 1 AND p.merged_into_id IS NULL AND NOT EXISTS (
    SELECT FROM crm_loyalty_transactions t WHERE t.patient_id = p.id AND t.rule <> 'welcome')"""
_REFERENCES = text(
    """
    SELECT c.conrelid::regclass::text AS source, quote_ident(a.attname) AS column_name
    FROM pg_constraint c JOIN pg_attribute a
        ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f'
      AND c.confrelid IN ('crm_patients'::regclass, 'crm_loyalty_accounts'::regclass)
      AND c.conrelid NOT IN ('crm_loyalty_accounts'::regclass,
          'crm_loyalty_transactions'::regclass, 'crm_patient_import_rows'::regclass)
    ORDER BY 1, 2
    """
)
_LINES = "r.import_id = :import_id AND r.line >= :from_line AND r.line < :to_line"
_COUNT = """
    SELECT count(*) AS imported, count(*) FILTER (WHERE u.yes) AS unused,
           coalesce(sum(a.balance) FILTER (WHERE u.yes), 0) AS points
    FROM crm_patient_import_rows r JOIN crm_patients p ON p.id = r.patient_id
    JOIN crm_loyalty_accounts a ON a.id = p.id
    CROSS JOIN LATERAL (SELECT {unused} AS yes) u
    WHERE r.import_id = :import_id AND r.verdict = 'imported'
"""
# These are constants of ours; what a request gives is bound.
_LOCK_ACCOUNTS = text(
    f"""
    SELECT count(*) FROM (
        SELECT a.id FROM crm_loyalty_accounts a JOIN crm_patient_import_rows r
            ON r.patient_id = a.id
        WHERE {_LINES} AND r.verdict = 'imported' ORDER BY a.id FOR UPDATE OF a) locked
    """  # noqa: S608
)
_LOCK_PATIENTS = text(
    f"""
    SELECT count(*) FROM (
        SELECT p.id FROM crm_patients p JOIN crm_patient_import_rows r ON r.patient_id = p.id
        WHERE {_LINES} AND r.verdict = 'imported' ORDER BY p.id FOR UPDATE OF p) locked
    """  # noqa: S608
)
_MARK = f"""
    UPDATE crm_patient_import_rows r
    SET verdict = CASE WHEN u.yes THEN 'withdrawn' ELSE 'kept' END,
        code = CASE WHEN u.yes THEN '' ELSE 'used' END,
        reason = CASE WHEN u.yes THEN '' ELSE 'Used since the import: this patient stays.' END
    FROM crm_patients p CROSS JOIN LATERAL (SELECT {{unused}} AS yes) u
    WHERE {_LINES} AND r.verdict = 'imported' AND p.id = r.patient_id
"""  # noqa: S608
_TAKE_BACK = text(
    f"""
    WITH gone AS (
        SELECT a.id, a.balance FROM crm_loyalty_accounts a JOIN crm_patient_import_rows r
            ON r.patient_id = a.id
        WHERE {_LINES} AND r.verdict = 'withdrawn'
    ), made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule)
        SELECT id, 'adjusted', -balance, 0, 'The import was undone', 'adjustment'
        FROM gone WHERE balance > 0 ORDER BY id
        RETURNING id, patient_id
    ), consumed AS (
        INSERT INTO crm_loyalty_consumptions (lot_id, transaction_id, points)
        SELECT l.id, made.id, l.remaining FROM crm_loyalty_lots l JOIN made USING (patient_id)
        WHERE l.remaining > 0
    ), emptied AS (
        UPDATE crm_loyalty_lots l SET remaining = 0
        FROM made WHERE l.patient_id = made.patient_id AND l.remaining > 0
    )
    UPDATE crm_loyalty_accounts a SET balance = 0, merged = true FROM gone WHERE a.id = gone.id
    """  # noqa: S608
)
_WITHDRAW = text(
    f"""
    UPDATE crm_patients p
    SET merged_into_id = p.id, withdrawn_at = now(), status = 'inactive', email = NULL,
        nin_encrypted = NULL, nin_hash = NULL, nin_last4 = NULL
    FROM crm_patient_import_rows r
    WHERE {_LINES} AND r.verdict = 'withdrawn' AND p.id = r.patient_id
    """  # noqa: S608
)
_LAST_UNDO = text(
    f"SELECT max(id) FROM crm_receipts WHERE kind = '{KIND}'"  # noqa: S608
    " AND totals ->> 'import_id' = :import_id"
)
