"""Which pages there are, and what it takes to see them."""

from dataclasses import dataclass

from crm_core.people.schemas import Actor, Permission


@dataclass(frozen=True)
class Entry:
    """A page: its file, what it is called, where it stands, and who may see it."""

    path: str
    title: str
    icon: str
    section: str
    needs: Permission | None


HOME = Entry("", "Home", ":material/home:", "Operations", None)
ENTRIES = [
    Entry("search", "Search", ":material/search:", "Operations", Permission.PATIENTS_READ),
    Entry("patients", "Patients", ":material/groups:", "Operations", Permission.PATIENTS_READ),
    Entry(
        "appointments",
        "Appointments",
        ":material/calendar_month:",
        "Operations",
        Permission.APPOINTMENTS_READ,
    ),
    Entry("loyalty", "Loyalty", ":material/loyalty:", "Operations", Permission.LOYALTY_READ),
    Entry("communications", "Messages", ":material/forum:", "Operations", Permission.MESSAGES_READ),
    Entry(
        "campaigns",
        "Campaigns",
        ":material/campaign:",
        "Operations",
        Permission.CAMPAIGNS_READ,
    ),
    Entry("feedback", "Feedback", ":material/reviews:", "Operations", Permission.FEEDBACK_READ),
    Entry("owners", "Owners", ":material/handshake:", "Operations", Permission.OWNERS_READ),
    Entry("payouts", "Payouts", ":material/payments:", "Money", Permission.PAYOUTS_READ),
    Entry("receipts", "Receipts", ":material/receipt_long:", "Money", Permission.PAYOUTS_READ),
    Entry("erasures", "Erasures", ":material/person_off:", "Admin", Permission.ERASURES_READ),
    Entry("admin", "Admin", ":material/admin_panel_settings:", "Admin", Permission.PEOPLE_MANAGE),
]


def open_to(actor: Actor) -> list[Entry]:
    """The pages that this person may see, but for the home page."""
    return [entry for entry in ENTRIES if entry.needs is None or actor.may(entry.needs)]
