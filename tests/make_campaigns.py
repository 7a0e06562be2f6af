"""Campaigns to arrange a test with, made by the services."""

from itertools import count
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.campaigns import service
from crm_core.campaigns.models import CampaignRun
from crm_core.campaigns.schemas import CampaignCreate, CampaignRead
from crm_core.campaigns.segments.schemas import Criteria
from crm_core.people.schemas import Role, machine
from tests.make import make_actor

DRAFTER, APPROVER = make_actor(Role.CAMPAIGNER), make_actor(Role.APPROVER)
LAUNCHER = make_actor(Role.CAMPAIGNER)
WORKER = machine("job:work_on_campaign")

_numbers = count(1)


def campaign_body(**more: object) -> dict[str, Any]:
    """The least that a campaign takes: a health talk by SMS to all patients, none left out."""
    least = {
        "name": f"Campaign {next(_numbers)}",
        "type": "follow_up",
        "target_audience": "all_patients",
        "message_template": "Dear {first_name}, how are you? {hospital}",
        "channels": ["sms"],
        "control_percent": 0,
    }
    return least | more


def segment(*conditions: dict[str, Any], match: str = "all") -> dict[str, Any]:
    """Criteria as the API takes them."""
    return {"match": match, "conditions": list(conditions)}


def where(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    """One condition."""
    return {"field": field, "operator": operator, "value": value}


def criteria(*conditions: dict[str, Any], match: str = "all") -> Criteria:
    """The same, checked."""
    return Criteria.model_validate(segment(*conditions, match=match))


def drafted(**more: object) -> CampaignCreate:
    """A campaign that is not saved."""
    return CampaignCreate.model_validate(campaign_body(**more))


def make_campaign(session: Session, **more: object) -> CampaignRead:
    """A draft."""
    return service.create_campaign(session, drafted(**more), actor=DRAFTER)


def make_approved(session: Session, **more: object) -> CampaignRead:
    """Submitted, and approved by somebody else."""
    campaign = make_campaign(session, **more)
    service.submit_campaign(session, campaign.id, actor=DRAFTER)
    return service.approve_campaign(session, campaign.id, actor=APPROVER)


def make_launched(session: Session, **more: object) -> CampaignRead:
    """Launched, with every message of its audience written and none sent."""
    campaign = make_approved(session, **more)
    launched = service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    work(session, campaign.id)
    return launched


def make_queued(session: Session, **more: object) -> CampaignRead:
    """Launched and queued: no worker has taken any of its batches."""
    campaign = make_approved(session, **more)
    launched = service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    (run_id,) = open_runs(session, campaign.id)
    service.work_on_run(session, run_id, actor=WORKER)
    return launched


def work(session: Session, campaign_id: int) -> None:
    """What the workers do after a launch, until it is in the outbox and nothing was sent."""
    for run_id in open_runs(session, campaign_id):
        service.work_on_run(session, run_id, actor=WORKER)
    write_all(session, campaign_id)


def write_all(session: Session, campaign_id: int) -> None:
    """Writes the messages of the batches that no worker has taken yet, as it would."""
    found = session.execute(
        text(
            "SELECT batch_id FROM crm_unwritten_messages WHERE campaign_id = :id"
            " AND status <> 'skipped' ORDER BY batch_id"
        ),
        {"id": campaign_id},
    )
    for batch_id in found.scalars().all():
        service.write_batch(session, batch_id)


def open_runs(session: Session, campaign_id: int) -> list[int]:
    """The runs of a campaign that are not at their end."""
    found = session.execute(
        text(
            "SELECT id FROM crm_campaign_runs WHERE campaign_id = :id"
            " AND state IN ('waiting', 'queueing') ORDER BY id"
        ),
        {"id": campaign_id},
    )
    return list(found.scalars())


def run_of(session: Session, campaign_id: int) -> CampaignRun:
    """The campaign's only run."""
    return session.query(CampaignRun).filter_by(campaign_id=campaign_id).one()
