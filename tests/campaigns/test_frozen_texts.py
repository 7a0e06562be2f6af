"""What a launch keeps of the texts is what was approved, and nobody changes it afterwards."""

from importlib import import_module

import psycopg
import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory
from crm_core.base.errors import Conflict, NotFound
from crm_core.campaigns import service
from crm_core.messaging.texts import queries
from crm_core.messaging.texts import service as texts
from crm_core.messaging.texts.schemas import TemplateFilter, TemplateSave
from crm_core.people.schemas import Role
from tests.campaigns.test_launching import make_crowd
from tests.make import make_actor
from tests.make_campaigns import LAUNCHER, WORKER, make_approved, run_of, write_all
from tests.observe import refused_by, sql

KEEPER = make_actor(Role.ADMIN)
"""May save texts, and approves no campaign."""

KEPT = "SELECT id, name, current FROM crm_message_templates WHERE name LIKE 'campaign%'"


def other_words(name: str) -> TemplateSave:
    given = {"name": name, "channel": "sms", "purpose": "follow_up", "body": "Pay at once"}
    return TemplateSave.model_validate(given)


def test_what_is_written_late_goes_out_with_the_text_that_was_approved(session: Session) -> None:
    make_crowd(session, 12)
    campaign = make_approved(session)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    service.work_on_run(session, run_of(session, campaign.id).id, actor=WORKER)

    for name in (f"campaign_{campaign.id}", f"campaign{campaign.id}"):
        texts.save_template(session, other_words(name), actor=KEEPER)
    write_all(session, campaign.id)

    bodies = sql(
        session,
        "SELECT DISTINCT t.body FROM crm_communication_logs l"
        " JOIN crm_message_templates t ON t.id = l.template_id WHERE l.campaign_id = :id",
        id=campaign.id,
    )
    assert bodies.scalars().all() == [campaign.message_template]


def test_no_text_can_be_saved_under_a_campaigns_name(session: Session) -> None:
    campaign = make_approved(session)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    (kept,) = sql(session, KEPT).all()

    with pytest.raises(ValidationError):
        other_words(kept.name)


def test_a_launched_text_is_neither_listed_nor_retired(session: Session) -> None:
    campaign = make_approved(session)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    (kept,) = sql(session, KEPT).all()

    listed = queries.list_templates(TemplateFilter(search="campaign")).page(session).rows
    assert listed == []
    with pytest.raises(NotFound):
        queries.get_template(session, kept.id)
    with pytest.raises(Conflict, match="as it was approved"):
        texts.retire_template(session, kept.id, actor=KEEPER)
    with refused_by(session, "ck_crm_message_templates_of_campaign"):
        sql(session, "UPDATE crm_message_templates SET current = false WHERE id = :i", i=kept.id)


def test_texts_of_earlier_launches_go_under_the_kept_name(own_database: str) -> None:
    migration = import_module("crm_core.migrations.versions.2026_11_24_08_texts_of_campaigns")
    with SessionFactory.begin() as session:
        launched, draft = make_approved(session), make_approved(session)
        service.launch_campaign(session, launched.id, actor=LAUNCHER)
    with psycopg.connect(own_database) as owner:
        owner.execute(
            "ALTER TABLE crm_message_templates DROP CONSTRAINT ck_crm_message_templates_of_campaign"
        )
        owner.execute(
            "UPDATE crm_message_templates SET name = 'campaign_' || substr(name, 10)"
            " WHERE name LIKE 'campaign-%'"
        )
    with SessionFactory.begin() as session:
        for name in (f"campaign_{launched.id}", f"campaign_{draft.id}"):
            texts.save_template(session, other_words(name), actor=KEEPER)
    with psycopg.connect(own_database) as owner:
        owner.execute(migration.TEXTS)

    with SessionFactory() as session:
        found = {row.name: row.current for row in sql(session, KEPT)}
        frozen = sql(session, "SELECT body FROM crm_message_templates WHERE name LIKE 'campaign-%'")
        assert frozen.scalars().all() == [launched.message_template]
    assert found == {
        f"campaign-{launched.id}": True,
        f"campaign_{launched.id}": False,
        f"campaign_{draft.id}": True,
    }
