"""Who is chosen by health is shown to nobody who may not know it, on no way."""

import csv
import io
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Forbidden
from crm_core.campaigns import people, service
from crm_core.campaigns.audiences import brief_of
from crm_core.campaigns.previewing import filled_in, preview_campaign
from crm_core.campaigns.queries import written
from crm_core.campaigns.schemas import CampaignRead, RecipientFilter
from crm_core.campaigns.segments.counting import count_segment
from crm_core.insights.exports import Format, open_list_export
from crm_core.people.schemas import Actor, Role
from tests.make import make_actor
from tests.make_campaigns import (
    APPROVER,
    DRAFTER,
    LAUNCHER,
    criteria,
    drafted,
    make_campaign,
    segment,
    where,
    work,
)
from tests.make_patients import make_patient

VIEWER, FINANCE, ANALYST = (make_actor(one) for one in (Role.VIEWER, Role.FINANCE, Role.ANALYST))
SEES_HEALTH = make_actor(Role.APPROVER, Role.ANALYST)


def launched(session: Session, *conditions: dict[str, Any]) -> CampaignRead:
    """A launched campaign to those whom the conditions choose."""
    campaign = make_campaign(
        session, target_audience="specific_segment", segment_criteria=segment(*conditions)
    )
    service.submit_campaign(session, campaign.id, actor=DRAFTER)
    service.approve_campaign(session, campaign.id, actor=SEES_HEALTH)
    done = service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    work(session, campaign.id)
    return done


@pytest.fixture
def by_health(session: Session) -> CampaignRead:
    make_patient(session, "Ada Obi", chronic_conditions=["asthma"])
    return launched(session, where("conditions", "includes_any_of", ["asthma"]))


def taken_away(actor: Actor, **filters: object) -> list[str]:
    """The campaigns' people in the file, by code."""
    content = b"".join(open_list_export("recipients", Format.CSV, filters, actor=actor).chunks())
    return [row["code"] for row in csv.DictReader(io.StringIO(content.decode()))]


def test_texts_name_nobody_who_was_chosen_by_health(
    session: Session, by_health: CampaignRead
) -> None:
    brief = brief_of(written(by_health), campaign_id=by_health.id)

    with pytest.raises(Forbidden, match="by health"):
        filled_in(session, brief, actor=VIEWER)
    ((name, _),) = filled_in(session, brief, actor=ANALYST)
    assert name == "Ada Obi"


def test_a_file_of_recipients_leaves_out_who_was_chosen_by_health(
    session: Session, by_health: CampaignRead
) -> None:
    healthy = make_patient(session, "Bola Ade")
    other = launched(session, where("sex", "is_any_of", ["male", "female", "other"]))
    after = launched(session, where("campaign", "took_part", [by_health.id]))

    assert healthy.patient_code in taken_away(FINANCE)
    assert set(taken_away(FINANCE)) == set(taken_away(FINANCE, campaign_id=other.id))
    assert taken_away(FINANCE, campaign_id=by_health.id) == []
    assert taken_away(FINANCE, campaign_id=after.id) == []
    assert len(taken_away(ANALYST, campaign_id=by_health.id)) == 1
    assert len(taken_away(ANALYST, campaign_id=after.id)) == 1


def test_another_campaign_is_no_way_around_it(session: Session, by_health: CampaignRead) -> None:
    after = launched(session, where("campaign", "took_part", [by_health.id]))
    again = criteria(where("campaign", "did_not_take_part", [after.id]))
    draft = drafted(target_audience="specific_segment", segment_criteria=again)

    for look in (
        lambda: count_segment(session, again, actor=VIEWER),
        lambda: preview_campaign(session, draft, actor=VIEWER),
        lambda: people.list_recipients(session, after.id, RecipientFilter(), actor=VIEWER),
        lambda: service.create_campaign(session, draft, actor=make_actor(Role.VIEWER)),
    ):
        with pytest.raises(Forbidden):
            look()
    assert count_segment(session, again, actor=ANALYST).count == 0


def test_who_may_not_see_health_does_not_approve_what_chooses_by_it(
    session: Session, by_health: CampaignRead
) -> None:
    campaign = make_campaign(
        session,
        target_audience="specific_segment",
        segment_criteria=segment(where("campaign", "took_part", [by_health.id])),
    )
    service.submit_campaign(session, campaign.id, actor=DRAFTER)

    with pytest.raises(Forbidden, match="by health"):
        service.approve_campaign(session, campaign.id, actor=APPROVER)


def test_an_ordinary_campaign_is_chosen_by_for_everybody(session: Session) -> None:
    make_patient(session)
    earlier = launched(session, where("age", "at_least", 0))

    took_part = criteria(where("campaign", "took_part", [earlier.id]))

    assert count_segment(session, took_part, actor=VIEWER).count == 1
