"""What the channels of one campaign have to do with each other, person by person."""

from sqlalchemy.orm import Session

from crm_core.campaigns.audiences import brief_of
from crm_core.campaigns.deciding import decided
from crm_core.campaigns.invariants import invariants
from tests.make_campaigns import drafted, make_queued, run_of
from tests.make_patients import make_patient
from tests.observe import sql

PROMOTION = {"type": "promotional", "message_template": "Come on Friday. Reply STOP to opt out."}
THREE = ["sms", "email", "whatsapp"]


def fates(session: Session, **more: object) -> dict[int, tuple[str, ...]]:
    """Person → outcome, and the fate on each channel."""
    rows = session.execute(decided(brief_of(drafted(**more), campaign_id=1)))
    return {row[0]: tuple(row[1:]) for row in rows}


def make_reachable(session: Session, email: str | None = None) -> int:
    """Somebody who agreed to three channels; gives their number."""
    agreed = {"sms": True, "email": True, "whatsapp": True}
    return make_patient(session, communication_preferences=agreed, email=email).id


def test_of_three_channels_the_first_two_take_the_week_s_share(session: Session) -> None:
    person = make_reachable(session, email="ada@example.ng")

    found = fates(session, channels=THREE, **PROMOTION)

    assert found[person] == ("queued", "queued", "queued", "capped")


def test_a_channel_that_does_not_reach_a_person_takes_nothing_of_the_share(
    session: Session,
) -> None:
    person = make_reachable(session)

    found = fates(session, channels=["email", "sms", "whatsapp"], **PROMOTION)

    assert found[person] == ("queued", "no_address", "queued", "queued")


def test_who_is_drawn_gets_nothing_and_keeps_the_reasons_of_the_other_channels(
    session: Session,
) -> None:
    people = [make_reachable(session, email=f"p{n}@example.ng") for n in range(40)]

    found = fates(session, channels=THREE, control_percent=50, **PROMOTION)

    assert {found[person] for person in people} == {
        ("queued", "queued", "queued", "capped"),
        ("control", "control", "control", "capped"),
    }


def test_a_share_of_nothing_leaves_everybody_out(session: Session) -> None:
    person = make_reachable(session, email="ada@example.ng")
    sql(session, "UPDATE crm_parameters SET value = 0 WHERE name = 'messaging.weekly_cap'")

    found = fates(session, channels=["sms", "email"], **PROMOTION)

    assert found[person] == ("capped", "capped", "capped")


def test_a_channel_that_nothing_sends_on_yet_reaches_nobody(session: Session) -> None:
    person = make_reachable(session)

    assert fates(session, channels=["push"])[person] == ("no_address", "no_address")


def test_a_number_too_short_or_too_long_is_invalid(session: Session) -> None:
    person = make_reachable(session)
    for number in ("+234803123456", "+23480312345678", "2348031234567"):
        sql(session, "UPDATE crm_patients SET phone = :p WHERE id = :i", p=number, i=person)

        assert fates(session)[person] == ("invalid_number", "invalid_number")


def test_a_launch_that_reaches_nobody_tells_why_and_counts_nobody_as_chosen(
    session: Session,
) -> None:
    make_patient(session, communication_preferences={"sms": False})

    run = run_of(session, make_queued(session).id)

    assert (run.people, run.chosen, run.control, run.messages) == (1, 0, 0, 0)
    assert run.outcomes == {"no_consent": 1}
    assert list(invariants(session)) == []


def test_a_launch_counts_those_it_chose_beside_those_it_left_out(session: Session) -> None:
    make_patient(session)
    make_patient(session)
    make_patient(session, communication_preferences={"sms": False})

    run = run_of(session, make_queued(session).id)

    assert (run.people, run.chosen) == (3, 2)
    assert run.outcomes == {"queued": 2, "no_consent": 1}
