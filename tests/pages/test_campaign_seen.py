"""A click on the campaigns page goes for the version that was shown, and for no later one."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.clock import LAGOS
from crm_core.campaigns import queries, service
from crm_core.campaigns.schemas import CampaignRead, CampaignUpdate
from crm_core.people.schemas import Role
from tests.make_campaigns import APPROVER, DRAFTER, make_approved, make_campaign
from tests.make_patients import make_patient
from tests.observe import sql
from tests.pages.acting import errors, fill, htmls, labels, press

Open = Callable[..., AppTest]
CHANGED = "This campaign changed while you looked at it"


@pytest.fixture
def page(visit: Open) -> Open:
    return partial(visit, "pages/campaigns.py")


def now(session: Session, campaign: CampaignRead) -> CampaignRead:
    session.expire_all()
    return queries.get_campaign(session, campaign.id)


def submitted(session: Session) -> CampaignRead:
    return service.submit_campaign(session, make_campaign(session).id, actor=DRAFTER)


def edit_and_submit(session: Session, campaign: CampaignRead) -> None:
    """What a drafter may do while an approver reads."""
    other = CampaignUpdate(message_template="Something else entirely")
    service.update_campaign(session, campaign.id, other, actor=DRAFTER)
    service.submit_campaign(session, campaign.id, actor=DRAFTER)


def warnings(page: AppTest) -> list[str]:
    return [warning.value for warning in page.warning]


def test_an_approver_approves_what_was_shown_and_nothing_else(page: Open, session: Session) -> None:
    campaign = submitted(session)
    shown = page(Role.APPROVER, campaign=campaign.id)
    edit_and_submit(session, campaign)

    press(shown, "Approve")

    assert now(session, campaign).status == "pending_approval"
    assert CHANGED in warnings(shown)[0]
    press(shown, "Approve")
    assert now(session, campaign).status == "approved"
    assert not warnings(shown)


def test_a_launch_is_of_what_was_shown(page: Open, session: Session) -> None:
    make_patient(session)
    campaign = make_approved(session)
    shown = page(Role.CAMPAIGNER, campaign=campaign.id)
    edit_and_submit(session, campaign)
    service.approve_campaign(session, campaign.id, actor=APPROVER)

    press(shown, "Launch now")

    assert now(session, campaign).status == "approved"
    assert CHANGED in warnings(shown)[0]


def test_a_rejection_is_of_what_was_shown(page: Open, session: Session) -> None:
    campaign = submitted(session)
    shown = page(Role.APPROVER, campaign=campaign.id)
    fill(shown, "reject-campaign", note="Say which clinic")
    edit_and_submit(session, campaign)

    press(shown, "Reject it")

    assert now(session, campaign).status == "pending_approval"
    assert CHANGED in warnings(shown)[0]


def test_a_click_where_the_button_has_gone_is_told(page: Open, session: Session) -> None:
    campaign = submitted(session)
    shown = page(Role.APPROVER, campaign=campaign.id)
    service.approve_campaign(session, campaign.id, actor=APPROVER)

    press(shown, "Approve")

    assert CHANGED in warnings(shown)[0]
    assert "Approve" not in labels(shown)


def test_what_one_changed_oneself_is_no_surprise(page: Open, session: Session) -> None:
    campaign = make_campaign(session)
    shown = page(Role.CAMPAIGNER, campaign=campaign.id)

    press(shown, "Submit for approval")

    assert now(session, campaign).status == "pending_approval"
    assert not warnings(shown)


def test_an_edit_does_not_overwrite_what_others_changed_meanwhile(
    page: Open, session: Session
) -> None:
    campaign = make_campaign(session)
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, do="edit")
    service.update_campaign(session, campaign.id, CampaignUpdate(name="Theirs"), actor=DRAFTER)
    next(one for one in shown.text_input if one.label == "Name").set_value("Mine")

    press(shown, "Save the draft")

    assert "since you opened it" in errors(shown)[0]
    assert now(session, campaign).name == "Theirs"
    press(shown, "Begin again from how it is now")
    assert next(one for one in shown.text_input if one.label == "Name").value == "Theirs"
    press(shown, "Save the draft")
    assert not errors(shown)


def test_a_form_that_was_left_begins_anew(page: Open, session: Session) -> None:
    campaign = make_campaign(session)
    shown = page(Role.CAMPAIGNER, campaign=campaign.id)
    press(shown, "Edit")
    del shown.query_params["do"]
    shown.run()
    service.update_campaign(session, campaign.id, CampaignUpdate(name="Theirs"), actor=DRAFTER)
    shown.run()

    press(shown, "Edit")

    assert not warnings(shown)
    assert next(one for one in shown.text_input if one.label == "Name").value == "Theirs"


def test_a_time_is_a_wish_until_it_is_put_on_the_schedule(page: Open, session: Session) -> None:
    friday = datetime(2031, 5, 2, 10, 30, tzinfo=LAGOS)
    campaign = make_approved(session, scheduled_date=friday)
    shown = page(Role.CAMPAIGNER, campaign=campaign.id, tab="message")
    assert any("Meant for" in html for html in htmls(shown))

    press(shown, "Put on the schedule")

    scheduled = now(session, campaign)
    assert (scheduled.status, scheduled.scheduled_date) == ("scheduled", friday)
    assert not any("Meant for" in html for html in htmls(shown))
    later = datetime(2031, 5, 3, 8, 0, tzinfo=LAGOS)
    shown.datetime_input[0].set_value(later.replace(tzinfo=None))
    press(shown, "Put on the schedule")
    assert now(session, campaign).scheduled_date == later


def test_a_launched_campaign_has_no_form(page: Open, session: Session) -> None:
    campaign = make_approved(session)
    sql(session, "UPDATE crm_campaigns SET status = 'cancelled' WHERE id = :i", i=campaign.id)

    shown = page(Role.CAMPAIGNER, campaign=campaign.id, do="edit")

    assert "Save the draft" not in labels(shown)
    assert any("not edited any more" in info.value for info in shown.info)
