"""Two tabs of the admin page: other systems, and the machine room."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base import beats
from crm_core.base.errors import Forbidden
from crm_core.insights.work import work_under_way
from crm_core.integrations.incoming import keep_refused
from crm_core.integrations.incoming.schemas import Source
from crm_core.integrations.outgoing import service
from crm_core.integrations.outgoing.schemas import SubscriptionCreate
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_business import make_owner, make_payout, pay
from tests.observe import sql
from tests.pages.acting import cells, errors, labels, press, texts

Open = Callable[..., AppTest]
ADMIN, VIEWER = make_actor(Role.ADMIN), make_actor(Role.VIEWER)


@pytest.fixture
def admin(visit: Open) -> Open:
    """``admin(tab="Integrations")``: the admin page as an administrator."""
    return partial(visit, "pages/admin.py", Role.ADMIN)


def subscribed(session: Session) -> int:
    wanted = SubscriptionCreate.model_validate(
        {"name": "Ledger", "url": "https://example.ng/hook", "kinds": ["payout.paid"]}
    )
    made, _ = service.subscribe(session, wanted, actor=ADMIN)
    return made.id


def test_an_event_that_was_refused_says_why(admin: Open, session: Session) -> None:
    assert "No event is like this" in str(texts(admin(tab="Integrations")))
    keep_refused(session, Source.BILLING, {"event_id": "bill-7"}, "month: This is required.")

    page = admin(tab="Integrations", became="refused", event=_id_of(session))

    assert cells(page, "Why it was refused") == ["month: This is required."]
    assert "month: This is required." in errors(page)
    assert '"bill-7"' in page.code[0].value
    assert cells(admin(tab="Integrations", became="done"), "Event") == []


def test_a_subscription_is_made_with_its_secret_shown_once(admin: Open, session: Session) -> None:
    page = admin(tab="Integrations", part="told")
    named = {field.label: field for field in page.text_input}
    named["Which system it is"].input("Ledger")
    named["Its address (https)"].input("https://example.ng/hook")
    page.multiselect[0].select("payout.paid")

    press(page, "Make the subscription")

    assert cells(page, "Name") == ["Ledger"]
    assert page.code[0].value.startswith("whsec_")
    press(page, "I have copied it")
    assert not page.code


def test_an_address_in_the_clear_is_refused_beside_its_field(admin: Open) -> None:
    page = admin(tab="Integrations", part="told")
    named = {field.label: field for field in page.text_input}
    named["Which system it is"].input("Ledger")
    named["Its address (https)"].input("http://example.ng/hook")
    page.multiselect[0].select("payout.paid")

    press(page, "Make the subscription")

    assert "not sent in the clear" in errors(page)[0]


def test_a_subscription_is_ended(admin: Open, session: Session) -> None:
    subscription_id = subscribed(session)

    page = press(admin(tab="Integrations", part="told", subscription=subscription_id), "End it")

    assert cells(page, "Name") == []
    assert not sql(session, "SELECT active FROM crm_webhook_subscriptions").scalar_one()


def test_a_delivery_that_was_given_up_is_sent_again(admin: Open, session: Session) -> None:
    subscribed(session)
    pay(session, make_payout(session, make_owner(session).id).id)
    sql(
        session,
        "UPDATE crm_webhook_deliveries SET state = 'given_up', attempts = 8, error = 'No answer.',"
        " ended_at = now()",
    )
    delivery_id = sql(session, "SELECT id FROM crm_webhook_deliveries").scalar_one()
    page = admin(tab="Integrations", part="sent", delivery=delivery_id)
    assert cells(page, "What went wrong") == ["No answer."]

    press(page, "Send it again")

    assert sql(session, "SELECT state FROM crm_webhook_deliveries").scalar_one() == "waiting"
    assert "Send it again" not in labels(page)


def test_the_machine_room_says_that_nobody_works(admin: Open) -> None:
    page = admin(tab="Jobs and channels")

    assert "No worker was seen in the last minute" in errors(page)[0]
    assert "No job waits, and none failed." in str(texts(page))
    assert len(cells(page, "Channel")) == 3


def test_the_machine_room_shows_workers_and_failed_jobs(admin: Open, session: Session) -> None:
    beats.beat(session, "here-1")
    sql(
        session,
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts)"
        " VALUES ('default', 'seal_history', 'failed', 3)",
    )

    page = admin(tab="Jobs and channels")

    assert not errors(page)
    assert cells(page, "Worker") == ["here-1"]
    assert "Seal history" in cells(page, "Job")
    assert "1 failed for good" in page.warning[0].value


def test_the_machine_room_takes_an_administrator(session: Session) -> None:
    with pytest.raises(Forbidden):
        work_under_way(session, actor=VIEWER)


def _id_of(session: Session) -> int:
    return int(sql(session, "SELECT max(id) FROM crm_integration_events").scalar_one())
