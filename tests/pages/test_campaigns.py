"""The campaigns page: drafting with a live segment, approval by another, progress and why not."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.campaigns import queries, service
from crm_core.campaigns.schemas import CampaignFilter, CampaignRead
from crm_core.campaigns.segments.live import LIVE
from crm_core.people.schemas import Role
from tests.make_campaigns import (
    DRAFTER,
    LAUNCHER,
    make_approved,
    make_campaign,
    make_launched,
    segment,
    where,
)
from tests.make_patients import make_patient
from tests.pages.acting import cells, errors, fill, labels, metric, press, texts

Open = Callable[..., AppTest]


@pytest.fixture
def page(visit: Open) -> Open:
    """``page(Role.CAMPAIGNER, campaign=3)``: the campaigns page at that address."""
    return partial(visit, "pages/campaigns.py")


class AtOnce(Executor):
    """Counts in the thread of the page: all of a test uses one connection, which takes turns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(fn(*args, **more))
        return done


@pytest.fixture(autouse=True)
def counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LIVE, "_pool", AtOnce())


def now(session: Session, campaign: CampaignRead) -> CampaignRead:
    session.expire_all()
    return queries.get_campaign(session, campaign.id)


def write(page: AppTest, label: str, words: str) -> None:
    """Types into the field of this label."""
    (field,) = [one for one in (*page.text_input, *page.text_area) if one.label == label]
    field.set_value(words)


def test_an_empty_house_says_what_to_do(page: Open) -> None:
    assert any("draft one" in text for text in texts(page(Role.CAMPAIGNER)))


def test_a_campaign_that_is_not_there_says_so(page: Open) -> None:
    assert "not found" in errors(page(Role.VIEWER, campaign=987_654))[0]


def test_who_may_not_draft_is_offered_none(page: Open, session: Session) -> None:
    campaign = make_campaign(session)
    assert "New campaign" not in labels(page(Role.VIEWER))
    shown = labels(page(Role.VIEWER, campaign=campaign.id))
    assert {"Edit", "Submit for approval", "Cancel"}.isdisjoint(shown)


def test_a_campaign_is_drafted(page: Open, session: Session) -> None:
    make_patient(session)
    shown = page(Role.CAMPAIGNER, do="draft")
    write(shown, "Name", "Malaria week")
    write(shown, "Message", "Dear {first_name}, sleep under a net.")
    shown.run()
    press(shown, "Save the draft")
    [campaign] = queries.list_campaigns(CampaignFilter()).page(session).rows
    assert (campaign.name, campaign.status, campaign.channels) == ("Malaria week", "draft", ["sms"])
    assert shown.query_params["campaign"] == str(campaign.id)


def test_what_is_wrong_is_said_before_anything_is_saved(page: Open, session: Session) -> None:
    shown = page(Role.CAMPAIGNER, do="draft")
    write(shown, "Name", "Malaria week")
    write(shown, "Message", "Dear {nickname}")
    shown.run()
    assert any("nickname" in warning.value for warning in shown.warning)
    (save,) = [button for button in shown.button if button.label == "Save the draft"]
    assert save.disabled


def test_a_message_tells_what_it_costs_in_parts(page: Open) -> None:
    shown = page(Role.CAMPAIGNER, do="draft")
    write(shown, "Message", "Ẹ káàbọ̀, only ₦500")
    shown.run()
    assert any("UCS-2" in text for text in texts(shown))
    assert any("₦" in warning.value for warning in shown.warning)


def test_a_segment_is_shown_as_it_was_kept(page: Open, session: Session) -> None:
    campaign = make_campaign(
        session,
        target_audience="specific_segment",
        segment_criteria=segment(
            where("age", "at_least", 50), where("state", "is_any_of", ["Kano"])
        ),
    )
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, do="edit")
    assert [box.value for box in shown.selectbox if box.label == "What"] == ["age", "state"]
    assert metric(shown, "Patients in this segment") == "0"
    press(shown, "Save the draft")
    assert now(session, campaign).segment_criteria == campaign.segment_criteria


