"""Receipts: the proofs of bulk acts."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from crm_core.api.deps import ReaderDep
from crm_core.api.responses import Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base import preflight
from crm_core.base.preflight import ReceiptFilter, ReceiptRead, ReceiptSummary
from crm_core.base.words import RecordId

router = APIRouter(prefix="/receipts", tags=["Receipts"], route_class=Route)


@router.get("")
async def list_receipts(
    reader: ReaderDep, filters: Annotated[ReceiptFilter, Query()]
) -> JsonText[Rows[ReceiptSummary]]:
    """Receipts of bulk acts, the newest first."""
    return JsonText(await preflight.list_receipts(filters).fetch(reader))


@router.get("/{receipt_id}")
async def get_receipt(
    reader: ReaderDep, receipt_id: Annotated[RecordId, Path()]
) -> JsonText[Envelope[ReceiptRead]]:
    """One receipt, with every record that it changed or refused."""
    return JsonText(await preflight.find_receipt(receipt_id).fetch(reader))
