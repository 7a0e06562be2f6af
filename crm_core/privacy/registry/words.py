"""What the registry of erasure says of a column: how it is erased, or why it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Erased:
    """The column becomes what this SQL gives; ``{column}`` is the column itself."""

    becomes: str


@dataclass(frozen=True)
class Kept:
    """The column stays, and this is why."""

    why: str


Fate = Erased | Kept


@dataclass(frozen=True)
class Held:
    """A table that holds something of a person.

    Attributes:
        table: its name.
        where: which of its rows are of the person; see ``erasing.Person`` for what is bound.
        fates: every column of it, and what becomes of it.
    """

    table: str
    where: str
    fates: Mapping[str, Fate]

    @property
    def statement(self) -> str:
        """The one UPDATE that erases, or an empty text where all of it is kept."""
        sets = [
            f"{column} = {fate.becomes.replace('{column}', column)}"
            for column, fate in self.fates.items()
            if isinstance(fate, Erased)
        ]
        # Put together from the constants of this folder.
        return f"UPDATE {self.table} SET {', '.join(sets)} WHERE {self.where}" if sets else ""  # noqa: S608


NOTHING = Erased("NULL")
EMPTY = Erased("''")
WORDS = Erased(
    "CASE WHEN {column} IS NOT NULL AND {column} <> '' THEN '[erased]' ELSE {column} END"
)
"""Where there were words it is seen that there were some."""


def all_of(fate: Fate, columns: str) -> dict[str, Fate]:
    """The same for several columns, given as words."""
    return dict.fromkeys(columns.split(), fate)


CARE = "the fact of care: what happened, when and where, without the person"
MONEY = "points are money owed: the ledger and its sums stay whole"
PSEUDONYM = "a number that leads to nothing but the erased record"
STATISTICS = "counted in figures, and says nothing of one person"
CLOCK = "when something happened"
STAFF = "a member of staff's doing, not the person's"
STATE = "where it stands"
"""Reasons that come again and again."""
