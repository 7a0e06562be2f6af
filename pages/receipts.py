"""Receipts: the proof of every bulk act, and one receipt by URL."""

from crm_core.people.schemas import Permission
from crm_core.ui import address_bar, plans
from crm_core.ui.page import open_page
from crm_core.ui.receipts import listing, record

actor = open_page("Receipts", needs=Permission.PAYOUTS_READ)

plans.last_receipt()
receipt_id = address_bar.number("receipt")
if receipt_id is not None:
    record.show(actor, receipt_id)
else:
    listing.show(actor)
