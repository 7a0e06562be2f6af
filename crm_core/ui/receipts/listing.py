"""All receipts, the newest first."""

from crm_core.base import preflight
from crm_core.base.preflight import ReceiptFilter
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, tables
from crm_core.ui.page import load

_KINDS = {
    "payout_preparation": "Months prepared",
    "message_settlement": "Unknown messages settled",
    "message_resend": "Messages sent again",
    "payout_approval": "Payouts approved",
    "payout_undo": "Approvals undone",
    "payout_file": "Bank files written",
    "payout_payment": "Payments marked",
    "patient_import": "Patients imported",
    "patient_import_undo": "Imports undone",
    "patient_merge": "Patients merged",
    "patient_merge_undo": "Merges undone",
}
_COLUMNS = {
    "Receipt": tables.text(width=80),
    "What": tables.text(),
    "Changed": tables.number(width=90),
    "Refused": tables.number(width=90),
    "By": tables.text(),
    "When": tables.at(),
    "State": tables.state(("undone",)),
}


def show(actor: Actor) -> None:
    """Receipts by kind and by who made them; a row opens its receipt."""
    kind = address_bar.choice("kind", "What was done", _KINDS, any_label="Everything")
    mine = address_bar.switch("mine", "Only mine")
    filters = ReceiptFilter(
        kind=kind,
        who=actor.key if mine else None,
        page=address_bar.page_of(),
        limit=tables.PAGE,
    )
    with load() as session:
        found = tables.page_of(session, preflight.list_receipts, filters)
    shown = [
        {
            "Receipt": f"No. {each.id}",
            "What": each.title,
            "Changed": each.changed,
            "Refused": each.refused,
            "By": each.who_name,
            "When": each.created_at,
            "State": "undone" if each.undone_at else "",
        }
        for each in found.rows
    ]
    tables.pick_one(
        tables.Table(
            rows=shown,
            columns=_COLUMNS,
            ids=[each.id for each in found.rows],
            alt="Receipts of bulk acts, the newest first",
            empty="No receipts yet: approving, preparing and paying leave one each.",
            name="receipts",
        ),
        opens=lambda receipt_id: {"receipt": str(receipt_id)},
    )
    tables.pages(found, "receipt")
