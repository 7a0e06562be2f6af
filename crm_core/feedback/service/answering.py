"""Answers to the giver, and what the giver writes back."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict
from crm_core.feedback import clocks, givers, queries
from crm_core.feedback.alarm import alarm_words_in
from crm_core.feedback.models import Feedback
from crm_core.feedback.schemas import (
    OPEN,
    EntryKind,
    EscalationReason,
    FeedbackRead,
    FeedbackReply,
    FeedbackStatus,
    Priority,
    SourceType,
)
from crm_core.feedback.service import common, escalating, triage
from crm_core.feedback.service.common import Line
from crm_core.messaging import service as messaging
from crm_core.messaging.models import Communication
from crm_core.messaging.schemas import (
    SKIP_SENTENCES,
    Channel,
    InboundRead,
    MessageStatus,
    Outgoing,
    Purpose,
    RecipientType,
    SkipReason,
)
from crm_core.people.schemas import Actor, Permission, machine

ANSWERED_WITHIN = timedelta(days=14)
"""A message without context belongs to a case that we wrote about so lately."""


def reply_to_source(
    session: Session, feedback_id: int, data: FeedbackReply, *, actor: Actor
) -> FeedbackRead:
    """Answers by a message, or writes down a call; the first answer ends that clock.

    Raises:
        Conflict: nobody can be reached that way, or the piece was merged into another.
    """
    actor.require(Permission.FEEDBACK_WRITE)
    case = common.lock_case(session, feedback_id)
    if case.status == FeedbackStatus.MERGED:
        raise Conflict(f"{case.feedback_code} was merged: answer in the other thread.")
    line = _send(session, case, data, actor)
    if case.status in (FeedbackStatus.NEW, FeedbackStatus.ACKNOWLEDGED, FeedbackStatus.REOPENED):
        common.move(session, case, FeedbackStatus.IN_PROGRESS, Line(EntryKind.STATE), actor)
    common.write(session, feedback_id, line, actor)
    if case.status in OPEN:
        now = utc_now()
        clocks.note_response(session, case, clocks.read_basis(session), now)
        common.refresh_clock(session, case, now=now)
    return queries.get_feedback(session, feedback_id)


def take_answer(session: Session, inbound: InboundRead) -> bool:
    """What somebody wrote goes into the thread of their open case; False where there is none.

    It ends waiting. It belongs to the case that our message was about, else to the one case of
    that patient we wrote about lately; with two of them a person has to look.
    """
    case = _case_of(session, inbound)
    if case is None:
        return False
    actor = machine(f"inbound:{inbound.id}")
    line = Line(EntryKind.INCOMING, body=inbound.text, channel=inbound.channel)
    common.write(session, case.id, line, actor)
    if case.status == FeedbackStatus.WAITING:
        triage.go_on(session, case, Line(EntryKind.STATE, body="The giver answered"), actor)
    sound_alarm(session, case, inbound.text, f"inbound:{inbound.id}", actor)
    return True


def sound_alarm(session: Session, case: Feedback, given: str, occasion: str, actor: Actor) -> None:
    """Words of harm make a case critical, unless a person has said otherwise."""
    found = alarm_words_in(session, given)
    if not found:
        return
    case.alarm_words = sorted({*case.alarm_words, *found})
    if not case.priority_held and case.priority != Priority.CRITICAL:
        line = Line(EntryKind.PRIORITY, old=case.priority, new=Priority.CRITICAL.value)
        case.priority = Priority.CRITICAL.value
        common.write(session, case.id, line, actor)
        common.refresh_clock(session, case)
        escalating.escalate(session, case, EscalationReason.CRITICAL, occasion, actor=actor)
    session.flush()


def _send(session: Session, case: Feedback, data: FeedbackReply, actor: Actor) -> Line:
    """The line of the answer; a call is made by a person and only written down."""
    if data.channel is Channel.CALL:
        return Line(EntryKind.ANSWER, body=data.content, channel=Channel.CALL)
    message = Outgoing(
        recipient_type=RecipientType(case.source_type),
        recipient_id=givers.giver_of(session, case),
        purpose=Purpose.CUSTOM,
        message_type="feedback_answer",
        channel=data.channel,
        content=data.content,
        subject=data.subject or f"About your feedback {case.feedback_code}",
        reference_type=common.REFERENCE,
        reference_id=case.id,
    )
    sent = messaging.queue(session, message, actor=actor)
    if sent.status is MessageStatus.SKIPPED:
        reason = SKIP_SENTENCES.get(SkipReason(sent.reason), "") if sent.reason else ""
        raise Conflict(f"Nothing was sent: {reason} Choose another way, or write down a call.")
    return Line(EntryKind.ANSWER, body=data.content, message=sent)


def _case_of(session: Session, inbound: InboundRead) -> Feedback | None:
    answered = None
    if inbound.answers_id is not None:
        answered = session.scalar(
            select(Communication.reference_id).where(
                Communication.id == inbound.answers_id,
                Communication.reference_type == common.REFERENCE,
            )
        )
    if answered is None and inbound.patient_id is not None and inbound.answers_id is None:
        answered = _written_about(session, inbound.patient_id)
    if answered is None:
        return None
    case = common.lock_surviving(session, answered)
    return case if case is not None and case.status in OPEN else None


def _written_about(session: Session, patient_id: int) -> int | None:
    """The one open case of the patient that somebody answered lately; None where there are two."""
    found = session.scalars(
        select(Feedback.id)
        .where(
            givers.given_by(SourceType.PATIENT, patient_id),
            Feedback.status.in_([status.value for status in OPEN]),
            Feedback.responded_at > utc_now() - ANSWERED_WITHIN,
        )
        .limit(2)
    ).all()
    return found[0] if len(found) == 1 else None
