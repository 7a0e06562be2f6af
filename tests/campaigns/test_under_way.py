"""A campaign under way: its figures agree with the log at every moment; it is paused and ended."""

from collections import Counter
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today, utc_now
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Conflict
from crm_core.campaigns import queries, service
from crm_core.campaigns.effects import compare_campaigns, effect_of
from crm_core.campaigns.figures import campaign_stats
from crm_core.campaigns.invariants import invariants
from crm_core.campaigns.people import list_recipients
from crm_core.campaigns.schemas import (
    CampaignCancellation,
    CampaignStatus,
    Goal,
    RecipientFilter,
)
from crm_core.campaigns.service import running
from crm_core.messaging.gateways import Letter, Outcome, Verdict
from crm_core.messaging.schemas import Channel, MessageStatus
from crm_core.people.schemas import Role, machine
from tests.campaigns.test_launching import make_crowd
from tests.make import actor_for, make_staff
from tests.make_appointments import make_visit
from tests.make_campaigns import (
    DRAFTER,
    LAUNCHER,
    WORKER,
    make_approved,
    make_campaign,
    make_launched,
    make_queued,
    run_of,
    segment,
    where,
    work,
)
from tests.make_patients import make_patient
from tests.messaging.dispatch.providers import Scripted, accepts
from tests.messaging.dispatch.working import send_all
from tests.observe import sql
from tests.together import together

COMMAND = machine("command:test")
BECAUSE = CampaignCancellation(reason="The talk was called off")


def statuses(session: Session, campaign_id: int) -> Counter[str]:
    """How many messages are where, counted from the log itself and what is to come into it."""
    found = sql(
        session,
        "SELECT status, sum(n)::integer FROM ("
        " SELECT status, 1 AS n FROM crm_communication_logs WHERE campaign_id = :id UNION ALL"
        " SELECT status, messages FROM crm_unwritten_messages WHERE campaign_id = :id) AS each"
        " GROUP BY 1",
        id=campaign_id,
    )
    return Counter({row[0]: row[1] for row in found})


def compare_figures(session: Session, campaign_id: int) -> None:
    """The page's figures, the list's row and the log say the same, in one moment."""
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    log = statuses(session, campaign_id)
    total = campaign_stats(session, campaign_id).total
    row = queries.get_campaign(session, campaign_id)
    sent = log["sent"] + log["delivered"] + log["read"]
    assert (total.queued, total.waiting) == (log.total(), log["pending"] + log["deferred"])
    assert (total.sent, total.delivered, total.read) == (
        sent,
        log["delivered"] + log["read"],
        log["read"],
    )
    assert (total.failed, total.skipped, total.unknown) == (
        log["failed"],
        log["skipped"],
        log["unknown"],
    )
    assert (row.messages_sent, row.messages_delivered, row.messages_read) == (
        total.sent,
        total.delivered,
        total.read,
    )


def unreliable(letter: Letter) -> Outcome | None:
    """Takes most, refuses some for one reason or another, and is silent about others."""
    if letter.id % 7 == 0:
        return Outcome(letter.id, Verdict.REFUSED, error="Not in service.", code="dnd")
    if letter.id % 11 == 0:
        return Outcome(letter.id, Verdict.REFUSED, error="Full.", code="inbox_full")
    return None if letter.id % 13 == 0 else accepts(letter)


def test_figures_agree_with_the_log_at_every_moment_of_a_run(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 60)
    with SessionFactory.begin() as session:
        make_crowd(session, 230)
        campaign = make_queued(session, channels=["sms", "email"])
        compare_figures_here(session, campaign.id)
    looks = 0

    def watched(letter: Letter) -> Outcome | None:
        nonlocal looks
        looks += 1
        if letter.id % 10 == 0:
            with SessionFactory() as session:
                compare_figures(session, campaign.id)
        return unreliable(letter)

    for channel in (Channel.SMS, Channel.EMAIL):
        send_all(Scripted(channel=channel, answer=watched))
        with SessionFactory.begin() as session:
            service.fold_counts(session)

    assert looks == 459
    with SessionFactory.begin() as session:
        session.execute(
            text(
                "UPDATE crm_communication_logs SET status = 'delivered', delivered_at = now()"
                " WHERE campaign_id = :id AND status = 'sent' AND id % 2 = 0"
            ),
            {"id": campaign.id},
        )
    with SessionFactory() as session:
        compare_figures(session, campaign.id)
        stats = campaign_stats(session, campaign.id)
        assert {one.reason for one in stats.failures} >= {"dnd", "inbox_full"}
        assert stats.total.delivered > 100
        assert stats.total.cost > 0
        assert sum(one.queued for one in stats.channels) == stats.total.queued


