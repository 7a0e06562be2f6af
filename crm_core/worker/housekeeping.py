"""Jobs of the house: forgetting what nobody needs, and what a killed worker left behind."""

import logging

from crm_core.base import beats, idempotency
from crm_core.people.service import forgetting
from crm_core.worker.jobs import app, job

KEEP_FINISHED_JOBS_HOURS = 14 * 24

_log = logging.getLogger(__name__)


@app.periodic(cron="10 1 * * *")
@app.task(name="forget_what_ended", queueing_lock="forget_what_ended")
def forget_what_ended(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Removes idempotency keys, sessions, links and workers that nobody needs any more."""
    with job("forget_what_ended") as session:
        idempotency.forget_old(session)
        forgetting.forget_ended(session)
        beats.forget_dead(session)


@app.periodic(cron="20 1 * * *")
@app.task(name="forget_finished_jobs", queueing_lock="forget_finished_jobs")
async def forget_finished_jobs(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Removes jobs that ended two weeks ago; failed ones, too."""
    await app.job_manager.delete_old_jobs(
        KEEP_FINISHED_JOBS_HOURS,
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )


@app.periodic(cron="* * * * *")
@app.task(name="recover_stalled_jobs", queueing_lock="recover_stalled_jobs")
async def recover_stalled_jobs(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Queues again what a killed worker left behind; procrastinate does not by itself."""
    for stalled in await app.job_manager.get_stalled_jobs():
        _log.warning("The worker of job %s died: it runs again.", stalled.task_name)
        await app.job_manager.retry_job(stalled)
