"""Paystack: what became of a transfer."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from crm_core.api.webhooks.receiving import UNSIGNED, Provider, Received, receive, signed_with
from crm_core.base.settings import settings
from crm_core.payouts.transfers.hearing import apply_waiting_events

router = APIRouter()


def is_signed(request: Request, body: bytes) -> bool:
    """Whether Paystack signed this with the secret key that it shares with us."""
    secret = settings().crm_paystack_secret_key.get_secret_value()
    return signed_with(secret, body, "sha512", request.headers.get("x-paystack-signature", ""))


PAYSTACK = Provider("paystack", is_signed, apply_waiting_events)


@router.post("/paystack", response_model=Received, openapi_extra=UNSIGNED)
async def receive_from_paystack(request: Request) -> Response:
    """An event of Paystack, signed with the secret key in `x-paystack-signature`."""
    return await receive(request, PAYSTACK)
