"""Owners, their contracts and hospitals: the lists, and each owner's own page by URL."""

from functools import partial

from crm_core.people.schemas import Permission
from crm_core.ui import address_bar
from crm_core.ui.owners import contracts, directory, forms, identity, places, record
from crm_core.ui.page import open_page

actor = open_page("Owners", needs=Permission.OWNERS_READ)

forms.open_created()
owner_id = address_bar.number("owner")
identity.forget_unless(owner_id)
if owner_id is not None:
    record.show(owner_id, actor)
else:
    address_bar.tabs(
        {
            "Owners": partial(directory.show, actor),
            "Contracts": contracts.show_all,
            "Hospitals": partial(places.show, actor),
        }
    )
