"""Which provider of transfers is set up; without one the way is not offered. Nothing pretends."""

from crm_core.base.errors import Conflict
from crm_core.base.settings import settings
from crm_core.payouts.transfers.gateway import Gateway
from crm_core.payouts.transfers.paystack import Paystack

NOT_SET_UP = (
    "Paying by transfer is not set up: an administrator sets CRM_PAYSTACK_SECRET_KEY."
    " Until then payouts go by bank upload file."
)


def gateway() -> Gateway | None:
    """The provider, or None where none is set up."""
    secret = settings().crm_paystack_secret_key.get_secret_value()
    return Paystack(secret, settings().crm_paystack_url) if secret else None


def required_gateway() -> Gateway:
    """The provider; ``Conflict`` with what to do where none is set up."""
    found = gateway()
    if found is None:
        raise Conflict(NOT_SET_UP)
    return found
