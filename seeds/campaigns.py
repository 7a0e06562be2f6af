"""The sample campaigns: drafted by a campaigner, approved by an approver, two of them launched."""

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import LAGOS, lagos_today
from crm_core.campaigns import service
from crm_core.campaigns.schemas import CampaignCreate, Schedule
from crm_core.people.schemas import Actor, Role, permissions_of
from seeds.files import read_entries

_OPENS = time(9)


def load_campaigns(session: Session, *, worker: Actor) -> None:
    """Those that are active wait in the outbox, which the worker empties."""
    drafter = _actor(session, "campaigner@crm.local")
    approver = _actor(session, "approver@crm.local")
    for entry in read_entries("campaigns.json"):
        becomes, in_days = entry.pop("becomes"), entry.pop("in_days", 0)
        campaign_id = _approved(session, entry, drafter=drafter, approver=approver)
        if becomes == "scheduled":
            at = datetime.combine(lagos_today() + timedelta(days=in_days), _OPENS, LAGOS)
            when = Schedule(scheduled_date=at)
            service.schedule_campaign(session, campaign_id, when, actor=drafter)
        else:
            service.launch_campaign(session, campaign_id, actor=drafter)
            _work(session, campaign_id, worker)


def _approved(session: Session, entry: dict[str, Any], *, drafter: Actor, approver: Actor) -> int:
    draft = CampaignCreate.model_validate(entry)
    campaign = service.create_campaign(session, draft, actor=drafter)
    service.submit_campaign(session, campaign.id, actor=drafter)
    return service.approve_campaign(session, campaign.id, actor=approver).id


def _work(session: Session, campaign_id: int, worker: Actor) -> None:
    """What a worker would do; there is none yet while the sample is loaded."""
    run_id = session.execute(_RUN, {"campaign_id": campaign_id}).scalar_one()
    service.work_on_run(session, run_id, actor=worker)


def _actor(session: Session, email: str) -> Actor:
    found = session.execute(_STAFF, {"email": email}).one()
    roles = frozenset(Role(role) for role in found.roles)
    key = f"staff:{found.id}"
    return Actor(key, key, found.name, permissions_of(roles), roles)


_STAFF = text("SELECT id, name, roles FROM crm_staff WHERE email = :email")
_RUN = text("SELECT id FROM crm_campaign_runs WHERE campaign_id = :campaign_id")
