"""Messages: the log of all, texts, replies and channels; one message by URL."""

from functools import partial

from crm_core.people.schemas import Permission
from crm_core.ui import address_bar, plans
from crm_core.ui.messages import channels, log, record, replies, resending, texts
from crm_core.ui.page import open_page

actor = open_page("Messages", needs=Permission.MESSAGES_READ)

TABS = {
    "Log": log.show,
    "Replies": replies.show,
    "Templates": texts.show,
    "Channels": channels.show,
}

plans.last_receipt()
resending.open_new()
message_id = address_bar.number("message")
if message_id is not None:
    record.show(actor, message_id)
else:
    address_bar.tabs({label: partial(show, actor) for label, show in TABS.items()})
