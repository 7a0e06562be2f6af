"""Africa's Talking: it signs nothing, so the address that it is given ends in a secret."""

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from crm_core.api.webhooks.receiving import UNSIGNED, Provider, Received, receive
from crm_core.base import crypto
from crm_core.base.settings import settings
from crm_core.messaging.receiving import telling

router = APIRouter()


def _genuine(request: Request, _body: bytes) -> bool:
    secret = settings().crm_africastalking_webhook_secret.get_secret_value()
    return bool(secret) and crypto.equal(secret, str(request.path_params.get("secret", "")))


AFRICAS_TALKING = Provider(
    "africastalking", _genuine, partial(telling.apply_waiting, "africastalking")
)


@router.post("/africastalking", include_in_schema=False)
async def refuse_without_secret(request: Request) -> Response:
    """The address without its secret: refused, whatever comes."""
    return await receive(request, AFRICAS_TALKING)


@router.post("/africastalking/{secret}", response_model=Received, openapi_extra=UNSIGNED)
async def receive_from_africas_talking(request: Request, secret: str) -> Response:
    """A receipt, a reply or an opt-out as a form; the path ends in the secret of the settings."""
    # The path goes into the log, and the secret must not.
    request.scope["path"] = request.scope["path"].removesuffix(secret) + "…"
    return await receive(request, AFRICAS_TALKING)
