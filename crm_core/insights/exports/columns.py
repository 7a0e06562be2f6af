"""A column of a file: its SQL, its type, and what it means."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ColumnDoc:
    """A column with its SQL, its type in Parquet, and what it means.

    ``typed``: people wrote it, so that it may look like a formula.
    """

    name: str
    expression: Any
    kind: str
    meaning: str
    identifier: bool = False
    typed: bool = False
