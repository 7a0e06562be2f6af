"""Files of patients to import, as people save them."""

import csv
import io
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from crm_core.loyalty import importing
from crm_core.loyalty.importing.schemas import ImportRead
from tests.make_patients import DESK, asked

HEADER = ("first_name", "last_name", "phone", "date_of_birth", "gender", "address", "city", "state")


def line(name: str = "Ada Obi", **more: object) -> dict[str, object]:
    """What a line of a file says, with a phone number of its own."""
    return asked(name, **more)


def file_of(
    *lines: Mapping[str, object], header: Sequence[str] = (), delimiter: str = ","
) -> bytes:
    """A CSV of these lines; its header names every field that one of them has."""
    names = list(header or dict.fromkeys((*HEADER, *(name for each in lines for name in each))))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def look(
    session: Session, content: bytes, *, mapping: Mapping[str, str] | None = None
) -> ImportRead:
    """The import as it was looked at, by somebody at the desk."""
    upload = importing.Upload(io.BytesIO(content), "patients.csv", mapping)
    return importing.plan_import(session, upload, actor=DESK)


def take_over(session: Session, *lines: Mapping[str, object]) -> ImportRead:
    """A file of these lines, looked at and committed."""
    seen = look(session, file_of(*lines))
    importing.commit_import(session, seen.id, seen.fingerprint, actor=DESK)
    return importing.queries.get_import(session, seen.id)
