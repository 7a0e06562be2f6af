"""Signs of life: each worker writes when it was last seen, for ``/ready`` and for people."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base.models import WorkerBeat

EVERY = timedelta(seconds=10)
LATE = timedelta(seconds=60)
"""A worker that was not seen for so long is taken for dead."""


def beat(session: Session, name: str) -> None:
    """Notes that the worker of this name is alive."""
    statement = insert(WorkerBeat).values(name=name, seen_at=func.now())
    session.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"seen_at": func.now()})
    )


def leave(session: Session, name: str) -> None:
    """Forgets a worker that stops in good order."""
    session.execute(delete(WorkerBeat).where(WorkerBeat.name == name))


def forget_dead(session: Session) -> int:
    """Forgets workers that were not seen for a day; gives how many."""
    dead = delete(WorkerBeat).where(WorkerBeat.seen_at < func.now() - timedelta(days=1))
    return len(session.execute(dead.returning(WorkerBeat.id)).all())


def last_seen(session: Session) -> datetime | None:
    """When any worker was last seen; None where none ever was."""
    return session.scalar(select(func.max(WorkerBeat.seen_at)))


def is_alive(session: Session) -> bool:
    """Whether some worker was seen lately."""
    return bool(session.scalar(select(func.max(WorkerBeat.seen_at) > func.now() - LATE)))
