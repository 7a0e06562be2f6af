"""Payouts."""

from crm_core.people.schemas import Permission
from crm_core.ui.page import open_page

actor = open_page("Payouts", needs=Permission.PAYOUTS_READ)
