"""Naira: always ``Decimal`` with two places, in Python and as NUMERIC(15,2) in PostgreSQL."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer

KOBO = Decimal("0.01")
LARGEST = Decimal("9999999999999.99")  # what NUMERIC(15,2) holds


def round_kobo(amount: Decimal) -> Decimal:
    """Rounds half up to the kobo, as Nigerian banks do."""
    return amount.quantize(KOBO, ROUND_HALF_UP)


def _whole_kobo(amount: Decimal) -> Decimal:
    rounded = round_kobo(amount)
    if rounded != amount:
        raise ValueError("give an amount in naira with at most two decimals")
    return rounded


Naira = Annotated[
    Decimal,
    Field(ge=0, le=LARGEST, allow_inf_nan=False),
    AfterValidator(_whole_kobo),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str, when_used="json"),
]
"""An amount that is not negative; on the wire a string such as ``"4500000.00"``."""

NairaTotal = Annotated[
    Decimal,
    Field(ge=0, allow_inf_nan=False),
    AfterValidator(_whole_kobo),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str, when_used="json"),
]
"""A sum of amounts, which may be larger than any one of them."""

Score = Annotated[
    Decimal,
    Field(ge=0, le=5, allow_inf_nan=False),
    PlainSerializer(lambda score: f"{score:.2f}", return_type=str, when_used="json"),
]
"""A satisfaction score from 0 to 5; on the wire a string such as ``"4.50"``."""


def naira(amount: Decimal) -> str:
    """For a table or a sentence: ``₦4,500,000.00``."""
    return f"-₦{-amount:,.2f}" if amount < 0 else f"₦{amount:,.2f}"


_UNITS = (
    (Decimal(10**12), "tn"),
    (Decimal(10**9), "bn"),
    (Decimal(10**6), "m"),
    (Decimal(1000), "k"),
)


def naira_short(amount: Decimal) -> str:
    """For a card: ``₦4.5m``. Rounds to one decimal and drops a trailing zero."""
    sign, size = ("-", -amount) if amount < 0 else ("", amount)
    for unit, suffix in _UNITS:
        # 999,950 rounds to 1,000.0k, which reads better as 1m.
        if size >= unit * Decimal("0.99995"):
            return f"{sign}₦{size / unit:,.1f}".removesuffix(".0") + suffix
    return f"{sign}₦{size:,.0f}"
