"""Jobs of campaigns: launching, the daily runs of open ones, their figures and their end."""

from procrastinate import RetryStrategy

from crm_core.campaigns import service
from crm_core.people.schemas import machine
from crm_core.worker.jobs import app, job, until_done

WORK = "work_on_campaign"
_WORKER = machine(f"job:{WORK}")


# What went wrong for good is taken up by the minute's job below, so that this need not go on.
@app.task(name=WORK, retry=RetryStrategy(max_attempts=3, wait=20))
def work_on_campaign(run_id: int) -> None:
    """Freezes a launch's audience and queues it, in one transaction."""
    with job(WORK) as session:
        service.work_on_run(session, run_id, actor=_WORKER)


@app.periodic(cron="* * * * *")
@app.task(name="tend_campaigns", queueing_lock="tend_campaigns")
def tend_campaigns(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Launches what is due, takes up what was left, completes and adds up what the log told."""
    until_done("launch_due_campaigns", service.launch_due)
    with job("take_up_campaign_runs") as session:
        service.take_up_left_runs(session)
    with job("complete_campaigns") as session:
        service.complete_finished(session)
    with job("fold_campaign_counts") as session:
        service.fold_counts(session)


@app.periodic(cron="* * * * *")
@app.task(name="clear_cancelled_campaigns", queueing_lock="clear_cancelled_campaigns")
def clear_cancelled_campaigns(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Writes down of each message that its campaign was cancelled, a piece a transaction."""
    until_done("clear_cancelled_campaigns", service.clear_cancelled_campaigns)


# Every hour, so that a worker that was down in the morning begins the day's runs later.
@app.periodic(cron="5 7-18 * * *")
@app.task(name="open_daily_runs", queueing_lock="open_daily_runs")
def open_daily_runs(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Begins the day's run of every campaign that stays open."""
    with job("open_daily_runs") as session:
        service.open_daily_runs(session)


@app.periodic(cron="*/5 * * * *")
@app.task(name="count_conversions", queueing_lock="count_conversions")
def count_conversions(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Finds who did what campaigns were for."""
    with job("count_conversions") as session:
        service.count_conversions(session)