def test_an_answer_counts_once_a_message(session: Session) -> None:
    patient = make_patient(session)
    campaign = make_launched(session)
    send_all(Scripted())
    (message_id,) = sql(session, "SELECT id FROM crm_communication_logs").scalars()
    for number in range(2):
        sql(
            session,
            "INSERT INTO crm_inbound_messages (channel, provider, provider_id, sender, text,"
            " answers_id) VALUES ('sms', 'x', :n, :s, 'Yes', :m)",
            n=str(number),
            s=patient.phone,
            m=message_id,
        )
    sql(session, "UPDATE crm_communication_logs SET status = 'delivered'")

    assert campaign_stats(session, campaign.id).total.answered == 1
    assert str(queries.get_campaign(session, campaign.id).response_rate) == "100.00"


def test_a_pause_holds_everything_but_the_chunk_on_its_way(own_database: str) -> None:
    with SessionFactory.begin() as session:
        make_crowd(session, 300)
        campaign = make_queued(session)

    def pausing(letter: Letter) -> Outcome | None:
        if len(gateway.letters) == 100 and letter.id == gateway.letters[-1].id:
            with SessionFactory.begin() as session:
                service.pause_campaign(session, campaign.id, actor=LAUNCHER)
        return accepts(letter)

    gateway = Scripted(answer=pausing)
    send_all(gateway)
    assert len(gateway.letters) == 100

    with SessionFactory.begin() as session:
        assert statuses(session, campaign.id) == {"sent": 100, "pending": 200}
        service.resume_campaign(session, campaign.id, actor=LAUNCHER)
    send_all(gateway)
    with SessionFactory() as session:
        assert statuses(session, campaign.id) == {"sent": 300}
        assert len({letter.id for letter in gateway.letters}) == len(gateway.letters) == 300


def test_a_pause_before_the_worker_comes_holds_all(session: Session) -> None:
    make_crowd(session, 30)
    campaign = make_approved(session)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    run_id = run_of(session, campaign.id).id
    service.pause_campaign(session, campaign.id, actor=LAUNCHER)
    service.work_on_run(session, run_id, actor=WORKER)

    gateway = Scripted()
    send_all(gateway)
    assert gateway.letters == []
    service.resume_campaign(session, campaign.id, actor=LAUNCHER)
    send_all(gateway)
    assert len(gateway.letters) == 30


def test_what_a_cancelled_campaign_did_not_send_it_never_sends(session: Session) -> None:
    make_crowd(session, 20)
    campaign = make_launched(session)

    ended = service.cancel_campaign(session, campaign.id, BECAUSE, actor=LAUNCHER)

    gateway = Scripted()
    send_all(gateway)
    assert gateway.letters == []
    assert (ended.status, ended.status_note) == (CampaignStatus.CANCELLED, BECAUSE.reason)
    stats = campaign_stats(session, campaign.id)
    assert (stats.total.skipped, stats.failures[0].reason) == (20, "campaign_cancelled")
    compare_figures_here(session, campaign.id)


def test_what_no_worker_had_taken_up_is_skipped_without_being_written(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 7)
    monkeypatch.setattr(running, "NEIGHBOURS", 1)
    make_crowd(session, 20)
    campaign = make_queued(session)
    stopping, sent = Event(), []

    def stops_after_a_batch(letter: Letter) -> Outcome | None:
        sent.append(letter)
        if len(sent) == 7:
            stopping.set()
        return accepts(letter)

    gateway = Scripted(answer=stops_after_a_batch)
    send_all(gateway, stopping=stopping)

    service.cancel_campaign(session, campaign.id, BECAUSE, actor=LAUNCHER)

    assert statuses(session, campaign.id) == {"sent": 7, "skipped": 13}
    assert sql(session, "SELECT count(*) FROM crm_communication_logs").scalar_one() == 7
    stats = campaign_stats(session, campaign.id)
    assert (stats.total.queued, stats.total.skipped, stats.total.waiting) == (20, 13, 0)
    assert [(one.reason, one.count) for one in stats.failures] == [("campaign_cancelled", 13)]
    found = list_recipients(session, campaign.id, RecipientFilter(), actor=DRAFTER)
    last = found.page(session).rows[0].channels[Channel.SMS]
    assert (last.status, last.reason) == (MessageStatus.SKIPPED, "campaign_cancelled")
    service.fold_counts(session)
    assert list(invariants(session)) == []
    send_all(gateway)
    assert len(gateway.letters) == 7


