"""Taking an event: once by its id, whatever happens in between."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict
from crm_core.base.read import Listing, Order, Read
from crm_core.integrations.incoming.schemas import (
    EventState,
    IntegrationEventFilter,
    IntegrationEventRead,
    Source,
)
from crm_core.integrations.models import IntegrationEvent


@dataclass(frozen=True)
class Taken:
    """What an event brought, as JSON has it; not ``first`` where the same event came before."""

    answer: dict[str, Any]
    first: bool


def take(
    session: Session, source: Source, event: BaseModel, act: Callable[[Session], BaseModel]
) -> Taken:
    """Does what an event asks for, once; a second time gives the first answer.

    The event has an ``event_id``. A refusal of ``act`` leaves nothing but what ``keep_refused``
    writes afterwards, so that the event may be corrected and sent again.

    Raises:
        Conflict: the id came before with other contents.
    """
    body = event.model_dump(mode="json")
    event_id, digest = str(body["event_id"]), _digest(body)
    # Two senders of one event take turns; nothing but this lock exists before the first.
    session.execute(_LOCK, {"key": f"{source}:{event_id}"})
    known = session.execute(_KNOWN, {"source": source.value, "event_id": event_id}).one_or_none()
    if known is not None and known.state == EventState.DONE:
        if known.digest != digest:
            raise Conflict(
                f"The event {event_id} came before with other contents: give it a new id."
            )
        return Taken(known.answer, first=False)
    answer = act(session).model_dump(mode="json")
    _keep(session, source, body, {"state": EventState.DONE.value, "answer": answer})
    return Taken(answer, first=True)


def keep_refused(session: Session, source: Source, body: Mapping[str, Any], why: str) -> None:
    """Keeps an event that was refused, where it has an id that a person can look for.

    Whoever calls it does so in a transaction of its own: that of the refusal is gone.
    """
    event_id = body.get("event_id")
    if not isinstance(event_id, str) or not 0 < len(event_id) <= _LONGEST:
        return
    _keep(session, source, dict(body), {"state": EventState.REFUSED.value, "refusal": why})


def list_events(filters: IntegrationEventFilter) -> Read[IntegrationEventRead]:
    """What came in, the latest first."""
    return EVENTS.read(filters)


def _keep(
    session: Session, source: Source, body: dict[str, Any], outcome: Mapping[str, Any]
) -> None:
    """Writes the event down as it came last; what was done stays what it is."""
    values = {
        "answer": None,
        "refusal": None,
        **outcome,
        "digest": _digest(body),
        "body": _without_secrets(body),
    }
    session.execute(
        insert(IntegrationEvent)
        .values(source=source.value, event_id=str(body["event_id"]), **values)
        .on_conflict_do_update(
            index_elements=["source", "event_id"],
            set_=values | {"who": text("DEFAULT"), "received_at": text("DEFAULT")},
            where=IntegrationEvent.state != EventState.DONE.value,
        )
    )


def _without_secrets(found: Any, name: str = "") -> Any:
    """Identity numbers are kept encrypted where they belong, and not a second time here.

    A refused body has whatever shape its sender liked: the names are looked at wherever they
    stand, and eleven digits that are no phone number are one of these numbers.
    """
    if isinstance(found, dict):
        return {key: _without_secrets(value, str(key).lower()) for key, value in found.items()}
    if isinstance(found, list):
        return [_without_secrets(value, name) for value in found]
    words = set(re.findall("[a-z]+", name))
    digits = re.sub(r"[\s-]", "", str(found)) if isinstance(found, str | int) else ""
    identity = re.fullmatch("[0-9]{11}", digits) and not digits.startswith("0")
    if found is not None and (words & _SECRET_WORDS or "accountnumber" in name or identity):
        return "*******"
    return found


def _digest(body: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()


_LONGEST = 100
_SECRET_WORDS = {"nin", "bvn", "account"}
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 20261124))")
_KNOWN = text(
    "SELECT state, digest, answer FROM crm_integration_events"
    " WHERE source = :source AND event_id = :event_id"
)

EVENTS: Listing[IntegrationEventRead] = Listing(
    schema=IntegrationEventRead,
    statement=select(
        IntegrationEvent.id,
        IntegrationEvent.source,
        IntegrationEvent.event_id,
        IntegrationEvent.state,
        IntegrationEvent.refusal,
        IntegrationEvent.body,
        IntegrationEvent.answer,
        IntegrationEvent.who,
        IntegrationEvent.received_at,
    ),
    filters={
        "source": IntegrationEvent.source == bindparam("source"),
        "state": IntegrationEvent.state == bindparam("state"),
        "event_id": IntegrationEvent.event_id == bindparam("event_id"),
    },
    orders={"latest": Order((IntegrationEvent.id,))},
    key=IntegrationEvent.id,
    noun="Event",
)
