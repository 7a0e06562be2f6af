"""A record of the file as a patient, or the sentences that say why it is none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from pydantic import ValidationError

from crm_core.base import crypto
from crm_core.base.validation import problems_of
from crm_core.loyalty.importing.columns import TARGETS
from crm_core.loyalty.importing.reading import Record
from crm_core.patients.schemas import PatientCreate

SOURCE = "import"
"""Where consent came from, unless the file has a column that says it."""

_LISTS = {"allergies", "chronic_conditions"}
_SEXES = {"m": "male", "man": "male", "f": "female", "woman": "female", "o": "other"}
_DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y")
_HOSPITAL = "preferred_hospital_id"


@dataclass(frozen=True)
class Checked:
    """A line with its verdict by itself: ``data`` where it is a patient, else ``reason``."""

    line: int
    cells: bytes
    label: str
    data: PatientCreate | None
    reason: str = ""


@dataclass(frozen=True)
class Reader:
    """How this file's cells become a patient's fields."""

    header: Sequence[str]
    mapping: Mapping[str, str]
    hospitals: Mapping[str, int]

    def check(self, record: Record) -> Checked:
        """The line as a patient, or why it is none."""
        cells = crypto.encrypt(orjson.dumps(record.cells).decode())
        if len(record.cells) != len(self.header):
            reason = (
                f"This line has {len(record.cells)} cells, the header has {len(self.header)}:"
                " look for a separator too many or too few."
            )
            return Checked(record.line, cells, "", None, reason)
        values = self._values(record.cells)
        label = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()[:200]
        try:
            data = PatientCreate.model_validate(values)
        except ValidationError as error:
            return Checked(record.line, cells, label.replace("\0", ""), None, self._why(error))
        return Checked(record.line, cells, label, data)

    def _values(self, cells: Sequence[str]) -> dict[str, Any]:
        given = dict(zip(self.header, map(_said, cells), strict=True))
        values: dict[str, Any] = {"consent_source": SOURCE}
        for field, column in self.mapping.items():
            text = given[column]
            if text:
                _put(values, field, self._value(field, text))
        return values

    def _value(self, field: str, text: str) -> object:
        if field == "date_of_birth":
            return _day(text)
        if field == "gender":
            return _SEXES.get(text.lower(), text.lower())
        if field == "genotype":
            return text.upper()
        if field in _LISTS:
            return [item.strip() for item in re.split(r"[;|,]", text) if item.strip()]
        if field == _HOSPITAL:
            return self.hospitals.get(text.casefold(), 0)
        return text

    def _why(self, error: ValidationError) -> str:
        return " ".join(
            self._sentence(problem.path, problem.message) for problem in problems_of(error)
        )

    def _sentence(self, path: str, message: str) -> str:
        if path == _HOSPITAL:
            message = "There is no such hospital."
        field = path if path in TARGETS else path.split(".", maxsplit=1)[0]
        if field not in TARGETS:
            return message
        return f"{self.mapping.get(field) or TARGETS[field].label}: {message}"


def hospitals_by_name(found: Sequence[tuple[int, str, str]]) -> dict[str, int]:
    """Id, code and name of each, so that a cell may hold any of the three."""
    return {key.casefold(): each[0] for each in found for key in (str(each[0]), *each[1:])}


def _put(values: dict[str, Any], field: str, value: object) -> None:
    outer, _, inner = field.partition(".")
    if inner:
        values.setdefault(outer, {})[inner] = value
    else:
        values[outer] = value


def _said(cell: str) -> str:
    """The cell, without the apostrophe that our own files put before what could be a formula."""
    text = cell.strip()
    return text[1:] if re.match(r"'[=+\-@]", text) else text


def _day(text: str) -> date | str:
    """A day as the year first or the day first; a number of a spreadsheet is no day."""
    for form in _DAYS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 # a day has no zone
        except ValueError:
            continue
    return f"not a day: {text[:20]}"
