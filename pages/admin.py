"""People, API tokens, sign-ins; settings, the history, other systems, jobs, data subjects."""

from functools import partial

from crm_core.people.schemas import Permission
from crm_core.ui import address_bar
from crm_core.ui.admin import (
    history,
    integrations,
    people,
    settings,
    sign_ins,
    subjects,
    tokens,
    work,
)
from crm_core.ui.page import open_page

actor = open_page("Admin", needs=Permission.PEOPLE_MANAGE)

TABS = {
    "People": people.show,
    "API tokens": tokens.show,
    "Sign-ins": sign_ins.show,
    "Settings": settings.show,
    "History": history.show,
    "Integrations": integrations.show,
    "Jobs and channels": work.show,
    "Data subjects": subjects.show,
}

address_bar.tabs({label: partial(show, actor) for label, show in TABS.items()})
