"""The job that adds up how messages fare."""

from crm_core.messaging.figures import queries
from crm_core.worker.jobs import app, job


@app.periodic(cron="* * * * *")
@app.task(name="add_up_messages", queueing_lock="add_up_messages")
def add_up_messages(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Adds what changed to the sums by the hour."""
    with job("add_up_messages") as session:
        queries.add_up(session)
