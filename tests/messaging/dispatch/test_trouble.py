"""When the provider, or a worker, is in trouble: nothing is lost, and nothing is sent twice."""

from threading import Event

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging import service
from crm_core.messaging.dispatch import breaker, doubts, leases
from crm_core.messaging.dispatch.batches import CHUNK
from crm_core.messaging.dispatch.patience import Line
from crm_core.messaging.gateways import GatewayDown, Letter, Outcome, Unanswered, Verdict
from crm_core.messaging.schemas import Channel
from tests.make_messages import WRITER, outgoing
from tests.make_patients import make_patient
from tests.messaging.dispatch.providers import Scripted, accepts
from tests.messaging.dispatch.working import batches_of, get, send_all


def many(session: Session, count: int) -> list[int]:
    """Messages in one batch; gives their ids."""
    patient = make_patient(session)
    kept = service.queue_all(session, [outgoing(patient.id)] * count, actor=WRITER)
    return [message.id for message in kept]


def statuses(session: Session) -> dict[str, int]:
    """How many messages are in each state."""
    rows = session.execute(
        text("SELECT status, count(*) AS n FROM crm_communication_logs GROUP BY 1 ORDER BY 1")
    )
    return {row.status: row.n for row in rows}


def health(session: Session) -> tuple[str, int]:
    """The state of the SMS channel, and its failures in a row."""
    row = session.execute(
        text("SELECT state, failures FROM crm_channel_health WHERE channel = 'sms'")
    ).one()
    return row.state, row.failures


def lose_lease(session: Session) -> None:
    """Whoever has a batch is not heard of any more."""
    session.execute(
        text(
            "UPDATE crm_message_batches SET leased_until = now() - interval '1 s'"
            " WHERE leased_until IS NOT NULL"
        )
    )


def die_in_a_chunk(session: Session) -> None:
    """A worker ends between handing a chunk over and recording it."""

    class Died(BaseException):
        pass

    def dies(_: Letter) -> Outcome:
        raise Died

    with pytest.raises(Died):
        send_all(Scripted(answer=dies))
    lose_lease(session)


def test_a_batch_goes_out_in_chunks(session: Session) -> None:
    many(session, 120)
    gateway = Scripted()
    assert send_all(gateway) == 1
    assert gateway.chunks == [CHUNK, CHUNK, 20]
    assert statuses(session) == {"sent": 120}


def test_a_stopping_worker_finishes_its_chunk_and_gives_the_rest_back(session: Session) -> None:
    many(session, 120)
    stopping = Event()

    def stops(letter: Letter) -> Outcome:
        stopping.set()
        return accepts(letter)

    gateway = Scripted(answer=stops)
    send_all(gateway, stopping=stopping)
    batch = batches_of(session)[0]
    assert statuses(session) == {"pending": 70, "sent": 50}
    assert (batch.state, batch.leased_until) == ("ready", None)
    other = Scripted()
    send_all(other)
    assert statuses(session) == {"sent": 120}
    assert len({letter.id for letter in gateway.letters + other.letters}) == 120


def test_a_pause_is_noticed_after_the_chunk_in_hand(session: Session) -> None:
    many(session, 120)

    def pauses(letter: Letter) -> Outcome:
        session.execute(text("UPDATE crm_message_batches SET state = 'paused'"))
        return accepts(letter)

    send_all(Scripted(answer=pauses))
    assert statuses(session) == {"pending": 70, "sent": 50}
    session.execute(text("UPDATE crm_message_batches SET state = 'ready'"))
    send_all(Scripted())
    assert statuses(session) == {"sent": 120}


def test_the_chunk_of_a_worker_that_died_becomes_unknown(session: Session) -> None:
    many(session, 120)
    die_in_a_chunk(session)
    assert statuses(session) == {"pending": 120}
    gateway = Scripted()
    send_all(gateway)
    assert statuses(session) == {"sent": 70, "unknown": 50}
    assert len(gateway.letters) == 70


def test_what_the_provider_knows_of_a_lost_chunk_settles_it(session: Session) -> None:
    first, *others = many(session, 60)
    die_in_a_chunk(session)

    def knows(letter: Letter) -> Outcome:
        if letter.id == first:
            return accepts(letter)
        return Outcome(letter.id, Verdict.RETRY)

    gateway = Scripted(knows=knows)
    send_all(gateway)
    assert statuses(session) == {"pending": 49, "sent": 11}
    session.execute(text("UPDATE crm_message_batches SET due_at = now()"))
    send_all(gateway)
    assert statuses(session) == {"sent": 60}
    assert sorted(letter.id for letter in gateway.letters) == sorted(others)


