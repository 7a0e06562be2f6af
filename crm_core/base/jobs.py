"""Work for the worker, queued in the transaction that causes it.

A job is there if the transaction commits and never otherwise. What it does is said by the task of
this name in ``crm_core.worker``: who queues it does not know the worker.
"""

from procrastinate import App, SyncPsycopgConnector
from procrastinate.types import JSONValue
from sqlalchemy.orm import Session

# It queues on the session's own connection: the connector is never opened.
_QUEUE = App(connector=SyncPsycopgConnector())


def queue(session: Session, task: str, *, one_at_a_time: str = "", **values: JSONValue) -> int:
    """Queues a job; gives its number.

    Args:
        task: the name that the worker knows the task by.
        one_at_a_time: jobs that share this word run one after the other.
        values: what the task is called with.
    """
    connection = session.connection().connection.driver_connection
    job = _QUEUE.configure_task(task, lock=one_at_a_time or None, connection=connection)
    return int(job.defer(**values))
