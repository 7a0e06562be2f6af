"""Answers of patients, from every way in: a message, a link, a person who settles what is unclear.

A message is matched by what it answers, where its provider says so; otherwise by the newest open
question to that number. Two questions that it could mean go to a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from crm_core.appointments.meaning import is_answer, meaning_of
from crm_core.appointments.models import AppointmentAnswer, AppointmentNotice
from crm_core.appointments.queries import ANSWERS, get_appointment
from crm_core.appointments.schemas import (
    AHEAD,
    AnswerOutcome,
    AnswerRead,
    AnswerSettlement,
    AppointmentStatus,
    Meaning,
    VisitQuestion,
)
from crm_core.appointments.service import common, moving, notices, waiting
from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, NotFound
from crm_core.messaging import service as messaging
from crm_core.messaging.schemas import Channel, InboundRead, Outgoing, Purpose, RecipientType
from crm_core.people.schemas import Actor, Permission

BY_PATIENT = "patient"
"""The reason of a cancellation by the patient."""


@dataclass(frozen=True)
class Question:
    """Something that a patient was asked and may be answering."""

    patient_id: int
    appointment_id: int | None
    notice_id: int | None
    offer_id: int | None


def take_answer(session: Session, inbound: InboundRead) -> bool:
    """Acts on an answer to a reminder or an offer; False where it is none. Twice is once."""
    known = select(AppointmentAnswer.id).where(AppointmentAnswer.inbound_id == inbound.id)
    if session.execute(known).first() is not None:
        return True
    questions = _questions(session, inbound)
    if not questions:
        return False
    meaning = meaning_of(inbound.text)
    outcome = AnswerOutcome.TO_A_PERSON
    if len(questions) == 1 and meaning is not Meaning.UNCLEAR:
        outcome = _act(session, questions[0], meaning, by=inbound.channel.value)
        if outcome is AnswerOutcome.GONE:
            _tell_gone(session, questions[0], inbound.id, inbound.channel)
    _keep(session, inbound, meaning, outcome, questions)
    return True


def visit_question(session: Session, notice_id: int) -> VisitQuestion:
    """What the page of a visit's link says; ``NotFound`` where there is none."""
    found = session.execute(_VISIT, {"id": notice_id}).mappings().first()
    if found is None:
        raise NotFound("There is no such visit.")
    return VisitQuestion.model_validate(dict(found))


def answer_visit(session: Session, notice_id: int, meaning: Meaning) -> AnswerOutcome:
    """The answer of a link, which works once.

    Raises:
        Conflict: it was answered before, or the visit has another time by now.
    """
    asked = visit_question(session, notice_id)
    _lock(session, asked.appointment_id, meaning)
    asked = visit_question(session, notice_id)
    if asked.answer is not None:
        raise Conflict("This link was used already: call the hospital to change your answer.")
    if asked.moved:
        raise Conflict("This visit has another time by now: open the link of the newest message.")
    question = Question(asked.patient_id, asked.appointment_id, notice_id, None)
    return _act(session, question, meaning, by="link")


def answer_offer(session: Session, offer_id: int, meaning: Meaning) -> AnswerOutcome:
    """The answer of a link to a freed time; the first valid yes wins."""
    asked = waiting.offer_question(session, offer_id)
    return _act(session, Question(asked.patient_id, None, None, offer_id), meaning, by="link")


def settle_answer(
    session: Session, answer_id: int, data: AnswerSettlement, *, actor: Actor
) -> AnswerRead:
    """A person says what an unclear answer meant; without a visit or an offer it is put aside.

    It may be too late for that by now: ``settled_as`` says what came of it, and whoever wanted a
    time that is gone is told so.
    """
    actor.require(Permission.APPOINTMENTS_WRITE)
    answer = session.get(AppointmentAnswer, answer_id, with_for_update=True, populate_existing=True)
    if answer is None:
        raise NotFound("Answer not found")
    if answer.outcome != AnswerOutcome.TO_A_PERSON:
        raise Conflict("This answer was settled already.")
    question = _meant(session, data)
    if question is not None and data.meaning is not Meaning.UNCLEAR:
        came_to = _act(session, question, data.meaning, by=actor.key)
        answer.settled_as = came_to.value
        if came_to is AnswerOutcome.GONE:
            _tell_gone(session, question, answer.inbound_id, None)
    answer.outcome = AnswerOutcome.SETTLED.value
    answer.appointment_id, answer.offer_id = data.appointment_id, data.offer_id
    answer.settled_by, answer.settled_at = actor.person, utc_now()
    session.flush()
    return ANSWERS.one(session, answer_id)


def patient_actor(patient_id: int) -> Actor:
    """A patient who answers: may change that visit and nothing else."""
    key = f"patient:{patient_id}"
    return Actor(key, key, "the patient", frozenset({Permission.APPOINTMENTS_WRITE}))


def _questions(session: Session, inbound: InboundRead) -> list[Question]:
    if inbound.answers_id is not None:
        found = session.execute(_BY_CONTEXT, {"message_id": inbound.answers_id})
    elif is_answer(inbound.text):
        found = session.execute(_BY_SENDER, {"sender": inbound.sender})
    else:
        return []
    return [Question(**row) for row in found.mappings()]


def _meant(session: Session, data: AnswerSettlement) -> Question | None:
    if data.appointment_id is not None:
        visit = get_appointment(session, data.appointment_id)
        return Question(visit.patient_id, visit.id, None, None)
    if data.offer_id is not None:
        offer = waiting.offer_question(session, data.offer_id)
        return Question(offer.patient_id, None, None, offer.offer_id)
    return None


