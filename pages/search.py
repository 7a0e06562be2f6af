"""Search over everything that the person may see; the words are in the address."""

from crm_core.people.schemas import Permission
from crm_core.ui import finding
from crm_core.ui.page import open_page

actor = open_page("Search", needs=Permission.PATIENTS_READ)
finding.show(actor)
