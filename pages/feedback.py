"""Feedback: the queue, the list, taking it in, satisfaction, settings; one case by its URL."""

from functools import partial

from crm_core.people.schemas import Permission
from crm_core.ui import address_bar, asking
from crm_core.ui.feedback import intake, listing, owners, queue, record, satisfaction, settings
from crm_core.ui.page import open_page

actor = open_page("Feedback", needs=Permission.FEEDBACK_READ)

TABS = {"Queue": queue.show, "All feedback": listing.show, "Satisfaction": satisfaction.show}
if asking.tab(actor, Permission.OWNERS_READ, "owner-scores"):
    TABS["Owner scores"] = owners.show
if asking.tab(actor, Permission.FEEDBACK_WRITE, "take-in"):
    TABS["Take in"] = intake.show
TABS["Settings"] = settings.show

record.open_next()
feedback_id = address_bar.number("feedback")
if feedback_id is not None:
    record.show(actor, feedback_id)
else:
    address_bar.tabs({label: partial(show, actor) for label, show in TABS.items()})
