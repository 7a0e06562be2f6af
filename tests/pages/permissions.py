"""The permission table of the pages: what each takes to open, and every button on it.

It stands beside the code and not in it, so that a page or button which forgets its check is found.
"""

from collections.abc import Mapping

from crm_core.people.schemas import Permission

P = Permission

PAGES: Mapping[str, Permission | None] = {
    "": None,
    "search": P.PATIENTS_READ,
    "patients": P.PATIENTS_READ,
    "appointments": P.APPOINTMENTS_READ,
    "loyalty": P.LOYALTY_READ,
    "communications": P.MESSAGES_READ,
    "campaigns": P.CAMPAIGNS_READ,
    "feedback": P.FEEDBACK_READ,
    "owners": P.OWNERS_READ,
    "payouts": P.PAYOUTS_READ,
    "receipts": P.PAYOUTS_READ,
    "erasures": P.ERASURES_READ,
    "admin": P.PEOPLE_MANAGE,
}
"""Page → what opens it; None where being signed in is enough."""

_BUTTONS: Mapping[str, Mapping[Permission, str]] = {
    "patients": {
        P.PATIENTS_WRITE: """
            Register a patient, Register, Import a file, Import N patient, Edit, Save,
            Change the status, Change it, Merge with another, Choose another record,
            Merge PAT-N into PAT-N, Back to the patient
        """,
        P.LOYALTY_REDEEM: "Redeem, Redeem them",
        P.LOYALTY_ADJUST: "Give them, Correct it, Set it",
        P.MESSAGES_SEND: "Send it now, Write it down",
        P.IDENTIFIERS_REVEAL: "Show it",
        P.ERASURES_READ: "To the erasure",
    },
    "loyalty": {P.LOYALTY_ADJUST: "Add the reward"},
    "appointments": {
        P.APPOINTMENTS_WRITE: """
            Book a visit, Another time, Arrived, Confirm, Did not come, Cancel, Put on the list,
            Look at the reminders of this day, Back (book nothing), Back (move nothing)
        """,
        P.APPOINTMENTS_SUPERVISE: """
            Add the department, Add the doctor, Add the leave, Make a new link, Save,
            Save the week, Takes no new visits any more
        """,
    },
    "communications": {
        P.MESSAGES_SEND: "It is dealt with",
        P.MESSAGES_MANAGE: """
            Pause Email, Pause SMS, Pause WhatsApp, Write a new text, Save the text,
            Save the next version, Retire this text
        """,
    },
    "campaigns": {
        P.CAMPAIGNS_DRAFT: """
            New campaign, Save the draft, Edit, Submit for approval, Send a test to myself,
            Back (keep nothing), Back (change nothing)
        """,
        P.CAMPAIGNS_APPROVE: "Approve, Reject it, Make it a draft again",
        P.CAMPAIGNS_LAUNCH: "Launch now, Put on the schedule, Pause, Cancel the campaign",
    },
    "feedback": {
        P.FEEDBACK_WRITE: """
            Resolve, Resolve and next, Send the answer, Give it to them, do: Answer, do: Assign,
            do: Close, do: File it, do: Merge a duplicate, do: Note, do: Planned or done,
            do: Reopen, do: Resolve, do: Wait for the giver
        """,
        P.SETTINGS_WRITE: "Set the hours, Set the target, Add it, Remove it, Write it down",
    },
    "owners": {
        P.OWNERS_WRITE: """
            New owner, Add the owner, Edit, Save, Cancel, Add the hospital, Record the revenue,
            Draft the contract, Renew it, End it, Record the survey, Save the account
        """,
        P.OWNERS_READ: "Note it",
        P.MESSAGES_SEND: "Send it now, Write it down",
        P.IDENTIFIERS_REVEAL: "Show them",
    },
    "payouts": {
        P.PAYOUTS_MAKE: "Look at the month, One payout by hand, Back to preparing a month,"
        " Make the payout, Save, do: Edit, do: Cancel",
        P.PAYOUTS_APPROVE: """
            Look and approve, Reject, do: Approve, do: Reject, do: Undo the approval
        """,
        P.PAYOUTS_PAY: """
            All that are approved, Look and write the file, Mark as paid, do: Mark as paid,
            do: The money came back
        """,
        P.SETTINGS_WRITE: "Add the rate",
        P.IDENTIFIERS_REVEAL: "Show it",
    },
    "receipts": {P.PAYOUTS_APPROVE: "Undo the approval"},
    "erasures": {
        P.PRIVACY_MANAGE: "Write it down",
        P.ERASURES_APPROVE: "Approve and erase, Refuse",
    },
    "admin": {
        P.PEOPLE_MANAGE: """
            Open the account, Save roles, Set password, Make a sign-in link, Deactivate,
            Sign out everywhere, Make the token, Revoke
        """,
        P.SETTINGS_WRITE: "Change it, Make the subscription, End it",
        P.HISTORY_READ: "Older",
        P.PRIVACY_MANAGE: "Make the pack, Start the clock, It was reported",
    },
}

