"""What Paystack tells us unasked: how a transfer went, and whether one may go at all."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy.orm import Session

from crm_core.base import webhooks
from crm_core.payouts.schemas import PayoutStatus
from crm_core.payouts.transfers import guarding, recording
from crm_core.payouts.transfers.gateway import Report, Unanswered
from crm_core.payouts.transfers.paystack import Paystack, read_report
from crm_core.payouts.transfers.schemas import TransferState, TransferStatus

_EVENTS = {
    "transfer.success": TransferStatus.SUCCESS,
    "transfer.failed": TransferStatus.FAILED,
    "transfer.reversed": TransferStatus.REVERSED,
}


def apply_event(session: Session, body: bytes) -> str:
    """Takes a signed event into the books; gives what became of it."""
    event = _document(body)
    if event is None:
        return "This is no JSON document."
    name, data = str(event.get("event", "")), event.get("data")
    expected = _EVENTS.get(name)
    if expected is None:
        return f"“{name[:50]}” is not about the end of a transfer."
    try:
        report = read_report(data)
    except Unanswered as unreadable:
        return str(unreadable)
    if not _agrees(expected, report.status):
        return f"The event says {expected}, its transfer {report.status}: left to a verification."
    transfer_id = recording.find(session, Paystack.name, report.reference)
    if transfer_id is None:
        return "No transfer of ours has this reference."
    return recording.record(session, transfer_id, report, source="webhook")


def apply_waiting_events() -> int:
    """Applies what the door kept and did not come to; gives how many."""
    return webhooks.apply_waiting(Paystack.name, apply_event)


def judge_question(session: Session, body: bytes) -> str | None:
    """Paystack asks whether a transfer is to go: None where it is, else why it is not.

    It is, if it is one that we are sending: of an approved payout, with the same reference, amount
    and recipient. The question and our answer are kept with the transfer.
    """
    document = _document(body)
    data = document.get("data", document) if document is not None else None
    try:
        report = read_report(_with_status(data))
    except Unanswered:
        return "This is no question about a transfer."
    transfer_id = recording.find(session, Paystack.name, report.reference)
    if transfer_id is None:
        return "No transfer of ours has this reference."
    locked = recording.lock(session, transfer_id)
    refusal = _refusal(session, locked, report)
    said = "Paystack asked whether it may go: "
    recording.say(session, transfer_id, "approval", said + (refusal or "yes, it is approved."))
    return refusal


def _refusal(session: Session, locked: recording.Locked, report: Report) -> str | None:
    transfer, payout = locked.transfer, locked.payout
    under_way = payout.status in (PayoutStatus.PROCESSING, PayoutStatus.UNKNOWN)
    if not (locked.live and under_way) or payout.approvals < payout.approvals_needed:
        return f"{payout.payout_code} is {payout.status}: it is not to be paid by this transfer."
    if guarding.frozen(session, [payout.id]):
        return f"{payout.payout_code} is frozen."
    if transfer.state == TransferState.QUEUED:
        return f"{payout.payout_code} was not sent by us."
    if report.kobo != transfer.amount_kobo or (report.currency or "NGN").upper() != "NGN":
        return f"{payout.payout_code} is about another amount."
    if not recording.names_recipient(session, transfer.account_id, report):
        return f"{payout.payout_code} goes to another recipient."
    return None


def _agrees(expected: TransferStatus, status: TransferStatus) -> bool:
    return status is expected or (expected is TransferStatus.FAILED and status.failure)


def _with_status(data: object) -> object:
    """A question need not have a status; it is never a report."""
    return {"status": "pending", **data} if isinstance(data, Mapping) else data


def _document(body: bytes) -> Mapping[str, Any] | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, Mapping) else None
