"""The words of merges."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from crm_core.base.words import Reason, RecordId

Fingerprint = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Merge(BaseModel):
    """Which record stays, and which goes: its code then leads to the one that stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stays_id: RecordId
    gone_id: RecordId


class MergeCommit(Merge):
    """The same with the fingerprint of what was looked at, and how it is known to be one person."""

    fingerprint: Fingerprint
    reason: Reason


class MergeUndo(BaseModel):
    """A merge by its receipt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    receipt_id: RecordId


class MergeUndoCommit(MergeUndo):
    """The same with the fingerprint of what was looked at."""

    fingerprint: Fingerprint