def test_where_keys_are_honoured_the_chunk_is_sent_again_with_the_same(session: Session) -> None:
    many(session, 60)
    lost = Scripted(trouble=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        send_all(lost)
    lose_lease(session)
    gateway = Scripted(honours_keys=True)
    send_all(gateway)
    assert statuses(session) == {"sent": 60}
    assert [one.key for one in lost.letters] == [one.key for one in gateway.letters[:50]]


def test_a_lost_chunk_of_a_cancelled_batch_is_not_forgotten(session: Session) -> None:
    many(session, 60)
    die_in_a_chunk(session)
    session.execute(text("UPDATE crm_message_batches SET state = 'cancelled'"))
    gateway = Scripted()
    send_all(gateway)
    assert gateway.letters == []
    assert statuses(session) == {"pending": 10, "unknown": 50}


def test_a_lost_chunk_of_a_cancelled_batch_is_sent_again_nowhere(session: Session) -> None:
    many(session, 60)
    die_in_a_chunk(session)
    session.execute(text("UPDATE crm_message_batches SET state = 'cancelled'"))
    gateway = Scripted(honours_keys=True)
    send_all(gateway)
    assert gateway.letters == []
    assert statuses(session) == {"pending": 10, "unknown": 50}


def test_who_lost_the_lease_stops(session: Session) -> None:
    many(session, 120)
    other = Scripted()

    def is_late(letter: Letter) -> Outcome:
        if not other.letters:
            lose_lease(session)
            send_all(other)
        return accepts(letter)

    late = Scripted(answer=is_late)
    send_all(late)
    assert late.chunks == [50]
    assert len(other.letters) == 70
    # What became of the chunk is known after all.
    assert statuses(session) == {"sent": 120}


def test_silence_makes_a_chunk_unknown_and_it_is_not_sent_again(session: Session) -> None:
    many(session, 3)
    gateway = Scripted(trouble=Unanswered("timed out"))
    send_all(gateway)
    send_all(Scripted())
    assert statuses(session) == {"unknown": 3}
    assert len(gateway.letters) == 3


def test_a_bug_of_an_adapter_makes_its_chunk_unknown(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    many(session, 3)
    send_all(Scripted(trouble=ZeroDivisionError()))
    assert statuses(session) == {"unknown": 3}
    assert "scripted broke" in caplog.text


def test_the_provider_is_asked_later_what_became_of_unknown_messages(session: Session) -> None:
    first, second, _ = many(session, 3)
    send_all(Scripted(trouble=Unanswered("timed out")))
    session.execute(
        text("UPDATE crm_communication_logs SET updated_at = now() - interval '2 minutes'")
    )

    def knows(letter: Letter) -> Outcome | None:
        answers = {first: accepts(letter), second: Outcome(letter.id, Verdict.RETRY)}
        return answers.get(letter.id)

    assert doubts.look_up(Scripted(knows=knows), Line()) == 2
    assert statuses(session) == {"failed": 1, "sent": 1, "unknown": 1}
    assert get(session, second).reason == "never_arrived"
    assert get(session, first).attempts == 1


def test_what_was_surely_not_accepted_waits_unchanged(session: Session) -> None:
    many(session, 3)
    send_all(Scripted(trouble=GatewayDown("Connection refused", retry_after=60)))
    assert statuses(session) == {"pending": 3}
    assert batches_of(session)[0].attempts == 1
    assert health(session) == ("closed", 1)


def test_after_three_failures_the_channel_waits_and_one_message_is_the_trial(
    session: Session,
) -> None:
    many(session, 120)
    for _ in range(breaker.MOST_FAILURES):
        session.execute(text("UPDATE crm_message_batches SET due_at = now()"))
        send_all(Scripted(trouble=GatewayDown("Connection refused")))
    assert health(session)[0] == "open"
    session.execute(text("UPDATE crm_message_batches SET due_at = now()"))
    gateway = Scripted()
    assert send_all(gateway) == 0
    session.execute(text("UPDATE crm_channel_health SET retry_at = now()"))
    send_all(gateway)
    assert gateway.chunks == [1, 50, 50, 19]
    assert health(session) == ("closed", 0)


def test_a_failed_trial_makes_the_channel_wait_longer(session: Session) -> None:
    many(session, 3)
    asked = "SELECT extract(epoch FROM retry_at - now()) FROM crm_channel_health WHERE id = 1"
    pauses = []
    for _ in range(breaker.MOST_FAILURES + 2):
        session.execute(text("UPDATE crm_message_batches SET due_at = now()"))
        session.execute(text("UPDATE crm_channel_health SET retry_at = now() WHERE state = 'open'"))
        send_all(Scripted(trouble=GatewayDown("Connection refused")))
        pauses.append(session.execute(text(asked)).scalar_one())
    assert [int(pause) for pause in pauses[2:]] == [15, 30, 60]
    assert statuses(session) == {"pending": 3}


def test_silence_opens_the_breaker_too(session: Session) -> None:
    many(session, 4 * CHUNK)
    gateway = Scripted(trouble=Unanswered("timed out"))
    send_all(gateway)
    assert gateway.chunks == [CHUNK] * 3
    assert health(session)[0] == "open"
    assert statuses(session) == {"pending": 50, "unknown": 150}


def test_a_provider_that_gives_one_number_twice_stops_nobody(session: Session) -> None:
    first, second = many(session, 2)
    send_all(Scripted(answer=lambda letter: Outcome(letter.id, Verdict.ACCEPTED, "same")))
    assert statuses(session) == {"sent": 2}
    assert get(session, first).provider_id is None
    assert get(session, second).provider_id is None


def test_only_the_number_that_two_messages_have_is_lost(session: Session) -> None:
    taken, *rest = many(session, 4)
    session.execute(
        text(
            "UPDATE crm_communication_logs SET status = 'sent', provider = 'scripted',"
            " provider_id = 'n0' WHERE id = :id"
        ),
        {"id": taken},
    )
    numbers = dict(zip(rest, ["n0", "n1", "n2"], strict=True))
    send_all(Scripted(answer=lambda one: Outcome(one.id, Verdict.ACCEPTED, numbers[one.id])))
    assert [get(session, one).provider_id for one in (taken, *rest)] == ["n0", None, "n1", "n2"]


def test_what_no_database_can_keep_is_taken_out_of_an_answer(session: Session) -> None:
    first, second = many(session, 2)
    answers = {
        first: Outcome(first, Verdict.ACCEPTED, "a\0\ud800"),
        second: Outcome(second, Verdict.REFUSED, error="no\0 \ud800", code="x\0"),
    }
    send_all(Scripted(answer=lambda letter: answers[letter.id]))
    assert get(session, first).provider_id == "a?"
    refused = get(session, second)
    assert (refused.status, refused.reason, refused.error_message) == ("failed", "x", "no ?")


def test_a_letter_that_was_not_begun_has_used_up_no_attempt(session: Session) -> None:
    first, second = many(session, 2)

    def one_a_connection(letter: Letter) -> Outcome:
        return accepts(letter) if letter.id == first else Outcome(letter.id, Verdict.NOT_BEGUN)

    send_all(Scripted(answer=one_a_connection))
    waits = get(session, second)
    assert (waits.status, waits.reason, waits.attempts) == ("pending", "retry", 0)
    session.execute(text("UPDATE crm_message_batches SET due_at = now()"))
    send_all(Scripted())
    assert statuses(session) == {"sent": 2}


def test_a_mailbox_that_wants_us_later_does_not_stop_the_channel(session: Session) -> None:
    many(session, 1)
    for _ in range(breaker.MOST_FAILURES + 1):
        session.execute(text("UPDATE crm_message_batches SET due_at = now()"))
        send_all(Scripted(answer=lambda letter: Outcome(letter.id, Verdict.LATER, error="Full.")))
    assert health(session) == ("closed", 0)


def test_a_lease_that_is_lost_cannot_be_renewed(session: Session) -> None:
    many(session, 1)
    lease = leases.take(session, Channel.SMS, "one")
    assert lease is not None
    lose_lease(session)
    assert leases.take(session, Channel.SMS, "two") is not None
    with pytest.raises(leases.LeaseLost):
        leases.renew(session, lease)
