"""Made-up messages: true to the rules, and the same by the same seed."""

import psycopg
import pytest

from crm_core.base.db import SessionFactory, reading
from crm_core.base.errors import Conflict
from crm_core.generate import generate_messages
from crm_core.insights.communications import list_log
from crm_core.messaging.figures import queries
from crm_core.messaging.schemas import CommunicationFilter
from crm_core.verify import faults
from tests.make_messages import make_message
from tests.make_patients import make_patient


@pytest.fixture
def owner(own_database: str) -> str:
    """The address of a database with two patients, as the owner of the tables."""
    with SessionFactory.begin() as session:
        for name in ("Ada Obi", "Bola Ade"):
            make_patient(session, name)
    return own_database + "&options=-c%20role%3Dcrm_owner"


def make(owner: str, messages: int = 400, seed: int = 7) -> None:
    generate_messages(owner, messages=messages, seed=seed, say=lambda _: None)


def shape(owner: str) -> list[str]:
    """Indexes and triggers of the log, with their states."""
    with psycopg.connect(owner) as connection:
        return sorted(str(row) for row in connection.execute(_SHAPE).fetchall())


_SHAPE = """
    SELECT indexdef FROM pg_indexes WHERE tablename = 'crm_communication_logs'
    UNION ALL SELECT tgname || tgenabled::text FROM pg_trigger
        WHERE tgrelid = 'crm_communication_logs'::regclass
"""


def test_what_must_always_hold_holds_of_made_up_messages(owner: str) -> None:
    before = shape(owner)
    make(owner)
    with reading() as session:
        assert list(faults(session)) == []
        stats = queries.communication_stats(session)
        assert list_log(CommunicationFilter()).page(session).total == 400
    assert shape(owner) == before
    assert stats.sent > stats.delivered > 0


def test_made_up_messages_come_after_those_there_are(owner: str) -> None:
    with SessionFactory.begin() as session:
        patient = make_patient(session, "Chioma Eze")
        first = make_message(session, patient.id)
    make(owner, messages=20)
    with SessionFactory.begin() as session:
        later = make_message(session, patient.id)
    assert later.id == first.id + 21


def test_the_same_seed_makes_the_same_messages(owner: str) -> None:
    digests = []
    for _ in range(2):
        make(owner, messages=50)
        with psycopg.connect(owner) as connection:
            found = connection.execute(_LAST_FIFTY).fetchone()
            digests.append(found)
    assert digests[0] == digests[1]


_LAST_FIFTY = """
    SELECT md5(string_agg(recipient_id || channel::text || status || purpose, ',' ORDER BY id))
    FROM (SELECT * FROM crm_communication_logs ORDER BY id DESC LIMIT 50) AS last
"""


def test_without_patients_there_is_nobody_to_write_to(own_database: str) -> None:
    with pytest.raises(Conflict, match="no patients"):
        make(own_database + "&options=-c%20role%3Dcrm_owner")
