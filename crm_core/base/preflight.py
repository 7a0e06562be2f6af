"""Preflight and proof: how every bulk act works.

A *plan* says what would happen to each record and writes nothing. Its fingerprint carries a
short digest a record, so that the *commit*, which locks the rows and plans again, can refuse
exactly those that changed since the person looked. A *receipt* is the proof that stays.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, Invalid
from crm_core.base.models import StoredReceipt
from crm_core.base.paging import PageRequest
from crm_core.base.read import Listing, Order, Read, ReadOne

DIGEST = 6  # bytes a record: eight characters, a chance of 1 in 2^48 to miss a change
MOST = 5000
"""So many records at once; more is no longer looked at, only clicked away."""


class Verdict(BaseModel):
    """What a bulk act would do with one record: ``code`` is for programs, ``reason`` for people."""

    model_config = ConfigDict(frozen=True)

    id: int
    label: str
    ok: bool
    code: str
    reason: str
    state: str = Field("", exclude=True)
    """Everything the verdict rests on; a change of it is a change since the person looked."""


class Plan(BaseModel):
    """One verdict a record, and the totals that a person decides on."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    verdicts: list[Verdict]
    totals: dict[str, str]

    @property
    def accepted(self) -> list[int]:
        """The ids that would change."""
        return [verdict.id for verdict in self.verdicts if verdict.ok]


class Receipt(BaseModel):
    """What the API answers to a commit."""

    model_config = ConfigDict(frozen=True)

    receipt_id: int
    changed: int
    refused: list[Verdict]


class Change(BaseModel):
    """One record that a bulk act changed: enough to show it and to undo it."""

    model_config = ConfigDict(frozen=True)

    id: int
    label: str
    before: str
    after: str
    amount: str = ""


class ReceiptRead(BaseModel):
    """A receipt as its page shows it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    kind: str
    title: str
    who: str
    who_name: str
    fingerprint: str
    changed: list[Change]
    refused: list[Verdict]
    totals: dict[str, str]
    created_at: datetime
    undone_at: datetime | None
    undone_by: str | None


class ReceiptSummary(BaseModel):
    """A receipt in a list."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    kind: str
    title: str
    who_name: str
    changed: int
    refused: int
    created_at: datetime
    undone_at: datetime | None


class ReceiptFilter(PageRequest):
    """Receipts by kind and by who made them."""

    kind: str | None = None
    who: str | None = None


@dataclass(frozen=True)
class Done:
    """What a commit did, ready to be stored."""

    kind: str
    title: str
    changed: Sequence[Change]
    refused: Sequence[Verdict]
    totals: Mapping[str, str]


def make_plan(verdicts: Sequence[Verdict], totals: Mapping[str, str | int | Decimal]) -> Plan:
    """A plan whose fingerprint tells later which of its records changed."""
    ordered = sorted(verdicts, key=lambda verdict: verdict.id)
    packed = b"".join(_digest(verdict) for verdict in ordered)
    fingerprint = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return Plan(
        fingerprint=fingerprint,
        verdicts=list(verdicts),
        totals={name: str(total) for name, total in totals.items()},
    )


def check_ids(ids: Sequence[int]) -> list[int]:
    """The ids of a bulk act in locking order; ``Invalid`` where there are none or too many."""
    wanted = sorted(set(ids))
    if not wanted:
        raise Invalid.field("ids", "Choose at least one record.")
    if len(wanted) > MOST:
        raise Invalid.field("ids", f"Choose at most {MOST:,} records at once.")
    return wanted


def compare(shown: str, now: Plan) -> list[Verdict]:
    """The verdicts of the new plan; those that differ from what was shown become refusals.

    Args:
        shown: fingerprint of the plan that the person saw, for the same ids.
        now: the plan made again under lock.
    """
    ordered = sorted(now.verdicts, key=lambda verdict: verdict.id)
    digests = _unpack(shown)
    if len(digests) != len(ordered):
        raise Conflict(_OTHER_RECORDS)
    return [
        verdict if _digest(verdict) == digest else _changed(verdict)
        for verdict, digest in zip(ordered, digests, strict=True)
    ]


