"""The fields of a record then and now: amounts, instants and masked numbers as they are told."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.insights.schemas import FieldThen

_MASKS = {"nin_last4": "*******", "account_last4": "******"}


def fields_of(
    session: Session, table_name: str, then: Mapping[str, Any], now: Mapping[str, Any]
) -> list[FieldThen]:
    """Every field of either, by name, with what differs first."""
    kinds = {name: _kind(name, kind) for name, kind in session.execute(_TYPES, {"t": table_name})}
    told = [_field(name, kinds.get(name, "text"), then, now) for name in sorted({*then, *now})]
    return sorted(told, key=lambda each: not each.differs)


def _field(name: str, kind: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> FieldThen:
    before, after = _told(kind, then.get(name)), _told(kind, now.get(name))
    differs = before != after
    if name in _MASKS:
        before, after = _masked(name, before), _masked(name, after)
    return FieldThen(name=name, kind=kind, then=before, now=after, differs=differs)


def _kind(name: str, written: str) -> str:
    if name.endswith("_kobo"):
        return "kobo"
    return _KINDS.get(written, "text")


def _told(kind: str, value: Any) -> Any:
    return value if value is None or kind not in _TELL else _TELL[kind](value)


def _masked(name: str, value: Any) -> Any:
    return value and f"{_MASKS[name]}{value}"


def _utc(written: str) -> str:
    """The same instant always reads the same, whatever the zone of the session that wrote it."""
    return datetime.fromisoformat(written).astimezone(UTC).isoformat().replace("+00:00", "Z")


_TELL: Mapping[str, Callable[[Any], Any]] = {
    "money": lambda amount: f"{Decimal(str(amount)):.2f}",
    "kobo": lambda kobo: f"{Decimal(kobo) / 100:.2f}",
    "instant": _utc,
}
_KINDS = {
    "numeric(15,2)": "money",
    "numeric(18,2)": "money",
    "timestamp with time zone": "instant",
    "date": "day",
    "boolean": "flag",
}
_TYPES = text(
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
    " WHERE attrelid = to_regclass('public.' || quote_ident(:t)) AND attnum > 0"
)
