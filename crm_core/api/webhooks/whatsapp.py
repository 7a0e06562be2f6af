"""WhatsApp Cloud: states of messages, and what people write or tap."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from crm_core.api.webhooks.receiving import UNSIGNED, Provider, Received, receive, signed_with
from crm_core.base import crypto
from crm_core.base.settings import settings
from crm_core.messaging.receiving import telling

router = APIRouter()

_STARTS = "sha256="


def _genuine(request: Request, body: bytes) -> bool:
    secret = settings().crm_whatsapp_app_secret.get_secret_value()
    given = request.headers.get("x-hub-signature-256", "")
    return given.startswith(_STARTS) and signed_with(
        secret, body, "sha256", given.removeprefix(_STARTS)
    )


WHATSAPP = Provider("whatsapp", _genuine, partial(telling.apply_waiting, "whatsapp"))


@router.get("/whatsapp", include_in_schema=False)
def shake_hands(
    mode: Annotated[str, Query(alias="hub.mode")] = "",
    token: Annotated[str, Query(alias="hub.verify_token")] = "",
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=200)] = "",
) -> Response:
    """Says the challenge back to whoever knows the word of the settings, when it is registered."""
    word = settings().crm_whatsapp_verify_token.get_secret_value()
    if mode != "subscribe" or not word or not crypto.equal(word, token):
        raise HTTPException(403, "This is not the word that WhatsApp was given: nothing was set.")
    return PlainTextResponse(challenge)


@router.post("/whatsapp", response_model=Received, openapi_extra=UNSIGNED)
async def receive_from_whatsapp(request: Request) -> Response:
    """States and messages, signed with the app secret in `x-hub-signature-256`."""
    return await receive(request, WHATSAPP)
