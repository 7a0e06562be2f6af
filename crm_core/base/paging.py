"""What every list takes and gives: pages by number, cursors for any depth."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from crm_core.base.errors import Invalid

Row = TypeVar("Row", bound=BaseModel)

EXACT = 1000
"""Totals are counted up to here; beyond it they are the planner's estimate, and say so."""


class PageRequest(BaseModel):
    """Base of every filter: ``None`` means "not filtered by this"."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    page: int = Field(1, ge=1, le=100_000, description="From 1; use `cursor` to go deep")
    limit: int = Field(20, ge=1, le=100, description="Rows a page")
    cursor: str | None = Field(
        None, max_length=2000, description="`pagination.next_cursor` of the page before"
    )

    @model_validator(mode="before")
    @classmethod
    def empty_means_any(cls, given: object) -> object:
        """A form that is sent with nothing chosen says `status=&search=`."""
        if not isinstance(given, Mapping):
            return given
        return {name: value for name, value in given.items() if value not in ("", [""])}


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list. ``estimated`` says that ``total`` is not exact."""

    rows: Sequence[Row]
    total: int
    estimated: bool
    page: int
    limit: int
    next_cursor: str | None

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.limit))


def encode_cursor(order: str, keys: Sequence[str]) -> str:
    """Where a row lies in this order, as text for a URL."""
    key = json.dumps([order, *keys], ensure_ascii=False)  # spaced as PostgreSQL spaces it
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, order: str, kinds: Sequence[type]) -> list[str]:
    """The key of the last row seen, as PostgreSQL wrote it, with one part for each kind of column.

    Raises:
        Invalid: the cursor is of another list or order, or was made up.
    """
    wrong = Invalid.field("cursor", "This cursor is not of this list: start again without it.")
    try:
        name, *key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fits = all(_fits(part, kind) for part, kind in zip(key, kinds, strict=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise wrong from error
    if name != order or not fits:
        raise wrong
    return [str(part) for part in key]


_FORMS: dict[type, re.Pattern[str]] = {
    int: re.compile(r"-?[0-9]{1,18}"),
    Decimal: re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,10})?"),
    date: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    datetime: re.compile(r"[0-9-]{10} [0-9:]{8}(\.[0-9]{1,6})?[+-][0-9:]{2,5}"),
    str: re.compile(r"[^\0]*"),
}


def _fits(part: object, kind: type) -> bool:
    """Whether PostgreSQL can read this part back: a made-up one must not become its error."""
    if not isinstance(part, str) or not _FORMS[kind].fullmatch(part):
        return False
    if issubclass(kind, date):
        kind.fromisoformat(part)
    return True
