"""The log of messages at 10,000,000 of them: every filter, threads, the tab of a person, figures.

`make bench` prints what each took in the database, beside what PostgreSQL takes for looking one row
up, and which large tables it read more of than a list's total needs.
"""

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.db import connected, reading
from crm_core.base.migrate import migrate
from crm_core.base.paging import encode_cursor
from crm_core.generate import generate, generate_messages
from crm_core.insights.communications import get_logged, list_log
from crm_core.messaging import threads
from crm_core.messaging.figures import queries as figures
from crm_core.messaging.schemas import CommunicationFilter, RecipientType
from tests.load.explaining import explained, milliseconds, scans
from tests.load.measuring import Table
from tests.observe import Executed, executed
from tests.servers import OWNER, Databases

pytestmark = [pytest.mark.load, pytest.mark.timeout(3600)]

MESSAGES = int(os.environ.get("CRM_BENCH_MESSAGES", "10000000"))
PATIENTS = int(os.environ.get("CRM_BENCH_RECIPIENTS", "200000"))
BIG = {"crm_communication_logs", "crm_patients"}
MOST_MS = 99.0
"""Tens of milliseconds, also on a busy machine."""
FLOOR = Executed("SELECT * FROM crm_communication_logs WHERE id = 1234", None)
SOMEBODY = 1234


@pytest.fixture(scope="module")
def messages(databases: Databases) -> Iterator[str]:
    """The address of a database with so many messages of a year."""
    name = databases.empty()
    owner = databases.url(name, role=OWNER)
    migrate(owner)
    with psycopg.connect(owner) as connection:
        connection.execute(
            "INSERT INTO crm_hospitals (name, city, state) VALUES ('Bench', 'Lagos', 'Lagos')"
        )
    generate(owner, patients=PATIENTS, transactions=PATIENTS, seed=1, say=lambda _: None)
    generate_messages(owner, messages=MESSAGES, seed=1, say=lambda _: None)
    yield databases.url(name)
    databases.drop(name)


@pytest.fixture
def session(messages: str) -> Iterator[Session]:
    """A reading session of the application on them."""
    with connected(messages), reading() as session:
        yield session


@pytest.fixture(scope="module")
def took(tables: list[Table]) -> Table:
    """Where everything puts its line."""
    table = Table(f"Messages: {MESSAGES:,}", ("", "db ms", "floor", "ratio", "plan"))
    tables.append(table)
    return table


def logged(**given: Any) -> Callable[[Session], Any]:
    """A page of the log."""
    wanted = CommunicationFilter.model_validate({"limit": 50} | given)
    return lambda session: list_log(wanted).page(session)


def hour(days_ago: int, hours: int = 1) -> dict[str, datetime]:
    """A span as a click on a chart's bar gives it."""
    begins = utc_now().replace(minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    return {"sent_from": begins, "sent_to": begins + timedelta(hours=hours)}


READS: dict[str, Callable[[Session], Any]] = {
    "first page": logged(),
    "in the middle, by cursor": logged(cursor=encode_cursor("newest", [str(MESSAGES // 2)])),
    "delivered, in the middle": logged(
        status="delivered", cursor=encode_cursor("newest", [str(MESSAGES // 2)])
    ),
    **{f"by {name}": logged(channel=name) for name in ("sms", "email", "whatsapp", "call")},
    **{
        f"that are {name}": logged(status=name)
        for name in ("pending", "deferred", "sent", "delivered", "read", "failed")
    },
    **{f"that are {name}": logged(status=name) for name in ("skipped", "expired", "unknown")},
    "failed, by whatsapp": logged(status="failed", channel="whatsapp"),
    "unknown, by sms": logged(status="unknown", channel="sms"),
    "read, by sms (none)": logged(status="read", channel="sms"),
    "sent, by whatsapp": logged(status="sent", channel="whatsapp"),
    "promotional": logged(purpose="promotional"),
    "custom, failed": logged(purpose="custom", status="failed"),
    "to patients": logged(recipient_type="patient"),
    "to owners (none)": logged(recipient_type="owner"),
    "to one patient": logged(recipient_type="patient", recipient_id=SOMEBODY),
    "to one patient, failed": logged(
        recipient_type="patient", recipient_id=SOMEBODY, status="failed"
    ),
    "of a provider": logged(provider="termii"),
    "of a campaign (none)": logged(campaign_id=1),
    "about a record (none)": logged(reference_type="appointment", reference_id=1),
    "an hour of this month": logged(**hour(3)),
    "an hour of this month, failed": logged(**hour(3), status="failed", channel="sms"),
    "an hour of long ago": logged(**hour(300)),
    "a day of long ago, delivered": logged(**hour(300, 24), status="delivered", channel="sms"),
    "four weeks of a provider, failed": logged(
        **hour(28, 28 * 24), provider="smtp", channel="email", status="failed"
    ),
    "one message": lambda s: threads.way_of(s, get_logged(s, 4321)),
    "a thread": lambda s: threads.thread_of(s, RecipientType.PATIENT, SOMEBODY),
    "health, a day": lambda s: figures.health_by_hour(s, utc_now() - timedelta(days=1), utc_now()),
    "health, four weeks": lambda s: figures.health_by_hour(
        s, utc_now() - timedelta(days=28), utc_now()
    ),
    "stats": figures.communication_stats,
    "channels": figures.channel_states,
}


@pytest.mark.parametrize("name", READS)
def test_no_read_of_messages_scans_them_or_takes_long(
    session: Session, took: Table, name: str
) -> None:
    with executed(session) as seen:
        READS[name](session)
    asked = [query for query in seen if "SELECT" in query.statement]
    plans = [explained(session, query) for query in asked]
    ours, floor = sum(map(milliseconds, plans)), milliseconds(explained(session, FLOOR))
    notes = dict.fromkeys(note for plan in plans for note in scans(plan["Plan"], BIG))
    took.add(name, f"{ours:.1f}", f"{floor:.2f}", f"{ours / floor:.0f}", "; ".join(notes))
    assert ours < MOST_MS
