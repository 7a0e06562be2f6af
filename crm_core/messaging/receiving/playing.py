"""The sandbox's receipts and replies: played as a provider would send them, and always the same.

Most letters arrive and are read, some are not read, a few fail. What happens to one follows from
its number and its text; a text with the word `undeliverable` always fails, and one that a
person wrote by hand always arrives and is read.
"""

import fcntl
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict, NotFound
from crm_core.messaging.gateways import outbox
from crm_core.messaging.gateways.sandbox import NAME
from crm_core.messaging.models import Communication
from crm_core.messaging.receiving.replies import take_replies
from crm_core.messaging.receiving.schemas import Failing, Receipt, Reply
from crm_core.messaging.schemas import Channel, MessageStatus, Purpose
from crm_core.people.schemas import Actor, Permission

Apply = Callable[[Sequence[Receipt]], None]

FAILS = "undeliverable"
_ARRIVES_AFTER = timedelta(seconds=1)
_READ_AFTER = timedelta(seconds=3)
_STAGES = (("arrives", _ARRIVES_AFTER), ("read", _READ_AFTER))
_AT_ONCE = 500


def play(now: datetime, apply: Apply) -> int:
    """Sends the receipts that are due; gives how many. One process a machine does it at a time.

    Args:
        apply: applies receipts and commits; what is played twice after a crash does no harm.
    """
    played = 0
    with _only_one() as mine:
        places = _places() if mine else {}
        for stage, after in _STAGES if mine else ():
            for receipts, place in _due(stage, places.get(stage), now - after):
                apply(receipts)
                played += len(receipts)
                places[stage] = place
                _write_places(places)
    return played


def fate_of(letter: outbox.Kept) -> MessageStatus:
    """Where a letter ends: failed, delivered or read."""
    if FAILS in letter.content.lower():
        return MessageStatus.FAILED
    if letter.purpose is Purpose.CUSTOM:
        return MessageStatus.READ
    lot = hashlib.sha256(f"{letter.id} {letter.content}".encode()).digest()[0]
    if lot < 10:
        return MessageStatus.FAILED
    return MessageStatus.READ if lot < 180 else MessageStatus.DELIVERED


def play_reply(session: Session, message_id: int, text: str, *, actor: Actor) -> None:
    """Answers a message of the sandbox as its recipient would."""
    actor.require(Permission.MESSAGES_SEND)
    message = session.get(Communication, message_id)
    if message is None:
        raise NotFound("Message not found")
    if message.provider != NAME or message.address is None:
        raise Conflict("Only messages of the sandbox can be answered here: this one was sent.")
    reply = Reply(
        provider=NAME,
        provider_id=f"{NAME}-reply-{secrets.token_hex(8)}",
        channel=Channel(message.channel),
        sender=message.address,
        text=text,
        context_id=message.provider_id,
    )
    take_replies(session, [reply], actor=actor)


def _due(
    stage: str, place: outbox.Place | None, until: datetime
) -> Iterator[tuple[list[Receipt], outbox.Place]]:
    """The receipts of a stage, some hundred letters at a time."""
    while True:
        letters, places = outbox.read_on(place, most=_AT_ONCE)
        due = sum(letter.at <= until for letter in letters)
        if not due:
            return
        place = places[due - 1]
        yield [one for letter in letters[:due] if (one := _receipt(stage, letter))], place


def _receipt(stage: str, letter: outbox.Kept) -> Receipt | None:
    fate = fate_of(letter)
    if stage == "read" and fate is not MessageStatus.READ:
        return None
    failed = fate is MessageStatus.FAILED
    arrived = MessageStatus.READ if stage == "read" else MessageStatus.DELIVERED
    return Receipt(
        provider=NAME,
        provider_id=letter.provider_id,
        status=MessageStatus.FAILED if failed else arrived,
        failing=Failing.UNDELIVERED if failed else None,
        error="The sandbox plays that it could not be delivered." if failed else None,
    )


@contextmanager
def _only_one() -> Iterator[bool]:
    with (outbox.folder() / "playing.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _places() -> dict[str, outbox.Place]:
    try:
        kept = json.loads((outbox.folder() / "played.json").read_text())
    except FileNotFoundError:
        return {}
    return {stage: outbox.Place.model_validate(place) for stage, place in kept.items()}


def _write_places(places: dict[str, outbox.Place]) -> None:
    """Renamed into place: a crash leaves the old file or the new one."""
    kept = {stage: place.model_dump(mode="json") for stage, place in places.items()}
    beside = outbox.folder() / "played.new"
    beside.write_text(json.dumps(kept))
    beside.replace(outbox.folder() / "played.json")