def compare_figures_here(session: Session, campaign_id: int) -> None:
    """The same comparison in a transaction that has begun."""
    log = statuses(session, campaign_id)
    total = campaign_stats(session, campaign_id).total
    assert (total.queued, total.skipped) == (log.total(), log["skipped"])


def test_cancelling_before_the_worker_comes_ends_the_run(session: Session) -> None:
    make_crowd(session, 30)
    campaign = make_approved(session)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)

    service.cancel_campaign(session, campaign.id, BECAUSE, actor=LAUNCHER)
    work(session, campaign.id)

    assert run_of(session, campaign.id).state == "cancelled"
    assert statuses(session, campaign.id) == {}


def test_cancelling_beside_a_worker_leaves_no_message_in_between(own_database: str) -> None:
    with SessionFactory.begin() as session:
        make_crowd(session, 30)
        campaign = make_queued(session)

    def cancel() -> None:
        with SessionFactory.begin() as session:
            service.cancel_campaign(session, campaign.id, BECAUSE, actor=LAUNCHER)

    outcomes = together([cancel, lambda: send_all(Scripted()) and None])
    assert outcomes == [None, None]

    with SessionFactory() as session:
        compare_figures_here(session, campaign.id)
        log = statuses(session, campaign.id)
        assert log["sent"] + log["skipped"] == log.total() == 30
        assert list(invariants(session)) == []


def test_a_campaign_is_completed_when_nothing_is_left_to_send(session: Session) -> None:
    make_crowd(session, 3)
    campaign = make_launched(session)
    assert service.complete_finished(session) == 0

    send_all(Scripted())

    assert service.complete_finished(session) == 1
    ended = queries.get_campaign(session, campaign.id)
    assert (ended.status, ended.end_date is not None) == (CampaignStatus.COMPLETED, True)


def test_a_campaign_with_a_goal_stays_active_until_its_days_are_over(session: Session) -> None:
    make_crowd(session, 3)
    make_launched(session, goal="visit_completed", goal_days=7)
    send_all(Scripted())
    assert service.complete_finished(session) == 0

    sql(session, "UPDATE crm_campaign_runs SET frozen_at = now() - interval '8 days'")

    assert service.complete_finished(session) == 1


def test_an_open_campaign_runs_every_day_and_reaches_each_person_once(session: Session) -> None:
    first = make_patient(session)
    rule = segment(where("points", "at_least", 100))
    campaign = make_launched(
        session, type="reminder", target_audience="specific_segment", segment_criteria=rule
    )
    send_all(Scripted())
    assert service.complete_finished(session) == 0
    assert service.open_daily_runs(session) == 0  # today's run is the launch itself

    yesterday(session, campaign.id)
    second = make_patient(session)
    assert service.open_daily_runs(session) == 1
    assert service.open_daily_runs(session) == 0
    work(session, campaign.id)

    assert reached(session, campaign.id) == [first.id, second.id]


def test_an_open_campaign_reaches_a_person_again_after_its_days(session: Session) -> None:
    patient = make_patient(session)
    rule = segment(where("points", "at_least", 100))
    campaign = make_launched(
        session,
        type="reminder",
        target_audience="specific_segment",
        segment_criteria=rule,
        repeat_after_days=3,
    )
    for days in range(1, 5):
        yesterday(session, campaign.id)
        service.open_daily_runs(session)
        work(session, campaign.id)
        assert len(reached(session, campaign.id)) == (1 if days < 3 else 2)
    assert set(reached(session, campaign.id)) == {patient.id}


def yesterday(session: Session, campaign_id: int) -> None:
    """Everything so far happened a day earlier."""
    # In two steps, for a campaign has one run a day also while its runs are moved.
    for days in (-1000, 999):
        sql(
            session,
            "UPDATE crm_campaign_runs SET day = day + :days WHERE campaign_id = :id",
            days=days,
            id=campaign_id,
        )


