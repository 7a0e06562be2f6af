"""Jobs of the loyalty programme."""

from crm_core.loyalty import service as loyalty
from crm_core.worker.jobs import app, job, until_done


# The first of the hours is Lagos' midnight, when the points of the day before have ended.
@app.periodic(cron="0 * * * *")
@app.task(name="expire_points", queueing_lock="expire_points")
def expire_points(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Takes points that have ended off the balances."""
    until_done("expire_points", loyalty.expire_points)


@app.periodic(cron="30 1 * * *")
@app.task(name="review_tiers", queueing_lock="review_tiers")
def review_tiers(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """The yearly review of the members whose day has come."""
    until_done("review_tiers", loyalty.review_tiers)


@app.periodic(cron="40 1 * * *")
@app.task(name="count_cohorts", queueing_lock="count_cohorts")
def count_cohorts(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Counts which members still earn points, quarter by quarter."""
    with job("count_cohorts") as session:
        loyalty.count_cohorts(session)


@app.periodic(cron="* * * * *")
@app.task(name="fold_sums", queueing_lock="fold_sums")
def fold_sums(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Adds what the ledger appended to the sums that the charts show."""
    with job("fold_sums") as session:
        loyalty.fold_sums(session)
