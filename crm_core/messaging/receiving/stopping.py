"""The words with which people end what they get, and begin it again.

STOP and its like end what needs consent: promotions, health education and surveys. STOPALL ends
the channel. CANCEL and NO are answers to a reminder, never this (see docs/decisions).
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging.consent import service as consent
from crm_core.messaging.consent.queries import choices_of
from crm_core.messaging.consent.schemas import Choice
from crm_core.messaging.schemas import Channel, Outgoing, Purpose, RecipientType
from crm_core.messaging.service.queueing import queue
from crm_core.people.schemas import Actor

ASKED_FIRST = tuple(purpose for purpose in Purpose if purpose.needs_consent)


class Wish(StrEnum):
    """What one word asks for; also the outcome of the reply."""

    STOP = "opted_out"
    STOP_ALL = "opted_out_of_all"
    START = "opted_in"


@dataclass(frozen=True)
class Said:
    """A wish about one channel, and how we know of it."""

    wish: Wish
    channel: Channel
    source: str = "stop word"


_WORDS = {
    "STOP": Wish.STOP,
    "UNSUBSCRIBE": Wish.STOP,
    "END": Wish.STOP,
    "QUIT": Wish.STOP,
    "STOP PROMOTIONS": Wish.STOP,
    "STOPALL": Wish.STOP_ALL,
    "STOP ALL": Wish.STOP_ALL,
    "START": Wish.START,
    "UNSTOP": Wish.START,
}
_CONFIRMATIONS = {
    Wish.STOP: "You will get no more news from us here. Messages about your own visits go on:"
    " answer STOPALL to end them, too, or START to get news again.",
    Wish.START: "Welcome back: you will get our news here again. Answer STOP to end it.",
}
_EDGES = " \t\r\n.,;:!?'\"“”‘’()-*"

Person = tuple[RecipientType, int]


def wish_in(said: str) -> Wish | None:
    """What the whole text asks for, in any case and with any punctuation around it."""
    return _WORDS.get(" ".join(said.strip(_EDGES).upper().split()))


def obey(session: Session, said: Said, sender: str, *, actor: Actor) -> int:
    """Does so for everybody with this number, and confirms it once; gives for how many.

    A number that two patients share belongs to whoever holds the telephone: when they say stop,
    nothing more comes to it.
    """
    # Said twice at the same moment, the second one finds the first one's choice.
    session.execute(_ONE_AT_A_TIME, {"sender": sender})
    people = people_with(session, sender)
    changed = [person for person in people if choose(session, said, person, actor=actor)]
    if changed and said.wish in _CONFIRMATIONS:
        queue(session, _confirmation(said, changed[0]), actor=actor)
    return len(people)


def choose(session: Session, said: Said, person: Person, *, actor: Actor) -> bool:
    """Writes the wish down for one person; False where all of it was so before."""
    made = choices_of(session, *person)
    refused = {one.purpose for one in made if one.channel is said.channel and one.opted_out}
    wanted: set[Purpose | None] = {None} if said.wish is Wish.STOP_ALL else set(ASKED_FIRST)
    starts = said.wish is Wish.START
    act = consent.opt_in if starts else consent.opt_out
    purposes = refused if starts else wanted - refused
    for purpose in sorted(purposes, key=str):
        choice = Choice(
            recipient_type=person[0], recipient_id=person[1], channel=said.channel, purpose=purpose
        )
        act(session, choice, source=said.source, actor=actor)
    return bool(purposes)


def people_with(session: Session, sender: str) -> list[Person]:
    """Patients and owners whose number this is."""
    rows = session.execute(_WITH_NUMBER, {"sender": sender})
    return [(RecipientType(row.kind), row.id) for row in rows]


def _confirmation(said: Said, person: Person) -> Outgoing:
    return Outgoing(
        recipient_type=person[0],
        recipient_id=person[1],
        purpose=Purpose.CUSTOM,
        message_type="choice_confirmation",
        channel=said.channel,
        content=_CONFIRMATIONS[said.wish],
    )


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('stop:' || :sender, 0))")
_WITH_NUMBER = text(
    """
    SELECT 'patient' AS kind, id FROM crm_patients
    WHERE phone = :sender AND merged_into_id IS NULL
    UNION ALL
    SELECT 'owner', id FROM crm_owners WHERE phone = :sender
    ORDER BY kind DESC, id LIMIT 50
    """
)
