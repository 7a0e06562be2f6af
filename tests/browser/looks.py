"""The pages of the product, each as somebody sees it: for pictures, and for measuring."""

from dataclasses import dataclass
from datetime import timedelta

from crm_core.base.clock import add_months, lagos_today, month_start
from tests.browser.desk import ADMINISTRATOR, APPROVER, CAMPAIGNER, FINANCE, VIEWER
from tests.browser.payouts import make_payouts, prepare_month
from tests.browser.stack import Stack, data_of

ANALYST = "analyst@crm.local"
OTHER_ACCOUNT = {
    "bank_name": "First Bank",
    "account_number": "0000014579",
    "account_name": "A. Ogundimu",
}


@dataclass(frozen=True)
class Look:
    """A page as somebody sees it; ``shows`` is there when it is complete.

    Attributes:
        guide: its picture stands in the guide.
    """

    name: str
    who: str
    path: str
    shows: str
    guide: bool = False


OPEN = next(day for n in range(1, 5) if (day := lagos_today() + timedelta(days=n)).isoweekday() < 6)
"""The first day after today on which the doctors of the sample work, and have a visit."""

LOOKS = [
    Look("home", FINANCE, "/", "Satisfaction trend", guide=True),
    Look("owners", FINANCE, "/owners", "Lifetime value", guide=True),
    Look("contracts", FINANCE, "/owners?tab=contracts", "contracts"),
    Look("hospitals", FINANCE, "/owners?tab=hospitals", "Hospital"),
    Look("owner", FINANCE, "/owners?owner=3", "What is waiting", guide=True),
    Look("owner-account", FINANCE, "/owners?owner=3&tab=bank-account", "Zenith"),
    Look("payouts", APPROVER, "/payouts", "Ready to pay", guide=True),
    Look("pipeline", APPROVER, "/payouts?tab=pipeline", "By month of the period"),
    Look("list", APPROVER, "/payouts?tab=all-payouts", "payouts"),
    Look("make", FINANCE, "/payouts?tab=make", "One payout by hand"),
    Look("pay", FINANCE, "/payouts?tab=pay", "The bank's statement", guide=True),
    Look("payout", APPROVER, "/payouts?payout=3", "What happened", guide=True),
    Look("receipts", FINANCE, "/receipts", "What was done"),
    Look("receipt", FINANCE, "/receipts?receipt=1", "What was changed", guide=True),
    Look("patients", VIEWER, "/patients", "patients", guide=True),
    Look("patient", VIEWER, "/patients?patient=1", "points", guide=True),
    Look("patient-messages", VIEWER, "/patients?patient=2&tab=messages", "said", guide=True),
    Look("messages", VIEWER, "/communications", "messages", guide=True),
    Look("message", VIEWER, "/communications?message=1", "Its way"),
    Look("replies", VIEWER, "/communications?tab=replies", "repl"),
    Look("templates", VIEWER, "/communications?tab=templates", "texts"),
    Look("template", ADMINISTRATOR, "/communications?tab=templates&template=1", "reads it"),
    Look("channels", ADMINISTRATOR, "/communications?tab=channels", "By provider", guide=True),
    Look("outbox", VIEWER, "/communications?tab=channels&outbox=yes", "sandbox"),
    Look("feedback", VIEWER, "/feedback", "Past their time", guide=True),
    Look("feedback-case", VIEWER, "/feedback?feedback=2", "What to do", guide=True),
    Look("feedback-list", VIEWER, "/feedback?tab=all-feedback", "pieces"),
    Look("feedback-figures", ANALYST, "/feedback?tab=satisfaction", "drags", guide=True),
    Look("feedback-scores", ANALYST, "/feedback?tab=owner-scores&owner-score=1", "made of"),
    Look("feedback-take-in", VIEWER, "/feedback?tab=take-in&from=owner", "Or ask for stars"),
    Look("feedback-settings", ADMINISTRATOR, "/feedback?tab=settings", "Public holidays"),
    Look("search", VIEWER, "/search?q=PAT-002", "1 patient"),
    Look("appointments-day", VIEWER, f"/appointments?day={OPEN}", "A click on a visit", guide=True),
    Look("appointments-week", VIEWER, "/appointments?tab=week", "Visits of the day"),
    Look("appointments-all", VIEWER, "/appointments?tab=all-visits", "visits"),
    Look("appointments-reminders", VIEWER, "/appointments?tab=reminders", "Have not", guide=True),
    Look("appointments-waitlist", VIEWER, "/appointments?tab=waitlist", "Offers"),
    Look("appointments-figures", VIEWER, "/appointments?tab=figures", "Booked of the open time"),
    Look("appointments-doctors", VIEWER, "/appointments?tab=doctors", "doctors"),
    Look("appointments-book", VIEWER, "/appointments?do=book&for=2", "How far"),
    Look("appointment", VIEWER, "/appointments?visit=1", "What the patient was told", guide=True),
    Look("doctor", ADMINISTRATOR, "/appointments?who=1", "Working hours"),
    Look("campaigns", CAMPAIGNER, "/campaigns", "Tick several"),
    Look("campaign-draft", CAMPAIGNER, "/campaigns?do=draft", "Save the draft"),
    Look(
        "campaign-segment",
        CAMPAIGNER,
        "/campaigns?campaign=2&do=edit",
        "in this segment",
        guide=True,
    ),
    Look("campaign-preview", CAMPAIGNER, "/campaigns?campaign=2", "Get it", guide=True),
    Look("campaign-message", APPROVER, "/campaigns?campaign=2&tab=message", "As people read it"),
    Look("campaign", CAMPAIGNER, "/campaigns?campaign=1", "How far they came", guide=True),
    Look("campaign-effect", CAMPAIGNER, "/campaigns?campaign=1&tab=effect", "control group"),
    Look("loyalty", VIEWER, "/loyalty", "Points", guide=True),
    Look("exports", ANALYST, "/loyalty?tab=exports", "Exports so far", guide=True),
    Look("erasures", ADMINISTRATOR, "/erasures", "Somebody asks to be erased"),
    Look("erasure", APPROVER, "/erasures?erasure=1", "What goes and what stays", guide=True),
    Look("admin", ADMINISTRATOR, "/admin", "Sign-ins"),
    Look("settings", ADMINISTRATOR, "/admin?tab=settings", "Settings"),
    Look("history", ADMINISTRATOR, "/admin?tab=history", "Last sealed", guide=True),
    Look("refused", VIEWER, "/admin", "this takes the admin role"),
]


def furnish(stack: Stack) -> None:
    """A month prepared, payouts for two approvers and to another account, a request; an analyst."""
    prepare_month(stack, add_months(month_start(lagos_today()), -2))
    make_payouts(stack, "14500000.00")
    make_payouts(stack, "2750000.00", **OTHER_ACCOUNT)
    asked = {"patient_code": "PAT-001", "asked_on": f"{lagos_today()}", "reason": "By letter"}
    with stack.api("admin") as api:
        data_of(api.post("/privacy/erasures", json=asked))
    roles = ("--name", "Tunde Bakare", "--role", "analyst")
    stack.command("user", "create", ANALYST, *roles, typed="correct horse battery staple\n")
