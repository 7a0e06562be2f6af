"""Owners."""

from crm_core.people.schemas import Permission
from crm_core.ui.page import open_page

actor = open_page("Owners", needs=Permission.OWNERS_READ)
