"""Jobs of paying by transfer; without a provider there is nothing to do."""

from crm_core.payouts.transfers.accounts import resolve_waiting
from crm_core.payouts.transfers.configured import gateway
from crm_core.payouts.transfers.hearing import apply_waiting_events
from crm_core.payouts.transfers.planning import SEND_JOB
from crm_core.payouts.transfers.reconciling import reconcile
from crm_core.payouts.transfers.sending import send_waiting
from crm_core.worker.jobs import app


@app.task(name=SEND_JOB)
def send_transfers() -> None:
    """Sends what was ordered; queued with every order."""
    if (provider := gateway()) is not None:
        send_waiting(provider)


@app.periodic(cron="* * * * *")
@app.task(name="reconcile_transfers", queueing_lock="reconcile_transfers")
def reconcile_transfers(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Applies what webhooks left, and asks after whatever was not answered."""
    apply_waiting_events()
    if (provider := gateway()) is not None:
        reconcile(provider)


@app.periodic(cron="* * * * *")
@app.task(name="resolve_accounts", queueing_lock="resolve_accounts")
def resolve_accounts(timestamp: int) -> None:  # noqa: ARG001  (as above)
    """Asks whose the accounts are that payouts wait for approval with."""
    if (provider := gateway()) is not None:
        resolve_waiting(provider)
