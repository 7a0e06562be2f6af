"""Puts the checked lines of a file into their table, a thousand at a time."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import orjson
from sqlalchemy.orm import Session

from crm_core.base import crypto
from crm_core.base.errors import Invalid
from crm_core.hospitals import queries as hospitals
from crm_core.loyalty.importing.models import PatientImport
from crm_core.loyalty.importing.reading import Table
from crm_core.loyalty.importing.rows import Checked, Reader, hospitals_by_name

Tell = Callable[[int], None]
"""Is told how far a long act has come."""
CHUNK = 1000
MOST = 500_000
"""Lines of a file; more are better given in several."""


def quiet(_: int) -> None:
    """Where nobody waits to be told."""


def stage(session: Session, found: PatientImport, table: Table, *, tell: Tell) -> None:
    """Checks every line by itself and keeps it with its verdict.

    Args:
        tell: called with how many bytes of the file were read so far.

    Raises:
        Invalid: the file cannot be read, has no lines or too many; nothing is kept then.
    """
    places = [(each.id, each.hospital_code, each.name) for each in hospitals.all_hospitals(session)]
    reader = Reader(table.header, found.mapping, hospitals_by_name(places))
    # A copy is a statement and may take as long as any other, so each chunk is one.
    count = 0
    for chunk in _chunks(reader.check(record) for record in table):
        count += len(chunk)
        if count > MOST:
            raise Invalid.field("file", f"Split the file: it has more than {MOST:,} lines.")
        _copy(session, found.id, chunk)
        tell(table.taken)
    if not count:
        raise Invalid.field("file", "The file has a header and no lines below it.")


def _chunks(checked: Iterator[Checked]) -> Iterator[list[Checked]]:
    while chunk := list(islice(checked, CHUNK)):
        yield chunk


def _copy(session: Session, import_id: int, chunk: Iterable[Checked]) -> None:
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for checked in chunk:
            copy.write_row((import_id, checked.line, checked.cells, *_columns(checked)))


def _columns(checked: Checked) -> tuple[object, ...]:
    """In the order of ``_COPY``."""
    data = checked.data
    if data is None:
        return ("refused", "invalid", checked.reason, checked.label, *[None] * 9)
    kept = data.model_dump(mode="json", exclude={"nin", "referral_code"})
    nin = (crypto.encrypt(data.nin), crypto.keyed_hash(data.nin), data.nin[-4:]) if data.nin else ()
    return (
        "ok",
        "",
        "",
        f"{data.first_name} {data.last_name}",
        orjson.dumps(kept).decode(),
        f"{data.first_name}\n{data.last_name}",
        data.date_of_birth,
        data.phone,
        data.email,
        *(nin or (None, None, None)),
        data.referral_code,
    )


_COPY = """
    COPY crm_patient_import_rows (import_id, line, cells, verdict, code, reason, label, data, name,
        born, phone, email, nin_encrypted, nin_hash, nin_last4, referral_code) FROM STDIN
"""