def reached(session: Session, campaign_id: int) -> list[int]:
    found = sql(
        session,
        "SELECT recipient_id FROM crm_communication_logs WHERE campaign_id = :id ORDER BY id",
        id=campaign_id,
    )
    return list(found.scalars())


def test_points_that_expire_in_thirty_days_are_a_rule(session: Session) -> None:
    soon, later = make_patient(session), make_patient(session)
    for patient, days in ((soon, 30), (later, 31)):
        sql(
            session,
            "UPDATE crm_loyalty_lots SET expires_on = :d WHERE patient_id = :p",
            d=lagos_today() + timedelta(days=days),
            p=patient.id,
        )
    campaign = make_launched(
        session,
        type="reminder",
        target_audience="specific_segment",
        segment_criteria=segment(where("points_expiring", "within_days", 30)),
    )

    assert reached(session, campaign.id) == [soon.id]


def test_a_test_goes_to_oneself_with_its_fields_filled_in(session: Session) -> None:
    staff = make_staff(session, Role.CAMPAIGNER, email="hauwa@example.ng")
    campaign = make_campaign(
        session, channels=["sms", "email"], message_template="Dear {name}, {points} points, {date}"
    )

    sms, email = service.send_test(session, campaign.id, actor=actor_for(staff))

    assert (sms.status, sms.reason) == ("skipped", "no_address")
    assert (email.status, email.recipient_id, email.campaign_id) == ("pending", staff.id, None)
    assert "{" not in str(email.content)
    with pytest.raises(Conflict, match="sign in"):
        service.send_test(session, campaign.id, actor=COMMAND)


@pytest.mark.parametrize("goal", [Goal.APPOINTMENT_BOOKED, Goal.VISIT_COMPLETED])
def test_what_people_did_is_counted_in_both_groups(session: Session, goal: Goal) -> None:
    people = [make_patient(session) for _ in range(30)]
    campaign = make_launched(session, control_percent=50, goal=goal.value)
    control = set(
        sql(
            session,
            "SELECT person_id FROM crm_campaign_recipients WHERE outcome = 'control'",
        ).scalars()
    )
    assert 3 < len(control) < 27
    for patient in people[:10]:
        visit = make_visit(session, patient.id)
        did(session, visit.id, goal)

    assert service.count_conversions(session) == 10
    assert service.count_conversions(session) == 0
    effect = effect_of(session, campaign.id, actor=DRAFTER)
    left_out = len(control & {patient.id for patient in people[:10]})
    assert (effect.control.people, effect.control.converted) == (len(control), left_out)
    assert (effect.treated.people, effect.treated.converted) == (30 - len(control), 10 - left_out)
    assert campaign_stats(session, campaign.id).converted == 10 - left_out


def did(session: Session, visit_id: int, goal: Goal) -> None:
    """The visit was booked, or completed, after the launch."""
    later = utc_now() + timedelta(minutes=5)
    if goal is Goal.APPOINTMENT_BOOKED:
        sql(
            session, "UPDATE crm_appointments SET booked_at = :t WHERE id = :i", t=later, i=visit_id
        )
        return
    for status in ("arrived", "in_progress"):
        sql(
            session,
            "UPDATE crm_appointments SET status = :s WHERE id = :i",
            s=status,
            i=visit_id,
        )
    sql(
        session,
        "UPDATE crm_appointments SET status = 'completed', completed_at = :t WHERE id = :i",
        t=later,
        i=visit_id,
    )


def test_what_was_done_before_the_launch_or_long_after_it_does_not_count(session: Session) -> None:
    early, late = make_patient(session), make_patient(session)
    make_launched(session, goal="appointment_booked", goal_days=7)
    for patient, days in ((early, -1), (late, 8)):
        visit = make_visit(session, patient.id)
        sql(
            session,
            "UPDATE crm_appointments SET booked_at = now() + make_interval(days => :d)"
            " WHERE id = :i",
            d=days,
            i=visit.id,
        )

    assert service.count_conversions(session) == 0


def test_campaigns_are_compared_side_by_side(session: Session) -> None:
    make_crowd(session, 4)
    first = make_launched(session)
    second = make_launched(session, channels=["sms", "email"])
    send_all(Scripted())

    found = compare_campaigns(session, [second.id, first.id], actor=DRAFTER)

    assert [(one.id, one.recipients, one.sent) for one in found] == [
        (first.id, 4, 4),
        (second.id, 4, 4),
    ]
