"""Jobs of feedback: links after visits, clocks, escalations, reminders, sums; owners' scores."""

from crm_core.appointments.service.completing import ASK
from crm_core.feedback import service
from crm_core.feedback.schemas import Invitation, SourceType
from crm_core.owners import service as owners
from crm_core.people.schemas import machine
from crm_core.worker.jobs import app, job, until_done


@app.task(name=ASK)
def ask_for_feedback(
    visit_id: int, patient_id: int, hospital_id: int | None, department_id: int | None
) -> None:
    """Sends the patient of a completed visit a link for stars, once a visit."""
    data = Invitation(
        source_type=SourceType.PATIENT,
        source_id=patient_id,
        visit_id=visit_id,
        hospital_id=hospital_id,
        department_id=department_id,
    )
    with job(ASK) as session:
        service.invite(session, data, actor=machine(f"job:{ASK}"))


@app.periodic(cron="* * * * *")
@app.task(name="refresh_feedback_clocks", queueing_lock="refresh_feedback_clocks")
def refresh_feedback_clocks(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Moves open cases to where changed hours, holidays and targets put them."""
    until_done("refresh_feedback_clocks", service.refresh_clocks)


@app.periodic(cron="* * * * *")
@app.task(name="escalate_feedback", queueing_lock="escalate_feedback")
def escalate_feedback(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Tells the supervisors of cases past their time."""
    until_done("escalate_feedback", service.escalate_late)


@app.periodic(cron="*/10 * * * *")
@app.task(name="remind_feedback", queueing_lock="remind_feedback")
def remind_feedback(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Reminds people of their cases that are due soon."""
    with job("remind_feedback") as session:
        service.remind_assignees(session)


@app.periodic(cron="15 * * * *")
@app.task(name="close_feedback", queueing_lock="close_feedback")
def close_feedback(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Closes what was resolved long ago and reopened by nobody."""
    until_done("close_feedback", service.close_old)


@app.periodic(cron="* * * * *")
@app.task(name="fold_feedback_sums", queueing_lock="fold_feedback_sums")
def fold_feedback_sums(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Adds what changed to the sums that the charts show."""
    until_done("fold_feedback_sums", service.fold_sums)


# Shortly after Lagos' midnight, when a survey of a year ago has dropped out.
@app.periodic(cron="5 23 * * *")
@app.task(name="refresh_satisfaction", queueing_lock="refresh_satisfaction")
def refresh_satisfaction(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Brings owners' scores to where the last twelve months put them."""
    with job("refresh_satisfaction") as session:
        owners.refresh_satisfaction(session)
