"""`reconcile` from the command line."""

from crm_core.base import webhooks
from crm_core.base.db import transaction
from crm_core.payouts.schemas import PayoutStatus
from tests.cli.commands import Command
from tests.payouts.paystack import LocalPaystack
from tests.payouts.transferring import now, ordered, sent


def test_it_sends_applies_and_says_what_it_found(command: Command, paystack: LocalPaystack) -> None:
    told, waiting = sent(), ordered()
    paystack.conclude(told.payment_reference, "success")
    with transaction(who="webhook:paystack") as session:
        webhooks.keep(session, "paystack", paystack.event(told.payment_reference))

    result = command("reconcile")

    assert result.exit_code == 0, result.output
    assert result.output == (
        "Events applied: 1. Transfers taken over: 0, asked after: 0, sent: 1.\n"
    )
    assert now(told).status is PayoutStatus.PAID
    assert waiting.payment_reference in paystack.transfers


def test_without_a_key_it_says_what_to_do(command: Command) -> None:
    result = command("reconcile")
    assert result.exit_code == 1
    assert "CRM_PAYSTACK_SECRET_KEY" in result.output
