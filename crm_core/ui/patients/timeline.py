"""What happened to a patient's record, as sentences."""

from collections.abc import Sequence
from typing import Any

from crm_core.insights.schemas import Happening
from crm_core.insights.timelines import history_of
from crm_core.loyalty.schemas import MemberRead
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, past, tables
from crm_core.ui.formatting import words
from crm_core.ui.page import load

_READ, _MERGE, _UNMERGE = "read", "merge", "unmerge"
_SAID = {
    "insert": "Registered",
    "delete": "Removed",
    "reveal": "NIN shown in full",
    "status": "A reason was given for the change of status",
    _READ: "Record opened",
}
_NAMES = {
    "nin_last4": "NIN",
    "lga": "local area",
    "merged_into_id": "merged into",
    "communication_preferences": "messages agreed to",
    "preferred_hospital_id": "preferred hospital",
    "nhis_number": "NHIS number",
}
# They say again what another field says already.
_SILENT = {"nin_hash", "nin_encrypted", "search", "consent_at", "updated_at", "version"}
_COLUMNS = {
    "When": tables.at(width=150),
    "Who": tables.text(width=130),
    "What": tables.text(width=340),
    "Why": tables.text(width=210),
}


def show(patient: MemberRead, actor: Actor) -> None:
    """The tab History: changes, the latest first; who opened the record on request."""
    readings = address_bar.switch("readings", "Also who opened the record")
    with load() as session:
        happened = history_of(session, "crm_patients", patient.id)
    _table([each for each in happened if readings or each.action != _READ])
    past.show("crm_patients", patient.id, actor)


def _table(happened: Sequence[Happening]) -> None:
    rows: list[dict[str, object]] = [
        {
            "When": each.at,
            "Who": each.who_name,
            "What": said(each),
            "Why": "" if each.action == _READ else each.why,
        }
        for each in reversed(happened)
    ]
    alt, empty = "History of the patient, the latest first", "Nothing has been changed."
    tables.show(tables.Table(rows, _COLUMNS, alt=alt, empty=empty))


def said(happening: Happening) -> str:
    """One entry in words, such as ``Status: active → inactive``."""
    if happening.action in _SAID:
        return _SAID[happening.action]
    if happening.action == _UNMERGE:
        return f"{happening.changes['parted'][1]} is a record of its own again"
    if happening.action == _MERGE:
        return f"{happening.changes['merged'][1]} was merged into this record"
    changes = [
        f"{_NAMES.get(name, name.replace('_', ' '))}: {_value(before)} → {_value(after)}"
        for name, (before, after) in happening.changes.items()
        if name not in _SILENT
    ]
    sentence = "; ".join(changes) or words(happening.action)
    return sentence[:1].upper() + sentence[1:]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(name for name, agreed in value.items() if agreed) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
