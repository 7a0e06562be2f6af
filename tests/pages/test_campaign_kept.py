"""Opening a campaign's form and saving it changes nothing: whatever was kept is shown and stays."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.campaigns import queries
from crm_core.campaigns.segments.live import LIVE
from crm_core.messaging.schemas import Channel
from crm_core.people.schemas import Role
from crm_core.ui.campaigns import choices
from tests.make_campaigns import make_campaign, segment, where
from tests.pages.acting import errors, press, texts
from tests.pages.test_campaigns import AtOnce

Open = Callable[..., AppTest]


@pytest.fixture
def page(visit: Open) -> Open:
    return partial(visit, "pages/campaigns.py")


@pytest.fixture(autouse=True)
def counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LIVE, "_pool", AtOnce())


@pytest.mark.parametrize(
    "condition",
    [
        where("no_shows", "at_most", 0),
        where("visits", "between", [0, 0]),
        where("points_expiring", "within_days", {"days": 0, "points": 1}),
        where("last_visit", "within_days", 0),
        where("last_visit", "on_or_after", "2019-02-28"),
        where("hospital", "is_any_of", [987_654]),
        where("campaign", "took_part", [987_654]),
        where("conditions", "includes_any_of", ["asthma", "a rare one"]),
        where("lga", "is_any_of", ["Lagos: Ikeja"]),
        where("consent", "includes_all_of", ["sms", "push"]),
    ],
)
def test_a_condition_stays_as_it_was_kept(
    page: Open, session: Session, condition: dict[str, Any]
) -> None:
    campaign = make_campaign(
        session, target_audience="specific_segment", segment_criteria=segment(condition)
    )
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, do="edit")

    press(shown, "Save the draft")

    assert not errors(shown)
    session.expire_all()
    kept = queries.get_campaign(session, campaign.id)
    assert kept.segment_criteria == campaign.segment_criteria
    assert kept.version == campaign.version


def test_a_channel_stays_that_the_form_does_not_offer(page: Open, session: Session) -> None:
    campaign = make_campaign(
        session, channels=["sms", "push"], texts={"push": {"body": "Come on Friday"}}
    )
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, do="edit")

    press(shown, "Save the draft")

    session.expire_all()
    assert queries.get_campaign(session, campaign.id).version == campaign.version


def test_a_subject_alone_is_one_of_the_message(page: Open, session: Session) -> None:
    campaign = make_campaign(session, channels=["email"], message_template="Come on Friday")
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, do="edit")
    next(one for one in shown.text_input if one.label == "Subject").set_value("Health week")
    press(shown, "Save the draft")
    press(shown, "Edit")
    next(one for one in shown.text_area if one.label == "Message").set_value("Come on Monday")
    shown.run()

    press(shown, "Save the draft")

    session.expire_all()
    email = queries.get_campaign(session, campaign.id).texts[Channel.EMAIL]
    assert email == {"subject": "Health week", "body": "Come on Monday"}


def test_an_earlier_campaign_keeps_its_name_among_a_hundred_newer_ones(
    page: Open, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choices, "MOST_CAMPAIGNS", 1)
    earlier = make_campaign(session, name="Malaria week")
    campaign = make_campaign(
        session,
        target_audience="specific_segment",
        segment_criteria=segment(where("campaign", "took_part", [earlier.id])),
    )

    shown = page(Role.CAMPAIGNER, campaign=campaign.id, do="edit")
    (box,) = [one for one in shown.multiselect if one.label == "Earlier campaign"]
    assert box.value == [earlier.id]
    assert box.options[-1] == "Malaria week"
    told = texts(page(Role.APPROVER, campaign=campaign.id, tab="message"))
    assert any("took part Malaria week" in text for text in told)
