"""How messages fare: sums by the hour that follow every change, and figures made of them."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.messaging.figures import queries
from crm_core.messaging.figures.invariants import invariants
from crm_core.messaging.schemas import Channel
from tests.make_messages import make_message
from tests.make_patients import make_patient


def sent(session: Session, *statuses: str) -> list[int]:
    """Messages that the sandbox accepted now, and that have come so far."""
    patient = make_patient(session)
    ids = [make_message(session, patient.id).id for _ in statuses]
    move(session, ids, "sent")
    for message_id, status in zip(ids, statuses, strict=True):
        if status != "sent":
            move(session, [message_id], status)
    return ids


def move(session: Session, ids: list[int], status: str) -> None:
    """They have come to this state."""
    session.execute(
        text(
            "UPDATE crm_communication_logs SET status = CAST(:status AS crm_message_status),"
            " sent_at = coalesce(sent_at, now()), provider = 'sandbox', cost = 4"
            " WHERE id = ANY(:ids)"
        ),
        {"status": status, "ids": ids},
    )


def hours(session: Session) -> list[tuple[str, str, int, int, int, int]]:
    """The last day by the hour."""
    now = utc_now()
    found = queries.health_by_hour(session, now - timedelta(days=1), now + timedelta(hours=1))
    return [(h.channel.value, h.provider, h.sent, h.delivered, h.read, h.failed) for h in found]


def test_an_hour_counts_each_message_where_it_is_now(session: Session) -> None:
    sent(session, "sent", "delivered", "delivered", "failed")
    assert hours(session) == [("sms", "sandbox", 1, 2, 0, 1)]


def test_adding_up_changes_no_figure(session: Session) -> None:
    ids = sent(session, "sent", "sent")
    queries.add_up(session)
    move(session, ids[:1], "delivered")
    before = hours(session)
    queries.add_up(session)

    assert before == hours(session) == [("sms", "sandbox", 1, 1, 0, 0)]
    assert session.execute(text("SELECT count(*) FROM crm_message_hour_lines")).scalar() == 0
    assert list(invariants(session)) == []


def test_what_was_not_handed_over_is_not_counted(session: Session) -> None:
    patient = make_patient(session)
    make_message(session, patient.id, channel="whatsapp")
    make_message(session, patient.id)
    assert hours(session) == []


def test_stats_say_how_far_messages_came(session: Session) -> None:
    sent(session, "sent", "delivered", "read", "failed")
    make_message(session, make_patient(session).id)

    stats = queries.communication_stats(session)

    assert (stats.sent, stats.delivered, stats.read, stats.failed) == (4, 2, 1, 1)
    assert (stats.delivery_rate, stats.read_rate) == (Decimal("0.5000"), Decimal("0.5000"))
    assert (stats.cost, stats.by_channel[Channel.SMS].sent) == (Decimal("16.00"), 4)
    assert (stats.waiting, stats.unknown) == (5, 0)  # nobody has worked on the batches


def test_stats_of_nothing_are_noughts(session: Session) -> None:
    stats = queries.communication_stats(session)
    assert (stats.sent, stats.delivery_rate, stats.by_channel) == (0, None, {})


def test_every_channel_says_who_serves_it_and_whether_it_sends(session: Session) -> None:
    session.execute(
        text(
            "UPDATE crm_channel_health SET state = 'open', reason = 'It does not answer.',"
            " retry_at = now() WHERE channel = 'sms'"
        )
    )
    make_message(session, make_patient(session).id)

    found = {each.channel.value: each for each in queries.channel_states(session)}

    assert list(found) == ["sms", "email", "whatsapp"]
    assert (found["sms"].state, found["sms"].reason) == ("open", "It does not answer.")
    assert (found["sms"].waiting, found["email"].waiting) == (1, 0)
    assert all(each.sandbox and each.gateway == "sandbox" for each in found.values())


def test_verify_finds_a_sum_that_is_not_true(session: Session) -> None:
    sent(session, "sent")
    assert list(invariants(session)) == []
    session.execute(text("SET ROLE NONE; UPDATE crm_message_hour_lines SET messages = 2"))
    (broken,) = invariants(session)
    assert broken.startswith("the sums of an hour are not what its messages say")