BUTTONS = {
    (page, label.replace("(", ", ").replace(" , ", ", ").replace(")", "").strip()): needs
    for page, by in _BUTTONS.items()
    for needs, labels in by.items()
    for label in " ".join(labels.split()).split(", ")
}
"""Page and button → what it takes; digits are written as N, a choice of deeds as ``do:``."""

ROUND = {
    "All campaigns",
    "All channels",
    "All doctors",
    "All erasures",
    "All hospitals",
    "All imports",
    "All messages",
    "All owners",
    "All patients",
    "All texts",
    "Back to the list",
    "Back to the receipts",
    "Back to the visits",
    "Best first",
    "Earlier",
    "Its contracts",
    "Its owners",
    "Largest first",
    "Later",
    "Mon N",
    "Tue N",
    "Wed N",
    "Thu N",
    "Fri N",
    "Sat N",
    "Sun N",
    "N active",
    "N visits",
    "Next",
    "Open its outbox",
    "Previous",
    "Save the view",
    "See N payouts",
    "See and settle",
    "See the late ones",
    "See the log",
    "See the ratings",
    "See the scores",
    "See the transactions",
    "See them",
    "See what failed",
    "See what was paid",
    "Show all",
    "Show only these",
    "Those that end soonest",
    "To the erasures",
    "To the patient",
    "Who has points",
    "Who waits too long",
    "Work it out anew",
}
"""Buttons that lead somewhere, or change the person's own view: for everybody who sees the page."""

STEPS: Mapping[tuple[str, str], Permission] = {
    ("patients", "new=yes"): P.PATIENTS_WRITE,
    ("patients", "import=new"): P.PATIENTS_WRITE,
    ("patients", "do=edit"): P.PATIENTS_WRITE,
    ("patients", "do=status"): P.PATIENTS_WRITE,
    ("patients", "do=merge"): P.PATIENTS_WRITE,
    ("payouts", "do=by-hand"): P.PAYOUTS_MAKE,
    ("loyalty", "tab=exports"): P.EXPORT,
    ("appointments", "do=book"): P.APPOINTMENTS_WRITE,
    ("appointments", "do=move"): P.APPOINTMENTS_WRITE,
    ("communications", "template=new"): P.MESSAGES_MANAGE,
    ("campaigns", "do=draft"): P.CAMPAIGNS_DRAFT,
    ("campaigns", "do=edit"): P.CAMPAIGNS_DRAFT,
    ("feedback", "tab=take-in"): P.FEEDBACK_WRITE,
    ("feedback", "do=answer"): P.FEEDBACK_WRITE,
    ("feedback", "do=resolve"): P.FEEDBACK_WRITE,
    ("feedback", "do=assign"): P.FEEDBACK_WRITE,
    ("owners", "new=yes"): P.OWNERS_WRITE,
    ("owners", "edit=yes"): P.OWNERS_WRITE,
    ("payouts", "tab=make"): P.PAYOUTS_MAKE,
    ("payouts", "tab=pay"): P.PAYOUTS_PAY,
    ("payouts", "do=approve"): P.PAYOUTS_APPROVE,
    ("payouts", "do=reject"): P.PAYOUTS_APPROVE,
    ("payouts", "do=edit"): P.PAYOUTS_MAKE,
    ("payouts", "do=pay"): P.PAYOUTS_PAY,
}
"""A step or tab that an address names → what it takes; whoever may not is told so in words."""

FILES: Mapping[str, Permission] = {
    "/export/list/": P.EXPORT,
    "/export/loyalty": P.EXPORT,
    "/export/bank-file/": P.PAYOUTS_PAY,
    "/export/patient-import/": P.PATIENTS_WRITE,
    "/export/receipt/": P.PAYOUTS_READ,
    "/export/remittance-advice/": P.PAYOUTS_READ,
}
"""Downloads that pages offer → what they take."""
