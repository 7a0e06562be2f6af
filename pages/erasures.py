"""Erasures: requests of people to be erased, and one request by URL."""

from crm_core.people.schemas import Permission
from crm_core.ui import address_bar
from crm_core.ui.erasures import listing, record
from crm_core.ui.page import open_page

actor = open_page("Erasures", needs=Permission.ERASURES_READ)

erasure_id = address_bar.number("erasure")
if erasure_id is not None:
    record.show(erasure_id, actor)
else:
    listing.show(actor)
