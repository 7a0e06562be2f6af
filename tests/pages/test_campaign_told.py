"""What the campaigns page tells of its steps: a list, a test, an approval taken back, an end."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.campaigns import queries, service
from crm_core.campaigns.people import list_recipients
from crm_core.campaigns.schemas import CampaignCancellation, CampaignRead, RecipientFilter
from crm_core.people.schemas import Role
from tests.make_business import make_owner
from tests.make_campaigns import (
    APPROVER,
    DRAFTER,
    LAUNCHER,
    make_approved,
    make_campaign,
    make_launched,
    work,
)
from tests.make_patients import make_patient
from tests.observe import sql
from tests.pages.acting import cells, fill, labels, press, texts

Open = Callable[..., AppTest]
WHO = "who-and-why"


@pytest.fixture
def page(visit: Open) -> Open:
    return partial(visit, "pages/campaigns.py")


def now(session: Session, campaign: CampaignRead) -> CampaignRead:
    session.expire_all()
    return queries.get_campaign(session, campaign.id)


def test_entries_of_a_list_that_are_nobodys_are_named(page: Open, session: Session) -> None:
    patient = make_patient(session)
    campaign = make_campaign(session, target_audience="custom")
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, tab="message")

    fill(shown, "campaign-list", entries=f"{patient.patient_code}\nPAT-9999\n08031112222")
    press(shown, "Replace the list")

    assert "On it: 1 patient." in texts(shown)
    (warning,) = [one.value.replace("\\", "") for one in shown.warning]
    assert warning == "2 entries belong to no patient: 08031112222, PAT-9999."
    fill(shown, "campaign-list", entries=patient.patient_code)
    press(shown, "Replace the list")
    assert not shown.warning


def test_another_list_for_what_was_approved_warns_first(page: Open, session: Session) -> None:
    patient = make_patient(session)
    campaign = make_campaign(session, target_audience="custom")
    page_of_list = page(Role.CAMPAIGNER, campaign=campaign.id, tab="message")
    fill(page_of_list, "campaign-list", entries=patient.patient_code)
    press(page_of_list, "Replace the list")
    service.submit_campaign(session, campaign.id, actor=DRAFTER)
    service.approve_campaign(session, campaign.id, actor=APPROVER)

    shown = page(Role.CAMPAIGNER, campaign=campaign.id, tab="message")

    assert any("draft again" in one.value for one in shown.warning)


def test_a_test_says_what_it_could_not_send(page: Open, session: Session) -> None:
    campaign = make_campaign(session, channels=["sms", "email"])
    shown = page(Role.CAMPAIGNER, campaign=campaign.id)

    press(shown, "Send a test to myself")

    assert "Email: on its way to you." in texts(shown)
    assert any(one.startswith("SMS: not sent: No phone number") for one in texts(shown))
    shown.run()
    assert not any("on its way to you" in one for one in texts(shown))


def test_an_approver_takes_an_approval_back(page: Open, session: Session) -> None:
    campaign = make_approved(session)
    shown = page(Role.APPROVER, campaign=campaign.id)
    assert "Reject it" not in labels(shown)

    fill(shown, "reject-campaign", note="The talk is on another day")
    press(shown, "Make it a draft again")

    assert now(session, campaign).status == "draft"
    assert any("another day" in info.value for info in shown.info)


def test_what_was_cancelled_before_its_launch_reached_nobody(page: Open, session: Session) -> None:
    make_patient(session)
    campaign = make_approved(session)
    because = CampaignCancellation(reason="Called off")
    service.cancel_campaign(session, campaign.id, because, actor=LAUNCHER)

    shown = page(Role.VIEWER, campaign=campaign.id)

    assert any("nobody got it" in text for text in texts(shown))
    found = list_recipients(session, campaign.id, RecipientFilter(), actor=DRAFTER).page(session)
    assert found.rows == []


def test_a_launch_tells_what_it_is_doing(page: Open, session: Session) -> None:
    make_patient(session)
    campaign = make_approved(session)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    address = {"campaign": campaign.id, "tab": "progress"}

    shown = page(Role.VIEWER, **address)
    assert any("Deciding about everybody" in one.proto.text for one in shown.get("progress"))


def test_a_person_is_looked_up_by_their_code(page: Open, session: Session) -> None:
    make_patient(session, "Ada Obi", communication_preferences={"sms": False})
    bola = make_patient(session, "Bola Ade")
    draft, launched = make_campaign(session), make_launched(session)

    for campaign in (draft, launched):
        shown = page(Role.VIEWER, campaign=campaign.id, tab=WHO, who=bola.patient_code.lower())
        assert cells(shown, "Person") == ["Bola Ade"]
    shown = page(Role.VIEWER, campaign=launched.id, tab=WHO, who="PAT-99999")
    assert any("Nobody with this code" in text for text in texts(shown))


def test_another_reason_begins_at_its_first_page(page: Open, session: Session) -> None:
    make_patient(session, "Ada Obi", communication_preferences={"sms": False})
    campaign = make_launched(session)
    shown = page(Role.VIEWER, campaign=campaign.id, tab=WHO, people=3)

    next(one for one in shown.selectbox if one.label == "Show").set_value("no_consent").run()

    assert "people" not in shown.query_params
    assert cells(shown, "Person") == ["Ada Obi"]


def test_a_person_of_a_reminder_is_found_on_whatever_day_they_were_chosen(
    page: Open, session: Session
) -> None:
    ada = make_patient(session, "Ada Obi")
    campaign = make_launched(session, type="reminder")
    sql(session, "UPDATE crm_campaign_runs SET day = day - 1")
    assert service.open_daily_runs(session) == 1
    work(session, campaign.id)

    assert cells(page(Role.VIEWER, campaign=campaign.id, tab=WHO), "Person") == []
    shown = page(Role.VIEWER, campaign=campaign.id, tab=WHO, who=ada.patient_code)

    assert cells(shown, "Person") == ["Ada Obi"]


def test_an_owner_is_looked_up_by_their_code(page: Open, session: Session) -> None:
    owner = make_owner(session)
    campaign = make_launched(
        session, target_audience="all_owners", message_template="Dear {name}", channels=["email"]
    )

    shown = page(Role.VIEWER, campaign=campaign.id, tab=WHO, who=owner.owner_code)

    assert cells(shown, "Code") == [owner.owner_code]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"target_audience": "custom"}, "upload it under Message"),
        ({}, "Nobody is in the audience"),
    ],
)
def test_an_empty_audience_says_what_to_do(
    page: Open, session: Session, more: dict[str, str], said: str
) -> None:
    campaign = make_campaign(session, **more)

    assert any(said in text for text in texts(page(Role.CAMPAIGNER, campaign=campaign.id)))
