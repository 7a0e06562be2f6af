"""The sample's campaigns are those that clients of the contract look for."""

from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory, connected
from crm_core.campaigns.invariants import invariants
from crm_core.campaigns.previewing import preview_campaign
from crm_core.campaigns.queries import list_campaigns, written
from crm_core.campaigns.schemas import CampaignFilter
from crm_core.verify import faults
from seeds.loader import load_sample
from tests.make_campaigns import DRAFTER


def test_the_sample_has_the_three_campaigns_in_their_states(own_database: str) -> None:
    load_sample(own_database)
    with connected(own_database), SessionFactory() as session:
        _look(session)


def _look(session: Session) -> None:
    rows = list_campaigns(CampaignFilter()).page(session).rows
    assert {(row.name, row.type, row.status) for row in rows} == {
        ("World Malaria Day Awareness", "educational", "active"),
        ("Free Health Screening", "promotional", "scheduled"),
        ("Appointment Reminder System", "reminder", "active"),
    }
    for row in rows:
        preview = preview_campaign(session, written(row), actor=DRAFTER, campaign_id=row.id)
        assert [finding for finding in preview.findings if finding.error] == []
        assert row.total_recipients > 0 or row.status == "scheduled"
    assert list(invariants(session)) == []
    assert list(faults(session)) == []