def test_a_reminder_is_told_whether_it_comes_again(page: Open, session: Session) -> None:
    campaign = make_campaign(session, type="reminder", repeat_after_days=7)
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, do="edit")
    (again,) = [box for box in shown.number_input if box.label == "Again after so many days"]
    assert again.value == 7
    again.set_value(0).run()
    press(shown, "Save the draft")
    assert now(session, campaign).repeat_after_days is None


def test_a_condition_without_a_value_is_asked_for_in_words(page: Open) -> None:
    shown = page(Role.CAMPAIGNER, do="draft")
    shown.radio[0].set_value("specific_segment").run()
    next(box for box in shown.selectbox if box.label == "What").set_value("state").run()
    assert any(caption.value == "State: choose at least one." for caption in shown.caption)
    assert not shown.warning


def test_a_refused_condition_names_no_code(page: Open, session: Session) -> None:
    campaign = make_campaign(
        session,
        target_audience="specific_segment",
        segment_criteria=segment(where("points", "between", [100, 500])),
    )
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, do="edit")
    next(box for box in shown.number_input if box.label == "To").set_value(50).run()
    assert [warning.value for warning in shown.warning] == ["Give the lower number first\\."]


def test_groups_in_groups_are_shown_in_words(page: Open, session: Session) -> None:
    whole = segment({"match": "any", "conditions": [where("age", "at_least", 1200)]})
    campaign = make_campaign(session, target_audience="specific_segment", segment_criteria=whole)
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, do="edit")
    assert any("and any of these holds:\n      • Age" in text for text in texts(shown))


def test_a_segment_is_told_in_words_to_whoever_approves_it(page: Open, session: Session) -> None:
    campaign = make_campaign(
        session,
        target_audience="specific_segment",
        segment_criteria=segment(
            where("points", "between", [100, 2500]),
            where("last_visit", "longer_ago_than_days", 90),
            where("tier", "is_any_of", ["gold", "platinum"]),
        ),
    )
    (told,) = [
        text
        for text in texts(page(Role.APPROVER, campaign=campaign.id, tab="message"))
        if "Points" in text
    ]
    assert told.splitlines() == [
        "Patients for whom all of these hold:",
        "  • Points: between 100 and 2,500",
        "  • Last visit: longer ago than 90 days",
        "  • Tier: is any of Gold, Platinum",
    ]


def test_texts_name_nobody_whom_a_role_may_not_see(page: Open, session: Session) -> None:
    make_patient(session, "Ada Obi", chronic_conditions=["asthma"])
    campaign = make_campaign(
        session,
        target_audience="specific_segment",
        segment_criteria=segment(where("conditions", "includes_any_of", ["asthma"])),
    )
    address = {"campaign": campaign.id, "tab": "message"}
    shown = page(Role.VIEWER, **address)
    told = texts(shown)
    assert any("Dear Oluwaseun" in text for text in told)
    assert any("made up" in caption.value for caption in shown.caption)
    assert not any("Ada" in text for text in told)
    assert any("Dear Ada" in text for text in texts(page(Role.CAMPAIGNER, **address)))


def test_what_is_not_written_yet_is_no_mistake(page: Open) -> None:
    shown = page(Role.CAMPAIGNER, do="draft")
    assert not shown.warning
    assert any("Still missing: name, message" in caption.value for caption in shown.caption)


def test_campaigners_may_choose_by_health(page: Open, session: Session) -> None:
    shown = page(Role.CAMPAIGNER, do="draft")
    shown.radio[0].set_value("specific_segment").run()
    what = next(box for box in shown.selectbox if box.label == "What")
    assert "Chronic conditions" in what.options


