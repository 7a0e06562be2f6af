"""Reads of imports, their lines, and the file of those that were not imported."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator

import orjson
from sqlalchemy import (
    Boolean,
    String,
    Text,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from crm_core.base import crypto, history
from crm_core.base.cells import harmless
from crm_core.base.read import Listing, Order, Read, ReadOne
from crm_core.loyalty.importing.models import ImportProgress, ImportRow, PatientImport
from crm_core.loyalty.importing.schemas import (
    GIVEN_UP,
    NOT_IMPORTED,
    ImportFilter,
    ImportRead,
    ImportRowFilter,
    ImportRowRead,
    RowVerdict,
)
from crm_core.patients.models import Patient
from crm_core.people.schemas import Actor, Permission

_IGNORED = (
    "array(SELECT h FROM unnest(crm_patient_imports.header) AS h WHERE h <> '' AND NOT EXISTS"
    " (SELECT FROM jsonb_each_text(crm_patient_imports.mapping) AS m WHERE m.value = h))"
)
_STATES = ", ".join(f"'{state}'" for state in GIVEN_UP)
_UNDER_WAY = f"crm_patient_imports.state IN ({_STATES})"
IMPORTS: Listing[ImportRead] = Listing(
    schema=ImportRead,
    statement=select(
        *(
            getattr(PatientImport, name)
            for name in ImportRead.model_fields
            if name not in {"ignored", "percent"}
        ),
        literal_column(_IGNORED, ARRAY(String)).label("ignored"),
        select(ImportProgress.percent)
        .where(ImportProgress.id == PatientImport.id, literal_column(_UNDER_WAY, Boolean))
        .scalar_subquery()
        .label("percent"),
    ),
    filters={"state": PatientImport.state == bindparam("state")},
    orders={"newest": Order((PatientImport.id,))},
    key=PatientImport.id,
    noun="Import",
)
ROWS: Listing[ImportRowRead] = Listing(
    schema=ImportRowRead,
    statement=select(
        ImportRow.id,
        ImportRow.line,
        ImportRow.verdict,
        ImportRow.code,
        ImportRow.reason,
        case(
            (Patient.id.is_(None), ImportRow.label),
            else_=Patient.first_name + literal(" ", Text) + Patient.last_name,
        ).label("label"),
        ImportRow.patient_id,
        Patient.patient_code,
    ).outerjoin(Patient, Patient.id == ImportRow.patient_id),
    filters={
        "import_id": ImportRow.import_id == bindparam("import_id"),
        "verdict": ImportRow.verdict == bindparam("verdict"),
    },
    orders={"line": Order((ImportRow.line, ImportRow.id), descending=False)},
    key=ImportRow.id,
    noun="Line",
)
PART = 1000


def list_imports(filters: ImportFilter) -> Read[ImportRead]:
    """Files that were looked at, newest first."""
    return IMPORTS.read(filters)


def get_import(session: Session, import_id: int) -> ImportRead:
    """One import with its totals; ``NotFound`` where there is none."""
    return IMPORTS.one(session, import_id)


def find_import(import_id: int) -> ReadOne:
    """The same for the API, as text."""
    return IMPORTS.find(import_id)


def list_rows(filters: ImportRowFilter) -> Read[ImportRowRead]:
    """The lines of an import with their verdicts, in the file's order."""
    return ROWS.read(filters)


def counts_of(session: Session, import_id: int) -> dict[RowVerdict, int]:
    """How many lines of each verdict."""
    found = session.execute(
        select(ImportRow.verdict, func.count())
        .where(ImportRow.import_id == import_id)
        .group_by(ImportRow.verdict)
    )
    counts: dict[RowVerdict, int] = defaultdict(int)
    counts.update({RowVerdict(row[0]): row[1] for row in found})
    return counts


def note_download(session: Session, import_id: int) -> None:
    """That somebody took the refused lines away is in the history."""
    history.note(session, "read", "crm_patient_imports", import_id, {"file": "refused"})


def refused_file(session: Session, import_id: int, *, actor: Actor) -> Iterator[bytes]:
    """The lines that were not imported as they were given, with a last column that says why.

    Who gave the file gets its NINs back, others only where they may see them. Corrected, it can
    be given again. Read a part at a time: its memory does not grow with the file.
    """
    actor.require(Permission.PATIENTS_WRITE)
    found = session.execute(
        select(PatientImport.header, PatientImport.mapping, PatientImport.who).where(
            PatientImport.id == import_id
        )
    ).one()
    whole = found.who == actor.key or actor.may(Permission.IDENTIFIERS_REVEAL)
    hidden = None if whole else _place(found.header, found.mapping.get("nin"))
    yield b"\xef\xbb\xbf" + _line([*found.header, "reason"])
    after = 0
    while rows := session.execute(_PART, {"import_id": import_id, "after": after}).all():
        yield b"".join(_line([*_cells(row.cells, hidden), row.reason]) for row in rows)
        after = rows[-1].line


def _place(header: list[str], column: str | None) -> int | None:
    return header.index(column) if column in header else None


def _cells(encrypted: bytes, hidden: int | None) -> list[str]:
    cells: list[str] = orjson.loads(crypto.decrypt(bytes(encrypted)))
    if hidden is not None and hidden < len(cells) and cells[hidden].strip():
        cells[hidden] = "*******" + cells[hidden].strip()[-4:]
    return cells


def _line(cells: list[str]) -> bytes:
    text_ = io.StringIO()
    csv.writer(text_, lineterminator="\r\n").writerow(map(harmless, cells))
    return text_.getvalue().encode()


_PART = text(
    f"""
    SELECT line, cells, reason FROM crm_patient_import_rows
    WHERE import_id = :import_id AND line > :after
      AND verdict IN ({", ".join(f"'{verdict}'" for verdict in NOT_IMPORTED)})
    ORDER BY line LIMIT {PART}
    """  # noqa: S608 # constants of ours
)
