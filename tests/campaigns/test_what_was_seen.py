"""Nobody approves, launches or steers what they did not see: each step may name its version."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict
from crm_core.campaigns import queries, service
from crm_core.campaigns.schemas import (
    AudienceList,
    CampaignCancellation,
    CampaignRead,
    CampaignUpdate,
    Rejection,
    Schedule,
)
from tests.make_campaigns import (
    APPROVER,
    DRAFTER,
    LAUNCHER,
    make_approved,
    make_campaign,
    make_launched,
)
from tests.make_patients import make_patient
from tests.observe import sql

SOON = utc_now() + timedelta(days=2)
Step = Callable[[Session, int, int], object]


def submitted(session: Session) -> CampaignRead:
    return service.submit_campaign(session, make_campaign(session).id, actor=DRAFTER)


def scheduled(session: Session) -> CampaignRead:
    at = Schedule(scheduled_date=SOON)
    return service.schedule_campaign(session, make_approved(session).id, at, actor=LAUNCHER)


def paused(session: Session) -> CampaignRead:
    return service.pause_campaign(session, make_launched(session).id, actor=LAUNCHER)


def for_a_list(session: Session) -> CampaignRead:
    return make_campaign(session, target_audience="custom")


STEPS: dict[str, tuple[Callable[[Session], CampaignRead], Step]] = {
    "submit": (
        make_campaign,
        lambda s, i, v: service.submit_campaign(s, i, actor=DRAFTER, version=v),
    ),
    "test": (make_campaign, lambda s, i, v: service.send_test(s, i, actor=DRAFTER, version=v)),
    "list": (
        for_a_list,
        lambda s, i, v: service.upload_list(
            s, i, AudienceList(entries=["PAT-001"], version=v), actor=DRAFTER
        ),
    ),
    "approve": (
        submitted,
        lambda s, i, v: service.approve_campaign(s, i, actor=APPROVER, version=v),
    ),
    "reject": (
        submitted,
        lambda s, i, v: service.reject_campaign(
            s, i, Rejection(note="Too long", version=v), actor=APPROVER
        ),
    ),
    "schedule": (
        make_approved,
        lambda s, i, v: service.schedule_campaign(
            s, i, Schedule(scheduled_date=SOON, version=v), actor=LAUNCHER
        ),
    ),
    "unschedule": (
        scheduled,
        lambda s, i, v: service.unschedule_campaign(s, i, actor=LAUNCHER, version=v),
    ),
    "launch": (
        make_approved,
        lambda s, i, v: service.launch_campaign(s, i, actor=LAUNCHER, version=v),
    ),
    "pause": (
        make_launched,
        lambda s, i, v: service.pause_campaign(s, i, actor=LAUNCHER, version=v),
    ),
    "resume": (paused, lambda s, i, v: service.resume_campaign(s, i, actor=LAUNCHER, version=v)),
    "cancel": (
        make_launched,
        lambda s, i, v: service.cancel_campaign(
            s, i, CampaignCancellation(reason="Called off", version=v), actor=LAUNCHER
        ),
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_on_what_changed_since_is_refused(session: Session, step: str) -> None:
    make, act = STEPS[step]
    campaign = make(session)
    sql(session, "UPDATE crm_campaigns SET status_note = 'x' WHERE id = :i", i=campaign.id)

    with pytest.raises(Conflict, match="since you opened it"):
        act(session, campaign.id, campaign.version)

    assert queries.get_campaign(session, campaign.id).status == campaign.status


@pytest.mark.parametrize("step", sorted(set(STEPS) - {"test"}))
def test_a_step_on_what_was_seen_is_taken(session: Session, step: str) -> None:
    make_patient(session)
    make, act = STEPS[step]
    campaign = make(session)

    act(session, campaign.id, campaign.version)

    assert queries.get_campaign(session, campaign.id).version > campaign.version


def test_a_draft_that_was_edited_and_submitted_anew_is_not_approved_unseen(
    session: Session,
) -> None:
    shown = submitted(session)
    edit = CampaignUpdate(message_template="Other words")
    service.update_campaign(session, shown.id, edit, actor=DRAFTER)
    service.submit_campaign(session, shown.id, actor=DRAFTER)

    with pytest.raises(Conflict, match="look at it again"):
        service.approve_campaign(session, shown.id, actor=APPROVER, version=shown.version)


def test_another_list_is_another_version(session: Session) -> None:
    patient = make_patient(session)
    shown = for_a_list(session)
    entries = AudienceList(entries=[patient.patient_code])
    service.upload_list(session, shown.id, entries, actor=DRAFTER)

    with pytest.raises(Conflict, match="look at it again"):
        service.submit_campaign(session, shown.id, actor=DRAFTER, version=shown.version)