def _act(session: Session, question: Question, meaning: Meaning, *, by: str) -> AnswerOutcome:
    actor = patient_actor(question.patient_id)
    if question.offer_id is not None:
        if meaning is Meaning.YES:
            return waiting.take_offer(session, question.offer_id, by=by, actor=actor)
        return waiting.decline_offer(session, question.offer_id, by=by)
    outcome = _answer(session, question.appointment_id or 0, meaning, actor)
    if question.notice_id is not None:
        session.execute(
            update(AppointmentNotice)
            .where(AppointmentNotice.id == question.notice_id)
            .values(answer=meaning.value, answered_by=by, answered_at=utc_now()),
            execution_options=common.VALUES,
        )
    return outcome


def _lock(session: Session, appointment_id: int, meaning: Meaning) -> None:
    status = AppointmentStatus.CANCELLED if meaning is Meaning.NO else AppointmentStatus.CONFIRMED
    moving.lock(session, [appointment_id], status)


def _answer(session: Session, appointment_id: int, meaning: Meaning, actor: Actor) -> AnswerOutcome:
    _lock(session, appointment_id, meaning)
    visit = get_appointment(session, appointment_id)
    if visit.status not in AHEAD or visit.starts_at <= utc_now():
        return AnswerOutcome.LATE
    if meaning is Meaning.NO:
        cancelled = AppointmentStatus.CANCELLED
        moving.move(session, [visit], cancelled, actor=actor, reason=BY_PATIENT)
        return AnswerOutcome.CANCELLED
    if visit.status is AppointmentStatus.SCHEDULED:
        moving.move(session, [visit], AppointmentStatus.CONFIRMED, actor=actor)
    return AnswerOutcome.CONFIRMED


def _tell_gone(
    session: Session, question: Question, inbound_id: int, channel: Channel | None
) -> None:
    """Who was too late is told so, the way they answered where that is known."""
    asked = waiting.offer_question(session, question.offer_id or 0)
    told = Outgoing(
        recipient_type=RecipientType.PATIENT,
        recipient_id=question.patient_id,
        purpose=Purpose.REMINDER,
        message_type="slot_gone",
        channel=channel if channel is not Channel.CALL else None,
        template="slot_gone",
        fields={**notices.when(asked.starts_at), "hospital": asked.hospital_name},
        reference_type="slot_offer",
        reference_id=question.offer_id,
        dedupe_key=f"slot-gone:{inbound_id}",
    )
    messaging.queue(session, told, actor=patient_actor(question.patient_id))


def _keep(
    session: Session,
    inbound: InboundRead,
    meaning: Meaning,
    outcome: AnswerOutcome,
    questions: Sequence[Question],
) -> None:
    candidates = [q.appointment_id for q in questions if q.appointment_id is not None]
    offers = [q.offer_id for q in questions if q.offer_id is not None]
    settled = outcome is not AnswerOutcome.TO_A_PERSON
    values: dict[str, Any] = {
        "inbound_id": inbound.id,
        "sender": inbound.sender,
        "said": inbound.text[:1000],
        "meaning": meaning.value,
        "outcome": outcome.value,
        "appointment_id": candidates[0] if settled and candidates else None,
        "offer_id": offers[0] if settled and offers else None,
        "candidates": candidates,
        "offer_candidates": offers,
    }
    session.execute(insert(AppointmentAnswer).values(**values))


_BY_CONTEXT = text(
    """
    SELECT a.patient_id, a.id AS appointment_id, n.id AS notice_id, NULL::bigint AS offer_id
    FROM crm_appointment_notices n JOIN crm_appointments a ON a.id = n.appointment_id
    WHERE n.message_id = :message_id AND n.kind <> 'cancelled' AND n.starts_at = a.starts_at
    UNION ALL
    SELECT w.patient_id, NULL, NULL, o.id
    FROM crm_slot_offers o JOIN crm_waitlist w ON w.id = o.waitlist_id
    WHERE o.message_id = :message_id
    """
)
# A visit whose newest message was answered is no open question, and neither is one that is over.
_BY_SENDER = text(
    """
    SELECT patient_id, appointment_id, notice_id, NULL::bigint AS offer_id FROM (
        SELECT DISTINCT ON (a.id) a.patient_id, a.id AS appointment_id, n.id AS notice_id, n.answer
        FROM crm_appointment_notices asked JOIN crm_appointments a ON a.id = asked.appointment_id
        JOIN crm_appointment_notices n
            ON n.appointment_id = a.id AND n.starts_at = a.starts_at AND n.outcome = 'queued'
        WHERE asked.address = :sender AND asked.answer IS NULL AND asked.outcome = 'queued'
          AND a.status IN ('scheduled', 'confirmed') AND a.starts_at > now()
          AND asked.starts_at = a.starts_at
        ORDER BY a.id, n.id DESC) newest
    WHERE answer IS NULL
    UNION ALL
    SELECT w.patient_id, NULL, NULL, o.id
    FROM crm_slot_offers o JOIN crm_waitlist w ON w.id = o.waitlist_id
    WHERE o.address = :sender AND o.status = 'open' AND o.expires_at > now()
    """
)
_VISIT = text(
    """
    SELECT n.id AS notice_id, a.id AS appointment_id, a.patient_id, p.first_name,
           h.name AS hospital_name, d.name AS doctor_name, a.type, a.status, a.starts_at,
           n.starts_at <> a.starts_at AS moved, n.answer
    FROM crm_appointment_notices n JOIN crm_appointments a ON a.id = n.appointment_id
    JOIN crm_patients p ON p.id = a.patient_id JOIN crm_hospitals h ON h.id = a.hospital_id
    LEFT JOIN crm_doctors d ON d.id = a.doctor_id
    WHERE n.id = :id
    """
)
