"""Jobs of appointments: reminders, who did not come, freed times, the sums of the charts."""

from crm_core.appointments import service
from crm_core.people.schemas import machine
from crm_core.worker.jobs import app, job, until_done


@app.periodic(cron="* * * * *")
@app.task(name="send_due_reminders", queueing_lock="send_due_reminders")
def send_due_reminders(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Reminds those whose visit is near; what a missed run left is caught up with."""
    actor = machine("job:send_due_reminders")
    until_done("send_due_reminders", lambda db: service.send_due_reminders(db, actor=actor))


@app.periodic(cron="* * * * *")
@app.task(name="send_offers", queueing_lock="send_offers")
def send_offers(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Writes to those whose turn it is to hear of a time that became free."""
    actor = machine("job:send_offers")
    until_done("send_offers", lambda db: service.send_offers(db, actor=actor))


@app.periodic(cron="*/10 * * * *")
@app.task(name="mark_missed", queueing_lock="mark_missed")
def mark_missed(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Marks who did not come."""
    until_done("mark_missed", service.mark_missed)


@app.periodic(cron="* * * * *")
@app.task(name="fold_appointment_sums", queueing_lock="fold_appointment_sums")
def fold_appointment_sums(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Adds what changed of visits to the sums that the charts show."""
    with job("fold_appointment_sums") as session:
        service.fold_sums(session)
