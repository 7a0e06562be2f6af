"""Paying by transfer: a plan and its commit, what became of it, and asking the provider now."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import HTMLResponse, Response

from crm_core.api.deps import CurrentActor, Db, ReadDb, needs
from crm_core.api.responses import Done, Envelope
from crm_core.api.route import Route
from crm_core.base.preflight import Plan, Receipt
from crm_core.base.words import RecordId
from crm_core.payouts import queries
from crm_core.payouts.advice import POLICY, advice_of, as_page
from crm_core.payouts.schemas import Commit, PayoutRead, Selection
from crm_core.payouts.transfers import planning, reconciling
from crm_core.payouts.transfers.accounts import resolve_account
from crm_core.payouts.transfers.queries import story_of
from crm_core.payouts.transfers.schemas import AccountHolder, Release, TransferStory
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/payouts",
    tags=["Payouts by transfer"],
    route_class=Route,
    dependencies=[needs(Permission.PAYOUTS_READ)],
)
PayoutId = Annotated[RecordId, Path()]


@router.post("/plan-transfer")
def plan_transfer(db: ReadDb, actor: CurrentActor, data: Selection) -> Envelope[Plan]:
    """Which of these go by transfer, to whom, and the total; changes nothing."""
    return Envelope(data=planning.plan_transfer(db, data.ids, actor=actor))


@router.post("/commit-transfer")
def commit_transfer(db: Db, actor: CurrentActor, data: Commit) -> Done[Receipt]:
    """Orders what the plan showed: the worker sends it, and the payouts are processing."""
    receipt = planning.commit_transfer(db, data.fingerprint, data.ids, actor=actor)
    number = receipt.changed
    message = f"{number:,} transfer{'' if number == 1 else 's'} ordered"
    return Done(message=message, data=receipt)


@router.get("/{payout_id}/transfers")
def list_transfers(db: ReadDb, payout_id: PayoutId) -> Envelope[TransferStory]:
    """A payout's transfers, the latest first, with every word of the provider about them."""
    queries.get_payout(db, payout_id)
    return Envelope(data=story_of(db, payout_id))


@router.post("/{payout_id}/verify")
def verify_payout(actor: CurrentActor, payout_id: PayoutId) -> Done[PayoutRead]:
    """Asks the provider now what became of the payout's transfer; the message says what it says."""
    found = reconciling.verify_payout(payout_id, actor=actor)
    return Done(message=found.sentence, data=found.payout)


@router.post("/{payout_id}/release")
def release_payout(
    db: Db, actor: CurrentActor, payout_id: PayoutId, data: Release
) -> Done[PayoutRead]:
    """An approver has looked into a frozen transfer that is over: the payout may go on."""
    reconciling.release_payout(db, payout_id, data, actor=actor)
    return Done(message="Released", data=queries.get_payout(db, payout_id))


@router.post("/{payout_id}/account-holder")
def ask_account_holder(actor: CurrentActor, payout_id: PayoutId) -> Done[AccountHolder]:
    """Asks the account's bank now whose it is, and compares the name with the payout's."""
    return Done(message="The bank was asked", data=resolve_account(payout_id, actor=actor))


@router.get(
    "/{payout_id}/remittance-advice",
    response_class=Response,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
def show_remittance_advice(db: ReadDb, payout_id: PayoutId) -> Response:
    """What a paid payout was made of, as a page to print; 409 where it is not paid."""
    page = as_page(advice_of(db, payout_id))
    return HTMLResponse(page, headers={"content-security-policy": POLICY})
