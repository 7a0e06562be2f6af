"""Termii: receipts of text messages, and what people answer."""

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from crm_core.api.webhooks.receiving import UNSIGNED, Provider, Received, receive, signed_with
from crm_core.base.settings import settings
from crm_core.messaging.receiving import telling

router = APIRouter()


def _genuine(request: Request, body: bytes) -> bool:
    secret = settings().crm_termii_secret_key.get_secret_value()
    return signed_with(secret, body, "sha512", request.headers.get("x-termii-signature", ""))


TERMII = Provider("termii", _genuine, partial(telling.apply_waiting, "termii"))


@router.post("/termii", response_model=Received, openapi_extra=UNSIGNED)
async def receive_from_termii(request: Request) -> Response:
    """A receipt or a reply, signed with the secret key in `x-termii-signature`."""
    return await receive(request, TERMII)
