"""The words of imports."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from crm_core.base.clock import Instant
from crm_core.base.paging import PageRequest
from crm_core.base.words import RecordId


class ImportState(StrEnum):
    """A file that was looked at changes nothing before it is committed.

    Large files are read, committed and undone by the worker, which takes a minute or several.
    """

    READING = "reading"
    FAILED = "failed"
    PLANNED = "planned"
    COMMITTING = "committing"
    COMMITTED = "committed"
    UNDOING = "undoing"
    UNDONE = "undone"
    FORGOTTEN = "forgotten"

    def can_become(self, other: "ImportState") -> bool:
        """Whether an import goes from here to there in one step."""
        return other in TRANSITIONS[self]


_S = ImportState

TRANSITIONS: dict[ImportState, frozenset[ImportState]] = {
    _S.READING: frozenset({_S.PLANNED, _S.FAILED, _S.FORGOTTEN}),
    _S.FAILED: frozenset({_S.FORGOTTEN}),
    _S.PLANNED: frozenset({_S.COMMITTING, _S.COMMITTED, _S.FORGOTTEN}),
    # Back to planned: what the worker was asked for came to nothing.
    _S.COMMITTING: frozenset({_S.COMMITTED, _S.PLANNED}),
    _S.COMMITTED: frozenset({_S.UNDOING, _S.UNDONE}),
    _S.UNDOING: frozenset({_S.UNDONE, _S.COMMITTED}),
    _S.UNDONE: frozenset(),
    _S.FORGOTTEN: frozenset(),
}

GIVEN_UP: dict[ImportState, ImportState] = {
    _S.READING: _S.FAILED,
    _S.COMMITTING: _S.PLANNED,
    _S.UNDOING: _S.COMMITTED,
}
"""What an import is that the worker carries → what it is again where that came to nothing."""


class RowVerdict(StrEnum):
    """Before the commit ok, refused or duplicate; afterwards what became of the ok ones."""

    OK = "ok"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    IMPORTED = "imported"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    KEPT = "kept"


NOT_IMPORTED = (RowVerdict.REFUSED, RowVerdict.DUPLICATE, RowVerdict.CHANGED)
"""These go into the file of the refused ones, to be corrected and given again."""


class ImportRead(BaseModel):
    """An import with its totals; `fingerprint` goes back with the commit."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    file_name: str
    state: ImportState
    mapping: dict[str, str] = Field(description="A patient's field → the file's column")
    ignored: list[str] = Field(description="Columns of the file that are not imported")
    fingerprint: str
    row_count: int
    ok_count: int
    refused_count: int
    duplicate_count: int
    imported_count: int
    changed_count: int
    withdrawn_count: int
    problem: str = Field(description="Why the last attempt came to nothing, if it did")
    percent: int | None = Field(description="How far the worker has come, where it is at work")
    receipt_id: int | None
    who: str
    who_name: str
    created_at: Instant
    committed_at: Instant | None
    undone_at: Instant | None

    @property
    def under_way(self) -> bool:
        """Whether the worker is at work on it, or will be."""
        return self.state in GIVEN_UP

    @property
    def left_out(self) -> int:
        """How many lines were not imported, or would not be."""
        return self.refused_count + self.duplicate_count + self.changed_count


class ImportRowRead(BaseModel):
    """A line's verdict; `reason` says what to do, `label` who it is, without any number."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    line: int
    verdict: RowVerdict
    code: str
    reason: str
    label: str
    patient_id: int | None
    patient_code: str | None


class ImportFilter(PageRequest):
    """Imports, newest first."""

    state: ImportState | None = None


class RowFilter(PageRequest):
    """The lines of an import, in the file's order."""

    verdict: RowVerdict | None = None


class ImportRowFilter(RowFilter):
    """The same, of one import."""

    import_id: RecordId


class ImportCommit(BaseModel):
    """The fingerprint of what was looked at."""

    model_config = ConfigDict(extra="forbid")

    fingerprint: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class UndoPlan(BaseModel):
    """What undoing an import would do: unused patients are withdrawn, used ones stay."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    withdrawn: int
    kept: int
    points: int
