"""Where something is: at one hospital, at those of a state, or anywhere in the group."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute

from crm_core.hospitals.models import Hospital


@dataclass(frozen=True)
class Where:
    """A hospital, a state, a hospital if it is in that state, or neither: the whole group."""

    hospital_id: int | None = None
    state: str | None = None

    @property
    def everywhere(self) -> bool:
        """What belongs to no hospital counts, too."""
        return self.hospital_id is None and self.state is None

    @property
    def values(self) -> dict[str, int | str | None]:
        """What ``THOSE`` and ``within`` bind."""
        return {"hospital_id": self.hospital_id, "state": self.state}


ANYWHERE = Where()

THOSE = """ARRAY(SELECT id FROM crm_hospitals
        WHERE id = coalesce(CAST(:hospital_id AS bigint), id)
          AND state = coalesce(CAST(:state AS text), state))"""
"""The hospitals of a ``Where`` in SQL: an array, which an index on the hospital can use."""


def within(column: str) -> str:
    """The condition that a column of SQL, which names a hospital, lies there."""
    return (
        "(CAST(:hospital_id AS bigint) IS NULL AND CAST(:state AS text) IS NULL"
        f" OR {column} = ANY({THOSE}))"
    )


def in_state(
    column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
) -> ColumnElement[bool]:
    """The filter of a list by the state of its hospital, which binds ``state``."""
    found = select(Hospital.id).where(Hospital.state == bindparam("state", type_=String))
    return column == func.any(func.array(found.scalar_subquery()))
