"""Sending what waits: claimed and committed, then posted, then recorded.

The signature follows Standard Webhooks: ``webhook-id`` (the same however often it is sent),
``webhook-timestamp`` and ``webhook-signature``, which is ``v1,`` and the base64 of an HMAC-SHA256
of ``id.timestamp.body`` under the subscription's secret. Whoever dies between claiming and
recording leaves a delivery that is due again soon: receivers tell a repetition by the id.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import httpx2
import orjson
from sqlalchemy import text

from crm_core.base import crypto
from crm_core.base.clock import utc_now
from crm_core.base.db import transaction
from crm_core.integrations.outgoing.service import SECRET

AT_ONCE = 20
LONGEST_WAIT = 10.0
"""Seconds for reaching the receiver and its answer together; the lease of a claim is longer."""
PAUSES = (30, 120, 600, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
"""Seconds after each attempt that failed; after the last one the delivery is given up."""

_WHO = "job:send_webhooks"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A delivery that this process sends now."""

    id: int
    attempts: int
    event: str
    url: str
    secret: str
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """What the receiver said; ``answered`` is None where nobody did."""

    answered: int | None
    error: str | None


def send_waiting() -> int:
    """Sends what is due, a few at the same time; gives how many."""
    with transaction(who=_WHO, why="webhooks claimed") as session:
        rows = session.execute(_CLAIM, {"most": AT_ONCE, "lease": LONGEST_WAIT * 3}).mappings()
        claimed = [
            Claimed(
                id=row["id"],
                attempts=row["attempts"],
                event=f"evt_{row['event_id']}",
                url=row["url"],
                secret=crypto.decrypt(row["secret_encrypted"]),
                body=_body(dict(row)),
            )
            for row in rows
        ]
    if not claimed:
        return 0
    outcomes = asyncio.run(_post_all(claimed))
    with transaction(who=_WHO, why="webhooks sent") as session:
        pairs = zip(claimed, outcomes, strict=True)
        session.execute(_RECORD, [_recorded(one, outcome) for one, outcome in pairs])
    return len(claimed)


def sign(secret: str, event: str, timestamp: int, body: bytes) -> str:
    """The signature's header, as Standard Webhooks has it."""
    key = base64.b64decode(secret.removeprefix(SECRET))
    signed = b".".join((event.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _body(row: dict[str, object]) -> bytes:
    return orjson.dumps(
        {
            "type": row["kind"],
            "timestamp": row["created_at"],
            "data": {"id": row["subject_id"], **_mapping(row["data"])},
        }
    )


def _mapping(data: object) -> dict[str, object]:
    return data if isinstance(data, dict) else {}


async def _post_all(claimed: Sequence[Claimed]) -> list[Outcome]:
    async with httpx2.AsyncClient(timeout=LONGEST_WAIT, follow_redirects=False) as client:
        return await asyncio.gather(*(_post(client, one) for one in claimed))


async def _post(client: httpx2.AsyncClient, one: Claimed) -> Outcome:
    now = int(utc_now().timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": one.event,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(one.secret, one.event, now, one.body),
    }
    try:
        # The client's own limit is for each byte that comes: this one is for all of them.
        async with asyncio.timeout(LONGEST_WAIT):
            # What the receiver says besides is not read: it may have no end.
            asked = client.stream("POST", one.url, content=one.body, headers=headers)
            async with asked as answer:
                status = answer.status_code
    except TimeoutError:
        return Outcome(None, f"No answer within {LONGEST_WAIT:g} seconds")
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        return Outcome(None, f"No answer: {type(error).__name__}")
    return Outcome(status, None if 200 <= status < 300 else f"Answered {status}")


def _recorded(one: Claimed, outcome: Outcome) -> dict[str, object]:
    over = one.attempts > len(PAUSES)
    state = "delivered" if outcome.error is None else "given_up" if over else "waiting"
    if state == "given_up":
        _log.warning("Webhook delivery %s was given up: %s", one.id, outcome.error)
    return {
        "id": one.id,
        "attempts": one.attempts,
        "state": state,
        "answered": outcome.answered,
        "error": outcome.error,
        "pause": 0 if state != "waiting" else PAUSES[one.attempts - 1],
    }


# The claim counts the attempt: one that was never recorded is due again when its lease ends.
_CLAIM = text(
    """
    WITH due AS (
        SELECT id FROM crm_webhook_deliveries WHERE state = 'waiting' AND due_at <= now()
        ORDER BY due_at, id LIMIT :most FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE crm_webhook_deliveries d
        SET attempts = attempts + 1, due_at = now() + make_interval(secs => :lease)
        FROM due WHERE d.id = due.id
        RETURNING d.id, d.attempts, d.event_id, d.subscription_id
    )
    SELECT c.id, c.attempts, c.event_id, s.url, s.secret_encrypted, e.kind, e.subject_id, e.data,
           e.created_at
    FROM claimed c JOIN crm_webhook_subscriptions s ON s.id = c.subscription_id
    JOIN crm_events e ON e.id = c.event_id
    """
)
# Whoever claimed it since has another number of attempts: this outcome is too late then.
_RECORD = text(
    """
    UPDATE crm_webhook_deliveries
    SET state = CAST(:state AS varchar), answered = :answered, error = :error,
        due_at = now() + make_interval(secs => :pause),
        ended_at = CASE WHEN CAST(:state AS varchar) <> 'waiting' THEN now() END
    WHERE id = :id AND attempts = :attempts AND state = 'waiting'
    """
)
