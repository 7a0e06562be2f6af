"""The history: who changed what, when and why; append-only and tamper-evident.

Triggers write it (see the migrations), also for plain SQL. A job *seals* what is committed:
each seal keeps the hash of every row it covers, chained to the seal before, so that a row
altered, removed or slipped in later is found, and named. The hash covers a salted digest of what
the row held, which an erasure may empty: the digest stays, the salt goes, and the seal still fits.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, String, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import UserDefinedType

from crm_core.base.db import Base

GENESIS = bytes(32)


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "xid8"


class History(Base):
    """One change of one row, or one reading worth recording.

    Attributes:
        images_hash: what is left of ``why``, ``before`` and ``after`` once they were erased.
        erasure_id: the erasure that emptied them.
    """

    __tablename__ = "crm_history"
    __table_args__ = (
        Index("ix_crm_history_record", "table_name", "record_id", "id"),
        Index("ix_crm_history_who", "who", "id"),
        Index("ix_crm_history_xact", "xact", "id"),
        Index("ix_crm_history_at", "at"),
        # What is not an everyday change is rare, and would else be looked for row by row.
        Index(
            "ix_crm_history_action",
            "action",
            "id",
            postgresql_where=text("action NOT IN ('insert', 'update')"),
        ),
        Index(
            "ix_crm_history_erasure_id",
            "erasure_id",
            postgresql_where=text("erasure_id IS NOT NULL"),
        ),
    )

    xact: Mapped[str] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))
    at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp()
    )
    who: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(Text)
    table_name: Mapped[str] = mapped_column(Text)
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    salt: Mapped[uuid.UUID | None] = mapped_column(server_default=text("gen_random_uuid()"))
    images_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    erasure_id: Mapped[int | None] = mapped_column(BigInteger)


class HistorySeal(Base):
    """The hashes of the rows committed since the seal before, chained to it."""

    __tablename__ = "crm_history_seals"

    from_xact: Mapped[str] = mapped_column(Xid8())
    to_xact: Mapped[str] = mapped_column(Xid8())
    after_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    row_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    row_hashes: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp()
    )


@dataclass(frozen=True)
class Seal:
    """What a sealing run covered; ``head`` is the chain's last hash, in hex."""

    rows: int
    head: str


def note(
    session: Session, action: str, table: str, record_id: int | None, detail: dict[str, Any]
) -> None:
    """Records something that is no change: a reading of a bank record, an export, a sign-in."""
    session.execute(
        _NOTE, {"action": action, "table": table, "id": record_id, "detail": json.dumps(detail)}
    )


def seal(session: Session) -> Seal:
    """Seals every row whose transaction has ended; concurrent runs wait for each other."""
    rows, head = session.execute(text("SELECT rows, head FROM crm_history_seal()")).one()
    return Seal(rows, head)


def restart_chain(session: Session) -> None:
    """After a restore, where transaction ids began anew: continues from the last hash."""
    session.execute(text("SELECT crm_history_restart()"))


def broken(session: Session) -> Iterator[str]:
    """Sentences about the chain's faults, the first broken row first; none where it is whole."""
    previous = GENESIS
    for found in session.execute(_SEALS).mappings():
        yield from _broken_rows(dict(found))
        if bytes(found["previous"]) != previous or _seal_hash(dict(found)) != bytes(found["hash"]):
            yield f"history seal {found['id']} does not follow from the seal before it"
        previous = bytes(found["hash"])
    for row_id in session.execute(_SLIPPED_IN).scalars():
        yield f"history row {row_id} was slipped in behind the seals"
    for row_id in session.execute(_EMPTIED).scalars():
        yield f"history row {row_id} was emptied, and no erasure says so"


def _broken_rows(found: dict[str, Any]) -> Iterator[str]:
    present = dict(zip(found["present_ids"] or [], found["present_hashes"] or [], strict=True))
    sealed = bytes(found["row_hashes"])
    for position, row_id in enumerate(found["row_ids"]):
        if row_id not in present:
            yield f"history row {row_id} (seal {found['id']}) was removed"
        elif bytes(present[row_id]) != sealed[position * 32 : position * 32 + 32]:
            yield f"history row {row_id} (seal {found['id']}) was altered"


def _seal_hash(found: dict[str, Any]) -> bytes:
    ids = ",".join(str(row_id) for row_id in found["row_ids"]).encode()
    rows = hashlib.sha256(bytes(found["row_hashes"]) + ids).digest()
    count = str(len(found["row_ids"])).encode()
    return hashlib.sha256(bytes(found["previous"]) + rows + count).digest()


_NOTE = text("SELECT crm_history_note(:action, :table, :id, CAST(:detail AS jsonb))")
_SEALS = text(
    """
    SELECT s.id, s.row_ids, s.row_hashes, s.previous, s.hash, r.present_ids, r.present_hashes
    FROM crm_history_seals s
    CROSS JOIN LATERAL (
        SELECT array_agg(h.id) AS present_ids, array_agg(crm_history_hash(h)) AS present_hashes
        FROM crm_history h WHERE h.id = ANY(s.row_ids)
    ) r
    ORDER BY s.id
    """
)
_SLIPPED_IN = text(
    """
    WITH last AS (SELECT to_xact, after_id FROM crm_history_seals ORDER BY id DESC LIMIT 1),
         sealed AS (SELECT unnest(row_ids) AS id FROM crm_history_seals)
    SELECT h.id FROM crm_history h, last
    WHERE (h.xact < last.to_xact OR h.id <= last.after_id)
      AND NOT EXISTS (SELECT FROM sealed WHERE sealed.id = h.id)
    ORDER BY h.id
    """
)
_EMPTIED = text(
    """
    WITH told AS (
        SELECT record_id AS erasure_id, jsonb_array_elements_text(after -> 'rows')::bigint AS id
        FROM crm_history WHERE table_name = 'crm_erasures' AND action = 'forget'
    )
    SELECT h.id FROM crm_history h
    WHERE h.erasure_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM told WHERE told.id = h.id AND told.erasure_id = h.erasure_id)
    ORDER BY h.id
    """
)
