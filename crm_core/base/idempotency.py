"""Writes that are done once however often they are asked for.

A key is claimed in the transaction of the write itself: whoever comes second waits on the
unique index until the first has committed, and then gets the first answer again.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict
from crm_core.base.models import IdempotencyKey

KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Answer:
    """What the first request was answered; ``status`` is None for a click on a page."""

    status: int | None
    body: str | None


def claim(session: Session, key: str, *, who: str, request_hash: bytes) -> Answer | None:
    """None where the write is ours to do, else what it gave the first time.

    Raises:
        Conflict: the key was used for another request.
    """
    claimed = session.execute(
        insert(IdempotencyKey)
        .values(who=who, key=key, request_hash=request_hash)
        .on_conflict_do_nothing(index_elements=["who", "key"])
        .returning(IdempotencyKey.id)
    ).scalar()
    return None if claimed is not None else _first_answer(session, key, who, request_hash)


def answer(session: Session, key: str, *, who: str, given: Answer) -> None:
    """Keeps the answer beside the key, in the write's own transaction."""
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.who == who, IdempotencyKey.key == key)
        .values(status=given.status, answer=given.body)
    )


def forget_old(session: Session) -> int:
    """Removes keys older than a day; gives how many."""
    old = delete(IdempotencyKey).where(IdempotencyKey.created_at < utc_now() - KEPT)
    return len(session.execute(old.returning(IdempotencyKey.id)).all())


def _first_answer(session: Session, key: str, who: str, request_hash: bytes) -> Answer:
    first = session.execute(
        select(IdempotencyKey).where(IdempotencyKey.who == who, IdempotencyKey.key == key)
    ).scalar_one()
    if first.request_hash != request_hash:
        raise Conflict("This Idempotency-Key was used for another request: take a new one.")
    return Answer(first.status, first.answer)
