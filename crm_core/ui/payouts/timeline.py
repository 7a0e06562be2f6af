"""What happened to a payout, as sentences."""

from collections.abc import Sequence
from typing import Any

from crm_core.insights.schemas import Happening
from crm_core.ui import tables
from crm_core.ui.formatting import words

_SAID = {"insert": "Made", "delete": "Removed", "reveal": "Account number shown", "note": "Noted"}
_NAMES = {
    "gross_revenue": "gross",
    "net_amount": "net",
    "account_last4": "account",
    "approved_by": "approver",
    "file_id": "bank file",
}
# They say again what the state says already.
_SILENT = {"approved_at", "paid_at", "approved_by", "approvals_needed", "account_hash"}


def show(happenings: Sequence[Happening]) -> None:
    """The latest first: what, who, when and why."""
    shown = [
        {
            "When": each.at,
            "Who": each.who_name,
            "What": said(each),
            "Why": each.why,
        }
        for each in reversed(happenings)
    ]
    columns = {
        "When": tables.at(width=150),
        "Who": tables.text(width=150),
        "What": tables.text(width="large"),
        "Why": tables.text(width="large"),
    }
    tables.show(tables.Table(shown, columns, alt="History of the payout", empty="No history."))


def said(happening: Happening) -> str:
    """One entry in words, such as ``Pending → approved``."""
    if happening.action in _SAID:
        return _SAID[happening.action]
    changes = [
        _change(name, *ends) for name, ends in happening.changes.items() if name not in _SILENT
    ]
    return "; ".join(changes) or words(happening.action)


def _change(name: str, before: Any, after: Any) -> str:
    if name == "status":
        return f"{words(str(before))} → {after}"
    called = _NAMES.get(name, name.replace("_", " "))
    return f"{called}: {_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    return "none" if value is None else str(value)
