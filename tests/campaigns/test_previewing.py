"""The explainable send: everyone, less those left out and why; and the launch does as was shown."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.campaigns import people, previewing, service
from crm_core.campaigns.audiences import brief_of
from crm_core.campaigns.deciding import decided
from crm_core.campaigns.previewing import deferred_until, filled_in, preview_campaign
from crm_core.campaigns.schemas import Fate, RecipientFilter
from crm_core.messaging.consent import service as consent
from crm_core.messaging.consent.schemas import Choice
from crm_core.messaging.schemas import Channel, Purpose, RecipientType
from tests.make_appointments import make_visit
from tests.make_business import make_owner
from tests.make_campaigns import (
    APPROVER,
    DRAFTER,
    LAUNCHER,
    drafted,
    make_campaign,
    make_launched,
    work,
)
from tests.make_messages import WRITER, make_message
from tests.make_patients import make_patient
from tests.observe import executed, sql

PROMOTION = {"type": "promotional", "message_template": "Come on Friday. Reply STOP to opt out."}


def fates(session: Session, **more: Any) -> dict[int, tuple[str, ...]]:
    """Person → outcome, and the fate on each channel."""
    rows = session.execute(decided(brief_of(drafted(**more))))
    return {row[0]: tuple(row[1:]) for row in rows}


def fate(session: Session, person_id: int, **more: Any) -> str:
    return fates(session, **more)[person_id][0]


def opt_out(session: Session, patient_id: int, purpose: Purpose | None = None) -> None:
    choice = Choice(
        recipient_type=RecipientType.PATIENT,
        recipient_id=patient_id,
        channel=Channel.SMS,
        purpose=purpose,
    )
    consent.opt_out(session, choice, source="stop word", actor=WRITER)


def had_lately(session: Session, patient_id: int, times: int, *, days_ago: int = 1) -> None:
    for _ in range(times):
        message = make_message(session, patient_id, purpose="promotional")
        sql(
            session,
            "UPDATE crm_communication_logs SET status = 'sent', sent_at = :at WHERE id = :id",
            id=message.id,
            at=utc_now() - timedelta(days=days_ago),
        )


def test_who_did_not_agree_is_left_out(session: Session) -> None:
    patient = make_patient(session, communication_preferences={"sms": False, "email": True})

    assert fate(session, patient.id) == "no_consent"


@pytest.mark.parametrize(
    ("purpose", "kind", "expected"),
    [
        (None, "promotional", "opted_out"),
        (None, "reminder", "opted_out"),
        (Purpose.PROMOTIONAL, "promotional", "opted_out"),
        (Purpose.SURVEY, "promotional", "queued"),
        (Purpose.PROMOTIONAL, "reminder", "queued"),
    ],
)
def test_who_opted_out_is_left_out_of_what_they_opted_out_of(
    session: Session, purpose: Purpose | None, kind: str, expected: str
) -> None:
    patient = make_patient(session)
    opt_out(session, patient.id, purpose)

    assert fate(session, patient.id, type=kind) == expected


def test_the_latest_choice_holds(session: Session) -> None:
    patient = make_patient(session)
    opt_out(session, patient.id)
    choice = Choice(
        recipient_type=RecipientType.PATIENT, recipient_id=patient.id, channel=Channel.SMS
    )
    consent.opt_in(session, choice, source="at the desk", actor=WRITER)

    assert fate(session, patient.id) == "queued"


def test_without_an_address_there_is_nowhere_to_write_to(session: Session) -> None:
    patient = make_patient(session)

    assert fate(session, patient.id, channels=["email"]) == "no_address"


def test_a_number_of_another_country_is_invalid(session: Session) -> None:
    patient = make_patient(session)
    sql(session, "UPDATE crm_patients SET phone = '+447700900123' WHERE id = :i", i=patient.id)

    assert fate(session, patient.id) == "invalid_number"


def test_an_address_that_failed_for_good_is_left_out(session: Session) -> None:
    patient = make_patient(session)
    sql(
        session,
        "INSERT INTO crm_suppressed_addresses (channel, address, reason) VALUES ('sms', :a, 'x')",
        a=patient.phone,
    )

    assert fate(session, patient.id) == "suppressed"
    sql(session, "UPDATE crm_suppressed_addresses SET lifted_at = now()")
    assert fate(session, patient.id) == "queued"


def test_one_number_gets_one_promotion_and_each_reminder(session: Session) -> None:
    mother, child = make_patient(session), make_patient(session)
    sql(session, "UPDATE crm_patients SET phone = :p", p=mother.phone)

    promoted = fates(session, **PROMOTION)
    reminded = fates(session, type="reminder")

    assert (promoted[mother.id][0], promoted[child.id][0]) == ("queued", "shared_number")
    assert (reminded[mother.id][0], reminded[child.id][0]) == ("queued", "queued")


@pytest.mark.parametrize(
    ("sent", "days_ago", "expected"),
    [(0, 1, "queued"), (1, 1, "queued"), (2, 1, "capped"), (2, 8, "queued")],
)
def test_a_patient_gets_two_such_messages_a_week(
    session: Session, sent: int, days_ago: int, expected: str
) -> None:
    patient = make_patient(session)
    had_lately(session, patient.id, sent, days_ago=days_ago)

    assert fate(session, patient.id, **PROMOTION) == expected
    assert fate(session, patient.id, type="reminder") == "queued"


def test_the_cap_counts_the_campaign_s_own_channels(session: Session) -> None:
    patient = make_patient(session, email="ada@example.ng")
    had_lately(session, patient.id, 1)

    found = fates(session, channels=["email", "sms"], **PROMOTION)

    assert found[patient.id] == ("queued", "queued", "capped")


def test_the_dead_and_those_who_left_are_no_audience(session: Session) -> None:
    for status in ("deceased", "inactive"):
        patient = make_patient(session)
        sql(session, "UPDATE crm_patients SET status = :s WHERE id = :i", s=status, i=patient.id)

    assert fates(session) == {}


def test_a_text_about_the_next_visit_goes_to_those_who_have_one(session: Session) -> None:
    visitor = make_patient(session)
    make_visit(session, visitor.id)
    other = make_patient(session)

    found = fates(session, type="reminder", message_template="See you on {date} at {time}")

    assert (found[visitor.id][0], found[other.id][0]) == ("queued", "no_appointment")


def test_owners_are_an_audience_of_their_own(session: Session) -> None:
    make_patient(session)
    owner = make_owner(session)

    more = {"target_audience": "all_owners", "message_template": "Dear {name}"}
    assert fates(session, channels=["sms", "email"], **more) == {
        owner.id: ("queued", "queued", "queued")
    }


def test_a_person_is_queued_where_a_channel_is(session: Session) -> None:
    both = make_patient(session, email="ada@example.ng")
    phone = make_patient(session)
    neither = make_patient(session, communication_preferences={"sms": False, "email": True})

    found = fates(session, channels=["email", "sms"])

    assert found == {
        both.id: ("queued", "queued", "queued"),
        phone.id: ("queued", "no_address", "queued"),
        neither.id: ("no_address", "no_address", "no_consent"),
    }


def test_everyone_less_those_left_out_is_who_gets_it(session: Session) -> None:
    for number in range(40):
        make_patient(session, communication_preferences={"sms": number % 4 > 0, "email": True})
    had_lately(session, make_patient(session).id, 2)

    preview = preview_campaign(session, drafted(control_percent=30, **PROMOTION), actor=DRAFTER)

    taken = sum(one.count for one in preview.excluded)
    assert preview.audience == 41
    assert preview.audience - taken - preview.control == preview.recipients
    assert {one.reason for one in preview.excluded} == {Fate.NO_CONSENT, Fate.CAPPED}
    assert preview.control > 0


def test_a_launch_does_what_the_preview_of_that_campaign_showed(session: Session) -> None:
    for number in range(60):
        make_patient(session, communication_preferences={"sms": number % 5 > 0, "email": True})
    more = {"control_percent": 25, **PROMOTION}
    campaign = make_campaign(session, **more)
    filters = RecipientFilter(limit=100)
    shown = people.list_recipients(session, campaign.id, filters, actor=DRAFTER).page(session)
    service.submit_campaign(session, campaign.id, actor=DRAFTER)
    launched = _launch(session, campaign.id)
    done = people.list_recipients(session, launched, filters, actor=DRAFTER).page(session)

    assert {row.id: row.outcome for row in shown.rows} == {row.id: row.outcome for row in done.rows}
    assert Counter(row.outcome for row in done.rows)[Fate.CONTROL] > 5


def _launch(session: Session, campaign_id: int) -> int:
    service.approve_campaign(session, campaign_id, actor=APPROVER)
    service.launch_campaign(session, campaign_id, actor=LAUNCHER)
    work(session, campaign_id)
    return campaign_id


def test_the_control_group_is_about_its_share_and_only_of_those_who_would_get_it(
    session: Session,
) -> None:
    sql(
        session,
        "INSERT INTO crm_patients (first_name, last_name, phone, date_of_birth, gender, address,"
        " city, state, communication_preferences) SELECT 'A', 'B', '+2348061' || (100000 + n),"
        " '1990-01-01', 'male', 'x', 'x', 'Kano', jsonb_build_object('sms', n % 2 = 0)"
        " FROM generate_series(1, 4000) n",
    )

    outcomes = Counter(row[0] for row in fates(session, control_percent=10).values())

    assert outcomes["no_consent"] == 2000
    assert 140 <= outcomes["control"] <= 260
    assert set(Counter(row[0] for row in fates(session).values())) == {"no_consent", "queued"}


def test_a_preview_takes_as_many_statements_for_many_as_for_few(session: Session) -> None:
    counts = []
    for _ in range(2):
        for _ in range(15):
            make_patient(session)
        with executed(session) as seen:
            preview_campaign(session, drafted(), actor=DRAFTER)
        counts.append(len(seen))

    assert counts[0] == counts[1]


def test_the_cost_is_that_of_the_texts_as_people_read_them(session: Session) -> None:
    make_patient(session, "Ada Obi")
    make_patient(session, "Ọláyẹmí Adébáyọ̀")
    body = "Dear {name}, " + "x" * 120

    preview = preview_campaign(session, drafted(message_template=body), actor=DRAFTER)

    # One part in plain letters, three with tone marks; four naira each.
    assert (preview.costs[0].parts, preview.cost) == (4, Decimal("16.00"))


def test_promotions_wait_for_the_end_of_the_quiet_hours(session: Session) -> None:
    late = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)  # ten in the evening in Lagos

    assert deferred_until(session, Purpose.PROMOTIONAL, late) == datetime(
        2026, 11, 25, 7, 0, tzinfo=UTC
    )
    assert deferred_until(session, Purpose.REMINDER, late) is None
    preview = preview_campaign(
        session,
        drafted(scheduled_date=late.replace(year=2030), **PROMOTION),
        actor=DRAFTER,
    )
    assert preview.deferred_until is not None


def test_a_time_that_lies_behind_holds_nothing_back(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
    monkeypatch.setattr(previewing, "utc_now", lambda: noon)
    night_before = noon.replace(day=23, hour=21)

    preview = preview_campaign(
        session, drafted(scheduled_date=night_before, **PROMOTION), actor=DRAFTER
    )

    assert preview.deferred_until is None


def test_texts_are_shown_as_real_people_would_read_them(session: Session) -> None:
    make_patient(session, "Ada Obi")
    brief = brief_of(drafted(message_template="Dear {first_name}, you have {points} points"))

    ((name, texts),) = filled_in(session, brief, actor=DRAFTER)

    assert name == "Ada Obi"
    assert texts[Channel.SMS].body == "Dear Ada, you have 100 points"


def test_each_reason_opens_its_people(session: Session) -> None:
    silent = make_patient(session, communication_preferences={"sms": False, "email": True})
    make_patient(session)
    campaign = make_launched(session)

    wanted = RecipientFilter(outcome=Fate.NO_CONSENT)
    page = people.list_recipients(session, campaign.id, wanted, actor=DRAFTER).page(session)

    (row,) = page.rows
    assert (row.id, row.sentence, page.total) == (silent.id, "Did not agree to this channel.", 1)
