"""What people answer: kept once, laid beside whom and what it answers, stop words obeyed.

What is no stop word the worker hands on to whoever can use it; the rest waits for a person.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base import jobs
from crm_core.base.clock import utc_now
from crm_core.base.phone import normalise_phone
from crm_core.messaging.models import Communication
from crm_core.messaging.receiving.models import InboundMessage
from crm_core.messaging.receiving.schemas import Reply
from crm_core.messaging.receiving.stopping import Said, obey, wish_in
from crm_core.messaging.schemas import InboundRead
from crm_core.people.schemas import Actor

HAND_ON = "hand_on_replies"
"""The worker's task that offers replies to the domains."""

TAKEN = "taken"
PERSON = "person"
"""Outcomes: a domain took it as an answer; a person has to look."""

CONVERSATION = timedelta(hours=24)
_AT_ONCE = 200

_In = InboundMessage
_NEW = (_In.handled_at.is_(None), _In.outcome.is_(None))


def take_replies(session: Session, replies: Sequence[Reply], *, actor: Actor) -> int:
    """Keeps what is new and obeys stop words; gives how many were new."""
    new = [kept for reply in replies if (kept := _keep(session, reply)) is not None]
    for reply_id, reply in new:
        if wish := wish_in(reply.text):
            obey(session, Said(wish, reply.channel), _number(reply.sender), actor=actor)
            settle(session, reply_id, wish.value)
    if new:
        jobs.queue(session, HAND_ON, one_at_a_time=HAND_ON)
    return len(new)


def new_replies(session: Session) -> list[int]:
    """The replies that nobody has looked at yet, the oldest first."""
    return list(session.scalars(select(_In.id).where(*_NEW).order_by(_In.id).limit(_AT_ONCE)))


def lock_new(session: Session, reply_id: int) -> InboundRead | None:
    """The reply, locked; None where another worker is at it, or somebody was."""
    found = session.scalar(
        select(_In).where(_In.id == reply_id, *_NEW).with_for_update(skip_locked=True)
    )
    return InboundRead.model_validate(found) if found is not None else None


def settle(session: Session, reply_id: int, outcome: str) -> None:
    """Says what became of a reply; with ``PERSON`` it goes on waiting."""
    handled = None if outcome == PERSON else func.now()
    session.execute(
        update(_In).where(_In.id == reply_id).values(outcome=outcome, handled_at=handled)
    )


def in_conversation(session: Session, channel: str, numbers: Collection[str]) -> set[str]:
    """Which of these wrote to us within 24 hours: WhatsApp lets us answer them freely."""
    written = select(_In.sender).where(
        _In.sender.in_(numbers),
        _In.channel == channel,
        _In.received_at > utc_now() - CONVERSATION,
    )
    return set(session.scalars(written))


def _keep(session: Session, reply: Reply) -> tuple[int, Reply] | None:
    """The new row's id; None where the provider told of it before."""
    sender = _number(reply.sender)
    answers, patient = _answered(session, reply, sender)
    values = reply.model_dump(include={"channel", "provider", "provider_id", "text"}, mode="json")
    values |= {"sender": sender, "answers_id": answers, "patient_id": patient}
    if reply.at is not None:
        values["received_at"] = min(reply.at, utc_now())
    kept = session.scalar(
        insert(_In)
        .values(values)
        .on_conflict_do_nothing(index_elements=["provider", "provider_id"])
        .returning(_In.id)
    )
    return None if kept is None else (kept, reply)


def _answered(session: Session, reply: Reply, sender: str) -> tuple[int | None, int | None]:
    """Our message that it answers, by the provider's word, and the one patient who wrote it."""
    answers = None
    if reply.context_id:
        answers = session.execute(
            select(
                Communication.id, Communication.recipient_type, Communication.recipient_id
            ).where(
                Communication.provider == reply.provider,
                Communication.provider_id == reply.context_id,
                Communication.address == sender,
            )
        ).one_or_none()
    if answers is not None and answers.recipient_type == "patient":
        return answers.id, answers.recipient_id
    patients = session.scalars(_PATIENTS, {"sender": sender}).all()
    return answers and answers.id, patients[0] if len(patients) == 1 else None


def _number(sender: str) -> str:
    """E.164 where it is a Nigerian mobile number; else as it came, such as a short code."""
    try:
        return normalise_phone(sender)
    except ValueError:
        return sender


_PATIENTS = text(
    "SELECT id FROM crm_patients WHERE phone = :sender AND merged_into_id IS NULL LIMIT 2"
    " FOR KEY SHARE"
)
