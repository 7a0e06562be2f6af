"""Columns of a table: how each kind of value is written, aligned and coloured.

Values are given as they are (``Decimal``, ``date``, aware ``datetime``, codes of states); text of
users needs no escaping in a cell.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import pyarrow as pa
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from crm_core.ui.states import colours_of, label_of

Width = Literal["small", "medium", "large"] | int | None


@dataclass(frozen=True)
class Column:
    """How a column looks, what its values are, and how they are turned into that."""

    config: Callable[[str], ColumnConfig]
    kind: pa.DataType
    convert: Callable[[object], object] = lambda value: value


def text(*, width: Width = None, pinned: bool = False) -> Column:
    """Plain text."""
    return Column(
        lambda label: st.column_config.TextColumn(label, width=width, pinned=pinned or None),
        pa.string(),
        lambda value: None if value is None else str(value),
    )


def naira(*, width: Width = None) -> Column:
    """An amount as ₦4,500,000.00, to the right."""
    return Column(
        lambda label: st.column_config.NumberColumn(label, width=width, format="₦%,.2f"),
        pa.float64(),  # all fifteen digits of an amount survive in it
        _float,
    )


def number(*, width: Width = None) -> Column:
    """A whole number with thousands apart."""
    return Column(
        lambda label: st.column_config.NumberColumn(label, width=width, format="localized"),
        pa.int64(),
    )


def on_day(*, width: Width = None) -> Column:
    """A day, as 3 Nov 2026."""
    return Column(
        lambda label: st.column_config.DateColumn(label, width=width, format="D MMM YYYY"),
        pa.date32(),
    )


def in_month(*, width: Width = None) -> Column:
    """A day of a month, as Nov 2026."""
    return Column(
        lambda label: st.column_config.DateColumn(label, width=width, format="MMM YYYY"),
        pa.date32(),
        lambda value: value.replace(day=1) if isinstance(value, date) else None,
    )


def at(*, width: Width = None) -> Column:
    """An instant on the clock of Lagos, as 3 Nov 2026, 14:05."""
    return Column(
        lambda label: st.column_config.DatetimeColumn(
            label, width=width, format="D MMM YYYY, HH:mm", timezone="Africa/Lagos"
        ),
        pa.timestamp("us", tz="UTC"),
    )


def state(codes: Iterable[str], *, width: Width = None) -> Column:
    """Coloured chips; the value is one code, or several, out of ``codes``."""
    labels = list(dict.fromkeys(label_of(str(code)) for code in codes))
    return Column(
        lambda label: st.column_config.MultiselectColumn(
            label, options=labels, color=colours_of(labels), width=width
        ),
        pa.list_(pa.string()),
        _labels,
    )


def progress(*, most: float, written: str = "%.2f", width: Width = None) -> Column:
    """A bar up to ``most``, with the number beside it."""
    return Column(
        lambda label: st.column_config.ProgressColumn(
            label, min_value=0, max_value=most, format=written, width=width
        ),
        pa.float64(),
        _float,
    )


def sparkline(*, width: Width = None) -> Column:
    """A small area from a list of numbers."""
    return Column(
        lambda label: st.column_config.AreaChartColumn(label, width=width), pa.list_(pa.float64())
    )


def _float(value: object) -> object:
    return None if value is None or value == "" else float(Decimal(str(value)))


def _labels(value: object) -> object:
    if isinstance(value, str):
        return [label_of(value)] if value else []
    return [label_of(str(code)) for code in value] if isinstance(value, Iterable) else []
