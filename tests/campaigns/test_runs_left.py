"""Runs beside each other and runs that were left: nobody is written to twice, nobody forgotten."""

from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory
from crm_core.campaigns import service
from crm_core.campaigns.schemas import CampaignRead
from crm_core.worker import campaigns as worker
from tests.campaigns.test_launching import make_crowd, messages_of
from tests.make_campaigns import (
    LAUNCHER,
    WORKER,
    make_approved,
    open_runs,
    segment,
    where,
    work,
    write_all,
)
from tests.observe import sql
from tests.together import together

JOBS = (
    "SELECT lock, args ->> 'run_id' FROM procrastinate_jobs WHERE task_name = 'work_on_campaign'"
    " AND status = 'todo' ORDER BY id"
)


def open_with_two_runs(session: Session) -> tuple[CampaignRead, list[int]]:
    """A reminder of which yesterday's run and today's both wait."""
    make_crowd(session, 10)
    campaign = make_approved(
        session,
        type="reminder",
        target_audience="specific_segment",
        segment_criteria=segment(where("age", "at_least", 1)),
    )
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    sql(session, "UPDATE crm_campaign_runs SET day = day - 1 WHERE campaign_id = :i", i=campaign.id)
    assert service.open_daily_runs(session) == 1
    return campaign, open_runs(session, campaign.id)


def test_runs_of_one_campaign_wait_for_each_other_in_the_queue(session: Session) -> None:
    campaign, runs = open_with_two_runs(session)

    queued = sql(session, JOBS).all()

    assert [tuple(row) for row in queued] == [(f"campaign {campaign.id}", str(one)) for one in runs]


def test_a_run_does_not_freeze_beside_another_of_its_campaign(own_database: str) -> None:
    with SessionFactory.begin() as session:
        campaign, (first, second) = open_with_two_runs(session)

    with SessionFactory.begin() as one:
        service.work_on_run(one, first, actor=WORKER)
        with pytest.raises(OperationalError, match="lock timeout"), SessionFactory() as other:
            other.execute(text("SET LOCAL lock_timeout = '300ms'"))
            service.work_on_run(other, second, actor=WORKER)
    with SessionFactory.begin() as session:
        work(session, campaign.id)
        write_all(session, campaign.id)
        people = [person for person, _, _ in messages_of(session, campaign)]

    assert len(people) == len(set(people)) == 10


def test_workers_at_both_runs_of_a_campaign_write_to_nobody_twice(own_database: str) -> None:
    with SessionFactory.begin() as session:
        campaign, runs = open_with_two_runs(session)

    outcomes = together([partial(worker.work_on_campaign, run) for run in runs])

    assert outcomes == [None, None]
    with SessionFactory.begin() as session:
        write_all(session, campaign.id)
        people = [person for person, _, _ in messages_of(session, campaign)]
        assert len(people) == len(set(people)) == 10


def test_a_run_whose_job_failed_is_taken_up_again(own_database: str) -> None:
    with SessionFactory.begin() as session:
        make_crowd(session, 3)
        campaign = make_approved(session)
        service.launch_campaign(session, campaign.id, actor=LAUNCHER)
        (run_id,) = open_runs(session, campaign.id)
        sql(session, "UPDATE procrastinate_jobs SET status = 'failed'")

    worker.tend_campaigns(timestamp=0)
    worker.tend_campaigns(timestamp=0)

    with SessionFactory() as session:
        queued = sql(session, JOBS).all()
        assert [tuple(row) for row in queued] == [(f"campaign {campaign.id}", str(run_id))]


@pytest.mark.parametrize("status", ["todo", "doing"])
def test_a_run_with_a_job_gets_no_second_one(own_database: str, status: str) -> None:
    with SessionFactory.begin() as session:
        make_crowd(session, 3)
        service.launch_campaign(session, make_approved(session).id, actor=LAUNCHER)
        sql(session, f"UPDATE procrastinate_jobs SET status = '{status}'")

    worker.tend_campaigns(timestamp=0)

    with SessionFactory() as session:
        assert sql(session, "SELECT status::text FROM procrastinate_jobs").scalars().all() == [
            status
        ]


def test_what_has_ended_is_not_taken_up(own_database: str) -> None:
    with SessionFactory.begin() as session:
        make_crowd(session, 3)
        campaign = make_approved(session)
        service.launch_campaign(session, campaign.id, actor=LAUNCHER)
        work(session, campaign.id)
        sql(session, "UPDATE procrastinate_jobs SET status = 'succeeded'")

    worker.tend_campaigns(timestamp=0)

    with SessionFactory() as session:
        assert sql(session, JOBS).all() == []


def test_a_job_that_fails_is_tried_again_before_that() -> None:
    assert worker.work_on_campaign.retry_strategy is not None
