"""`verify` finds what should never be, and nothing in what the services do."""

import pytest
from sqlalchemy.orm import Session

from crm_core.campaigns import service
from crm_core.campaigns.invariants import invariants
from tests.campaigns.test_launching import make_crowd
from tests.make_campaigns import make_campaign, make_launched
from tests.messaging.dispatch.providers import Scripted
from tests.messaging.dispatch.working import send_all
from tests.observe import sql


def test_what_the_services_do_is_whole(session: Session) -> None:
    make_campaign(session)
    make_crowd(session, 20)
    make_launched(session, channels=["sms", "email"], control_percent=20)
    send_all(Scripted())
    service.fold_counts(session)

    assert list(invariants(session)) == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "UPDATE crm_campaigns SET drafters = drafters || approved_by",
            "approved by one of its drafters",
        ),
        ("UPDATE crm_campaigns SET message_template = 'x'", "binds to"),
        ("UPDATE crm_campaign_runs SET chosen = chosen + 1", "a run's numbers"),
        ("""UPDATE crm_campaign_runs SET outcomes = '{"queued": 4}'""", "a run's numbers"),
        ("UPDATE crm_campaign_counts SET messages = messages + 1", "figures are not"),
        (
            """INSERT INTO crm_communication_logs SELECT (jsonb_populate_record(l,
                '{"id": 999999}')).* FROM crm_communication_logs l LIMIT 1""",
            "more or fewer",
        ),
        ("DELETE FROM crm_campaign_recipients", "more or fewer"),
        ("DELETE FROM crm_campaign_runs", "has no run"),
        (
            """INSERT INTO crm_campaign_conversions
                SELECT id, 999, false, now() FROM crm_campaign_runs""",
            "in neither group",
        ),
    ],
)
def test_damage_is_found(session: Session, damage: str, said: str) -> None:
    make_crowd(session, 5)
    make_launched(session)
    service.fold_counts(session)
    sql(session, "SET ROLE NONE")
    sql(session, "SET LOCAL session_replication_role = replica")
    if "drafters" in damage:
        sql(session, "ALTER TABLE crm_campaigns DROP CONSTRAINT ck_crm_campaigns_four_eyes")
    sql(session, damage)

    assert any(said in found for found in invariants(session))
