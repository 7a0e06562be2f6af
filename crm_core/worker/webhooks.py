"""The pulse that tells other systems what happened."""

from crm_core.integrations.outgoing import sending


def send_webhooks() -> None:
    """Sends what waits, until nothing that is due is left."""
    while sending.send_waiting() == sending.AT_ONCE:
        pass