def test_the_preview_says_who_is_left_out_and_why(page: Open, session: Session) -> None:
    make_patient(session, "Ada Obi")
    make_patient(session, "Bola Ade", communication_preferences={"sms": False})
    campaign = make_campaign(session)
    shown = page(Role.VIEWER, campaign=campaign.id)
    assert (metric(shown, "Everyone"), metric(shown, "Left out"), metric(shown, "Get it")) == (
        "2",
        "1",
        "1",
    )
    shown = page(Role.VIEWER, campaign=campaign.id, fate="no_consent")
    assert cells(shown, "Person") == ["Bola Ade"]
    assert cells(shown, "Why") == ["Did not agree to this channel."]


def test_somebody_else_approves_and_it_is_launched(page: Open, session: Session) -> None:
    make_patient(session)
    campaign = make_campaign(session)
    press(page(Role.CAMPAIGNER, campaign=campaign.id), "Submit for approval")
    assert now(session, campaign).status == "pending_approval"
    assert "Approve" not in labels(page(Role.CAMPAIGNER, campaign=campaign.id))
    press(page(Role.APPROVER, campaign=campaign.id), "Approve")
    press(page(Role.CAMPAIGNER, campaign=campaign.id), "Launch now")
    assert now(session, campaign).status == "active"


def test_who_drafted_it_is_refused_in_words(page: Open, session: Session, visit: Open) -> None:
    shown = page(Role.CAMPAIGNER, Role.APPROVER, do="draft")
    write(shown, "Name", "Malaria week")
    write(shown, "Message", "Sleep under a net.")
    shown.run()
    press(shown, "Save the draft")
    press(shown, "Submit for approval")
    press(shown, "Approve")
    assert any("draft" in error for error in errors(shown))


def test_a_rejection_goes_back_with_its_note(page: Open, session: Session) -> None:
    campaign = make_campaign(session)
    service.submit_campaign(session, campaign.id, actor=DRAFTER)
    shown = page(Role.APPROVER, campaign=campaign.id)
    fill(shown, "reject-campaign", note="Say which clinic")
    press(shown, "Reject it")
    rejected = now(session, campaign)
    assert rejected.status == "draft"
    assert any("Say which clinic" in info.value for info in shown.info)


def test_a_launched_campaign_shows_how_far_it_is(page: Open, session: Session) -> None:
    make_patient(session)
    campaign = make_launched(session)
    shown = page(Role.VIEWER, campaign=campaign.id, tab="progress")
    assert metric(shown, "Get it") == "1"
    press(page(Role.CAMPAIGNER, campaign=campaign.id), "Pause")
    assert now(session, campaign).status == "paused"
    press(page(Role.CAMPAIGNER, campaign=campaign.id), "Resume")
    assert now(session, campaign).status == "active"


def test_without_a_goal_the_effect_says_so(page: Open, session: Session) -> None:
    make_patient(session)
    campaign = make_launched(session)
    shown = page(Role.VIEWER, campaign=campaign.id, tab="effect")
    assert "This campaign has no goal to measure it by." in texts(shown)
    assert not shown.metric


def test_cancelling_takes_a_reason(page: Open, session: Session) -> None:
    campaign = make_approved(session)
    shown = page(Role.CAMPAIGNER, campaign=campaign.id)
    press(shown, "Cancel the campaign")
    assert errors(shown)
    fill(shown, "cancel-campaign", reason="The date has passed")
    press(shown, "Cancel the campaign")
    assert now(session, campaign).status == "cancelled"


def test_a_list_is_uploaded_and_kept(page: Open, session: Session) -> None:
    patient = make_patient(session)
    campaign = make_campaign(session, target_audience="custom")
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, tab="message")
    fill(shown, "campaign-list", entries=f"{patient.patient_code}\nPAT-9999")
    press(shown, "Replace the list")
    assert queries.list_size(session, campaign.id) == 1


def test_campaigns_are_compared(page: Open, session: Session) -> None:
    make_patient(session)
    made = [make_launched(session) for _ in range(2)]
    service.pause_campaign(session, made[0].id, actor=LAUNCHER)
    shown = page(Role.VIEWER)
    shown.session_state["campaigns-chosen"] = {one.id for one in made}
    shown.run()
    assert any("Together they cost" in text for text in texts(shown))