def compare_found(shown: str, now: Plan) -> list[Verdict]:
    """Like ``compare``, where the records are found anew and not chosen by the person.

    One that came since is a refusal like one that changed; those that went are one refusal.
    """
    digests = _unpack(shown)
    verdicts = [
        verdict if _digest(verdict) in digests else _changed(verdict) for verdict in now.verdicts
    ]
    gone = len(digests) - len(verdicts)
    reason = f"{gone} of those shown changed since you looked: they are not there any more."
    left = Verdict(id=0, label="No longer there", ok=False, code="changed", reason=reason)
    return [*verdicts, left] if gone > 0 else verdicts


def store_receipt(
    session: Session, done: Done, *, who: str, who_name: str, fingerprint: str
) -> Receipt:
    """Keeps the proof of a bulk act in the act's own transaction."""
    stored = StoredReceipt(
        kind=done.kind,
        title=done.title,
        who=who,
        who_name=who_name,
        fingerprint=fingerprint,
        changed=[change.model_dump() for change in done.changed],
        refused=[verdict.model_dump() for verdict in done.refused],
        totals=dict(done.totals),
    )
    session.add(stored)
    session.flush()
    return Receipt(receipt_id=stored.id, changed=len(done.changed), refused=list(done.refused))


def get_receipt(session: Session, receipt_id: int) -> ReceiptRead:
    """One receipt with everything it lists."""
    return _RECEIPT.one(session, receipt_id)


def find_receipt(receipt_id: int) -> ReadOne:
    """The same for the API, as text."""
    return _RECEIPT.find(receipt_id)


def list_receipts(filters: ReceiptFilter) -> Read[ReceiptSummary]:
    """Receipts, newest first."""
    return _RECEIPTS.read(filters)


def mark_undone(session: Session, receipt_id: int, *, who: str) -> None:
    """Notes that a receipt was undone; ``Conflict`` where somebody was first."""
    undone = session.execute(
        update(StoredReceipt)
        .where(StoredReceipt.id == receipt_id, StoredReceipt.undone_at.is_(None))
        .values(undone_at=func.now(), undone_by=who)
        .returning(StoredReceipt.id)
    ).first()
    if undone is None:
        raise Conflict("This was undone already.")


def _digest(verdict: Verdict) -> bytes:
    parts = (str(verdict.id), str(verdict.ok), verdict.code, verdict.state)
    return hashlib.sha256("\0".join(parts).encode()).digest()[:DIGEST]


_OTHER_RECORDS = "This plan is not of these records: look at them again."


def _unpack(fingerprint: str) -> list[bytes]:
    try:
        packed = base64.urlsafe_b64decode(fingerprint + "=" * (-len(fingerprint) % 4))
    except ValueError as error:
        raise Conflict(_OTHER_RECORDS) from error
    if len(packed) % DIGEST:
        raise Conflict(_OTHER_RECORDS)
    return [packed[start : start + DIGEST] for start in range(0, len(packed), DIGEST)]


def _changed(verdict: Verdict) -> Verdict:
    return verdict.model_copy(
        update={
            "ok": False,
            "code": "changed",
            "reason": "It changed since you looked: look at it again.",
        }
    )


_NEWEST = {"newest": Order([StoredReceipt.id])}

_RECEIPT = Listing(
    schema=ReceiptRead,
    statement=select(
        *(getattr(StoredReceipt, name) for name in ReceiptRead.model_fields),
    ),
    filters={},
    orders=_NEWEST,
    key=StoredReceipt.id,
    noun="Receipt",
)

_RECEIPTS = Listing(
    schema=ReceiptSummary,
    statement=select(
        StoredReceipt.id,
        StoredReceipt.kind,
        StoredReceipt.title,
        StoredReceipt.who_name,
        func.jsonb_array_length(StoredReceipt.changed).label("changed"),
        func.jsonb_array_length(StoredReceipt.refused).label("refused"),
        StoredReceipt.created_at,
        StoredReceipt.undone_at,
    ),
    filters={
        "kind": StoredReceipt.kind == bindparam("kind"),
        "who": StoredReceipt.who == bindparam("who"),
    },
    orders=_NEWEST,
    key=StoredReceipt.id,
    noun="Receipt",
)
