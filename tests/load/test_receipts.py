"""Receipts of a campaign: a thousand events that wait, beside a bare UPDATE for each."""

import json
import time
from collections.abc import Iterator
from itertools import count

import psycopg
import pytest
from sqlalchemy import text

from crm_core.base import webhooks
from crm_core.base.db import SessionFactory, transaction
from crm_core.messaging.receiving import telling
from tests.load.measuring import Table, by_turns

pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]

EVENTS = 1000
RUNS = 3
_runs = count(1)


def test_receipts_that_wait(own_database: str, tables: list[Table]) -> None:
    headings = ("", "code a second", "floor a second", "ratio", "the floor is")
    table = Table(f"{EVENTS:,} receipts", headings)
    tables.append(table)

    code, floor = by_turns([_ours, lambda: _bare(own_database)], RUNS)

    figures = (f"{EVENTS / code:,.0f}", f"{EVENTS / floor:,.0f}", f"{code / floor:.2f}")
    table.add("kept events applied", *figures, "an UPDATE a message, each committed")
    # Reading, decrypting and checking what is kept costs no more than committing one by one saves.
    assert code < floor * 2


def _ours() -> float:
    """Seconds that the worker takes for events that were kept."""
    ids = list(_sent())
    with transaction(who="webhook:termii") as session:
        for provider_id in ids:
            told = {"type": "outbound", "message_id": provider_id, "status": "Delivered"}
            webhooks.keep(session, "termii", json.dumps(told).encode())
    started = time.perf_counter()
    assert telling.apply_waiting("termii") == EVENTS
    return time.perf_counter() - started


def _bare(url: str) -> float:
    """Seconds that one statement a receipt takes."""
    ids = list(_sent())
    with psycopg.connect(url, autocommit=True) as connection:
        started = time.perf_counter()
        for provider_id in ids:
            connection.execute(_DELIVERED, [provider_id])
        return time.perf_counter() - started


def _sent() -> Iterator[str]:
    """As many messages that a provider accepted; gives its numbers."""
    run = next(_runs)
    with SessionFactory.begin() as session:
        session.execute(_SENT, {"run": run, "events": EVENTS})
    yield from (f"{run}-{number}" for number in range(1, EVENTS + 1))


_DELIVERED = (
    "UPDATE crm_communication_logs SET status = 'delivered', delivered_at = now()"
    " WHERE provider = 'termii' AND provider_id = %s"
)
_SENT = text(
    """
    INSERT INTO crm_communication_logs (recipient_type, recipient_id, channel, purpose, status,
        message_type, address, provider, provider_id, sent_at)
    SELECT 'patient', 1, 'sms', 'reminder', 'sent', 'reminder', '+2348012345678', 'termii',
           :run || '-' || number, now()
    FROM generate_series(1, :events) number
    """
)
