"""What the machine room looks at: workers, jobs that wait or failed, events not applied yet."""

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import Instant
from crm_core.base.webhooks import waiting_by_provider
from crm_core.people.schemas import Actor, Permission

MOST = 100


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class WorkerSeen(_Frozen):
    """A worker, and when it last gave a sign of life; ``late`` where that was a minute ago."""

    name: str
    seen_at: Instant
    late: bool


class JobKind(_Frozen):
    """How many jobs of a name are in a state, and since when the oldest waits."""

    name: str
    state: str
    jobs: int
    attempts: int
    last_id: int
    due_since: Instant | None


class Work(_Frozen):
    """The machine room at this moment."""

    workers: list[WorkerSeen]
    jobs: list[JobKind]
    events: dict[str, int]


def work_under_way(session: Session, *, actor: Actor) -> Work:
    """Workers, unfinished and failed jobs by name, and events of providers by provider."""
    actor.require(Permission.SETTINGS_WRITE)
    workers = session.execute(_WORKERS, {"most": MOST}).mappings()
    jobs = session.execute(_JOBS, {"most": MOST}).mappings()
    return Work(
        workers=[WorkerSeen.model_validate(dict(row)) for row in workers],
        jobs=[JobKind.model_validate(dict(row)) for row in jobs],
        events=waiting_by_provider(session),
    )


_WORKERS = text(
    """
    SELECT name, seen_at, seen_at < now() - interval '60 seconds' AS late
    FROM crm_worker_beats ORDER BY seen_at DESC, name LIMIT :most
    """
)
_JOBS = text(
    """
    SELECT task_name AS name, status::text AS state, count(*) AS jobs,
           max(attempts) AS attempts, max(id) AS last_id, min(scheduled_at) AS due_since
    FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed', 'aborted')
    GROUP BY task_name, status ORDER BY status = 'failed' DESC, 1, 2 LIMIT :most
    """
)
