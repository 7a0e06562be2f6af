"""A preview that was worked out a moment ago is shown again, and says of when it is."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.campaigns import service
from crm_core.campaigns.schemas import CampaignRead, CampaignUpdate
from crm_core.people.schemas import Role
from crm_core.ui import kept
from tests.make_campaigns import DRAFTER, make_campaign, segment, where
from tests.make_patients import make_patient
from tests.observe import sql
from tests.pages.acting import cells, errors, metric, press

Open = Callable[..., AppTest]
ANEW = "Work it out anew"


@pytest.fixture
def campaign(session: Session) -> CampaignRead:
    make_patient(session, "Ada Obi")
    return make_campaign(session)


@pytest.fixture
def preview(visit: Open, campaign: CampaignRead) -> AppTest:
    """The page of a campaign, looked at while there was one patient."""
    return visit("pages/campaigns.py", Role.CAMPAIGNER, campaign=campaign.id)


def test_it_stays_for_some_minutes_and_says_so(preview: AppTest, session: Session) -> None:
    make_patient(session, "Bola Ade")
    preview.run()
    assert (metric(preview, "Everyone"), cells(preview, "Person")) == ("1", ["Ada Obi"])
    assert any("As of " in caption.value for caption in preview.caption)

    press(preview, ANEW)
    assert metric(preview, "Everyone") == "2"
    assert cells(preview, "Person") == ["Ada Obi", "Bola Ade"]


def test_it_is_worked_out_anew_when_its_time_is_over(
    visit: Open, session: Session, campaign: CampaignRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MINUTES", 0)
    page = visit("pages/campaigns.py", Role.CAMPAIGNER, campaign=campaign.id)
    make_patient(session, "Bola Ade")
    page.run()
    assert metric(page, "Everyone") == "2"


def test_another_version_is_another_preview(
    preview: AppTest, session: Session, campaign: CampaignRead
) -> None:
    make_patient(session, "Bola Ade")
    other = CampaignUpdate(message_template="Something else")
    service.update_campaign(session, campaign.id, other, actor=DRAFTER)
    preview.run()
    assert metric(preview, "Everyone") == "2"


def test_who_may_not_see_it_any_more_does_not(
    visit: Open, session: Session, campaign: CampaignRead
) -> None:
    by_health = CampaignUpdate(
        target_audience="specific_segment",
        segment_criteria=segment(where("conditions", "includes_any_of", ["asthma"])),
    )
    service.update_campaign(session, campaign.id, by_health, actor=DRAFTER)
    page = visit("pages/campaigns.py", Role.CAMPAIGNER, campaign=campaign.id)
    assert not errors(page)
    sql(session, "UPDATE crm_staff SET roles = '{viewer}'")
    page.run()
    assert "health" in errors(page)[0]
    assert not page.metric
