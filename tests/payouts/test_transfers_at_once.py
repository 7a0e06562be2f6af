"""Several people, workers and messages at the same moment; and a worker that is killed."""

from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL
from threading import Event
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_core.base.db import SessionFactory, transaction
from crm_core.payouts import service
from crm_core.payouts.schemas import PayoutStatus
from crm_core.payouts.transfers import hearing, planning, reconciling
from crm_core.people.schemas import Actor, Role
from tests.conftest import KEYS
from tests.make import make_actor
from tests.make_business import FINANCE
from tests.observe import sql
from tests.payouts.acts import steps_of
from tests.payouts.paystack import SECRET, LocalPaystack
from tests.payouts.transferring import (
    approved,
    assert_books_hold,
    now,
    order,
    ordered,
    reconcile,
    send,
    sent,
    transfer,
)
from tests.processes import eventually, running
from tests.together import kinds, together

COLLEAGUE = make_actor(Role.FINANCE)

pytestmark = pytest.mark.usefixtures("own_database")


def committing(actor: Actor, ids: list[int]) -> Callable[[], object]:
    """A plan that lies before somebody, and the click that confirms it."""
    with SessionFactory() as session:
        fingerprint = planning.plan_transfer(session, ids, actor=actor).fingerprint

    def click() -> object:
        with transaction(who=actor.key) as session:
            return planning.commit_transfer(session, fingerprint, ids, actor=actor)

    return click


def writing_a_file(ids: list[int]) -> Callable[[], object]:
    """The same payouts, by somebody who writes a bank file."""
    with SessionFactory() as session:
        fingerprint = service.plan_file(session, ids, actor=COLLEAGUE).fingerprint

    def click() -> object:
        with transaction(who=COLLEAGUE.key) as session:
            return service.commit_file(session, fingerprint, ids, actor=COLLEAGUE)

    return click


def test_two_people_who_order_at_once_order_once(paystack: LocalPaystack) -> None:
    payouts = [approved() for _ in range(5)]
    ids = [payout.id for payout in payouts]

    outcomes = together([committing(FINANCE, ids), committing(COLLEAGUE, ids)])

    assert kinds(outcomes) == ["Conflict", "Receipt"]
    send()
    assert sorted(paystack.orders()) == sorted(payout.payment_reference for payout in payouts)
    assert_books_hold()


def test_by_transfer_and_by_file_at_once_is_one_of_them(paystack: LocalPaystack) -> None:
    payout = approved()

    outcomes = together([committing(FINANCE, [payout.id]), writing_a_file([payout.id])])

    assert kinds(outcomes) == ["Conflict", "Receipt"]
    assert now(payout).status is PayoutStatus.PROCESSING
    assert_books_hold()


def test_two_workers_send_each_order_once(paystack: LocalPaystack) -> None:
    payouts = [approved() for _ in range(120)]
    order(*(payout.id for payout in payouts))

    together([send, send, send])

    assert sorted(paystack.orders()) == sorted(payout.payment_reference for payout in payouts)
    assert {transfer(payout).state for payout in payouts[::40]} == {"sent"}
    assert_books_hold()


def test_a_webhook_and_two_verifications_at_once_pay_once(paystack: LocalPaystack) -> None:
    payout = sent()
    paystack.conclude(payout.payment_reference, "success")
    event = paystack.event(payout.payment_reference)

    def hear() -> object:
        with transaction(who="webhook:paystack") as session:
            return hearing.apply_event(session, event)

    outcomes = together(
        [
            hear,
            hear,
            lambda: reconciling.verify_payout(payout.id, actor=FINANCE),
            lambda: reconcile(minutes=2),
        ]
    )

    assert kinds(outcomes) == ["Reconciled", "Verified", "str", "str"]
    assert now(payout).status is PayoutStatus.PAID
    with SessionFactory() as session:
        assert steps_of(session, payout.id)[-1] == ("processing", "paid")
        assert steps_of(session, payout.id).count(("processing", "paid")) == 1
    assert_books_hold()


def test_success_and_reversal_at_once_end_the_same_way(paystack: LocalPaystack) -> None:
    payout = sent()
    reference = payout.payment_reference

    def hear(status: str) -> Callable[[], object]:
        body = paystack.event(reference, f"transfer.{status}", status=status)

        def apply() -> object:
            with transaction(who="webhook:paystack") as session:
                return hearing.apply_event(session, body)

        return apply

    together([hear("success"), hear("reversed")])

    assert now(payout).status in (PayoutStatus.REVERSED, PayoutStatus.FAILED)
    assert_books_hold()


def test_a_worker_that_is_killed_while_it_sends_loses_and_doubles_nothing(
    own_database: str, paystack: LocalPaystack, tmp_path: Path
) -> None:
    arrived, killed = Event(), Event()

    def wait(_: dict[str, Any]) -> None:
        arrived.set()
        killed.wait(60)

    paystack.change = wait
    payout = ordered()
    environment = {
        **KEYS,
        "DATABASE_URL": own_database,
        "CRM_PAYSTACK_SECRET_KEY": SECRET,
        "CRM_PAYSTACK_URL": paystack.url,
    }
    with running(["-m", "crm_core", "work"], tmp_path, environment) as worker:
        assert arrived.wait(60), worker.said
        worker.stop(SIGKILL)
    assert (now(payout).status, transfer(payout).state) == (PayoutStatus.PROCESSING, "sending")
    killed.set()
    eventually(lambda: payout.payment_reference in paystack.transfers)

    assert reconcile(minutes=6).abandoned == 1
    paystack.conclude(payout.payment_reference, "success")
    reconcile(minutes=30)

    assert now(payout).status is PayoutStatus.PAID
    assert paystack.orders() == [payout.payment_reference]
    assert_books_hold()


def test_a_running_worker_sends_what_was_ordered_and_asks_whose_accounts_are(
    own_database: str, paystack: LocalPaystack, tmp_path: Path
) -> None:
    paystack.first_status = "success"
    payout = approved()
    environment = {
        **KEYS,
        "DATABASE_URL": own_database,
        "CRM_PAYSTACK_SECRET_KEY": SECRET,
        "CRM_PAYSTACK_URL": paystack.url,
    }
    with running(["-m", "crm_core", "work"], tmp_path, environment):
        order(payout.id)
        eventually(lambda: now(payout).status is PayoutStatus.PAID)
    assert paystack.orders() == [payout.payment_reference]


def test_no_transaction_is_open_while_the_provider_is_asked(paystack: LocalPaystack) -> None:
    open_ones: list[int] = []

    def look(_: dict[str, Any]) -> None:
        with SessionFactory() as session:
            open_ones.append(open_transactions(session))

    paystack.change = look
    sent()
    assert open_ones == [0]


def open_transactions(session: Session) -> int:
    """Of others on this database."""
    found = sql(
        session,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND xact_start IS NOT NULL AND pid <> pg_backend_pid()",
    )
    return int(found.scalar())
