"""Admin."""

from crm_core.people.schemas import Permission
from crm_core.ui.page import open_page

actor = open_page("Admin", needs=Permission.PEOPLE_MANAGE)
