"""Payouts: the approver's queue, the pipeline, the list, making and paying; one payout by URL."""

from functools import partial

from crm_core.people.schemas import Permission
from crm_core.ui import address_bar, asking, plans
from crm_core.ui.page import open_page
from crm_core.ui.payouts import figures, listing, making, paying, queue, rates, record

actor = open_page("Payouts", needs=Permission.PAYOUTS_READ)

TABS = {"To approve": queue.show, "Pipeline": figures.show, "All payouts": listing.show}
if asking.tab(actor, Permission.PAYOUTS_MAKE, "make"):
    TABS["Make"] = making.show
if asking.tab(actor, Permission.PAYOUTS_PAY, "pay"):
    TABS["Pay"] = paying.show
TABS["Tax rates"] = rates.show

plans.last_receipt()
payout_id = address_bar.number("payout")
if payout_id is not None:
    record.show(actor, payout_id)
else:
    address_bar.tabs({label: partial(show, actor) for label, show in TABS.items()})
