"""A bank's statement as CSV: which of our payments it says were made.

Banks name their columns differently, and the payment reference often stands inside a longer
narration; so it is looked for by its own shape, in every cell.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pydantic import ValidationError

from crm_core.base.errors import Invalid
from crm_core.base.preflight import MOST
from crm_core.payouts.schemas import PaymentLine

LARGEST = 5_000_000  # bytes; a year of payouts of a large group stays far below
_OURS = re.compile(r"crm-[0-9a-f]{32}", re.IGNORECASE)
_AMOUNT = ("amount", "debit", "debit amount", "withdrawal", "withdrawals", "value")
_REFERENCE = (
    "bank reference",
    "bank_reference",
    "transaction reference",
    "transaction id",
    "session id",
    "reference",
    "ref",
)


@dataclass(frozen=True)
class Statement:
    """What was found: payments of ours, and a sentence for each line that looks like one."""

    lines: list[PaymentLine]
    refused: list[str]


def parse_statement(content: bytes) -> Statement:
    """Reads a statement; lines without a reference of ours are other people's and left out.

    Raises:
        Invalid: not CSV, too large, without a header, or without any payment of ours.
    """
    rows = _rows(content)
    header = [cell.strip().lower() for cell in next(rows, [])]
    amount, reference = _column(header, _AMOUNT), _column(header, _REFERENCE)
    if amount is None or reference is None:
        raise Invalid.field(
            "file",
            "The first line must name the columns, among them “Amount” (or “Debit”) and"
            " “Bank reference” (or “Transaction reference”).",
        )
    return _collected(rows, amount, reference)


def _collected(rows: Iterator[list[str]], amount: int, reference: int) -> Statement:
    lines: list[PaymentLine] = []
    refused: list[str] = []
    for number, row in enumerate(rows, start=2):
        ours = next((found[0] for cell in row if (found := _OURS.search(cell))), None)
        if ours is None:
            continue
        try:
            lines.append(_line(row, ours, amount, reference))
        except (ValueError, IndexError) as error:
            refused.append(f"Line {number}: {_sentence(error)}")
    if len(lines) > MOST:
        raise Invalid.field("file", f"Split the statement: more than {MOST:,} payments in one.")
    if not lines and not refused:
        raise Invalid.field("file", "No line of this statement has a payment reference of ours.")
    return Statement(lines, refused)


def _rows(content: bytes) -> Iterator[list[str]]:
    if len(content) > LARGEST:
        raise Invalid.field("file", "The statement is larger than 5 MB: split it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid.field("file", "The file is not UTF-8 text: save it as CSV UTF-8.") from error
    if "\0" in text:
        raise Invalid.field("file", "The file is not text: export the statement as CSV.")
    delimiter = (
        ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    )
    return _read(text, delimiter)


def _read(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise Invalid.field("file", f"The file is not readable as CSV: {error}.") from error


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _line(row: Sequence[str], ours: str, amount: int, reference: int) -> PaymentLine:
    # A bank that puts our reference into its own column has no other: then it stands for both.
    bank_reference = row[reference].strip() or ours
    return PaymentLine(
        payment_reference=ours.lower(),
        bank_reference=bank_reference,
        amount=_naira(row[amount]),
    )


def _naira(cell: str) -> Decimal:
    plain = re.sub(r"[₦,\s]|NGN", "", cell).lstrip("-")
    try:
        return Decimal(plain)
    except InvalidOperation as error:
        raise ValueError(f"“{cell[:30]}” is no amount.") from error


def _sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "the bank's reference or the amount is not usable."
    return "it has too few columns." if isinstance(error, IndexError) else str(error)
