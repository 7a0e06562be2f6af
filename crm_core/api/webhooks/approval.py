"""Paystack asks before each transfer whether it may go: 200 means yes, 400 no."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from crm_core.api.deps import resources
from crm_core.api.refusals import answer_json, failure
from crm_core.api.webhooks.paystack import is_signed
from crm_core.api.webhooks.receiving import UNSIGNED, Received, raw_body
from crm_core.base import crypto
from crm_core.base.db import transaction
from crm_core.base.settings import settings
from crm_core.payouts.transfers.hearing import judge_question

SHORTEST_SECRET = 32

router = APIRouter(prefix="/integrations/paystack", tags=["Webhooks"])


@router.post("/approve", response_model=Received, openapi_extra=UNSIGNED)
async def approve_signed_transfer(request: Request) -> Response:
    """Whether a transfer may go; the question is signed like an event."""
    body = await raw_body(request)
    if not is_signed(request, body):
        raise HTTPException(401, "This is not signed by Paystack: nothing may go.")
    return await _answer(request, body)


@router.post("/approve/{secret}", response_model=Received, openapi_extra=UNSIGNED)
async def approve_transfer(request: Request, secret: str) -> Response:
    """Whether a transfer may go; the address itself is the secret that only Paystack was told."""
    # The path goes into the log, and the secret must not.
    request.scope["path"] = request.scope["path"].removesuffix(secret) + "…"
    ours = settings().crm_paystack_approval_secret.get_secret_value()
    if len(ours) < SHORTEST_SECRET or not crypto.equal(ours, secret):
        raise HTTPException(401, "This is not the address that Paystack was told.")
    return await _answer(request, await raw_body(request))


async def _answer(request: Request, body: bytes) -> Response:
    async with resources(request).places:
        refusal = await run_in_threadpool(_judge, body, request.scope.get("request_id", ""))
    if refusal is not None:
        return failure(400, refusal)
    return answer_json(200, Received(message="It may go").model_dump())


def _judge(body: bytes, request_id: str) -> str | None:
    why = "the provider asked whether a transfer may go"
    with transaction(who="webhook:paystack", why=why, request_id=request_id) as session:
        return judge_question(session, body)
