"""Payouts as rows of tables, and the words for their checks."""

from collections.abc import Mapping, Sequence

from crm_core.base.clock import lagos_today
from crm_core.base.preflight import Verdict
from crm_core.payouts.schemas import BeneficiaryCheck, PayoutRead, PayoutStatus
from crm_core.ui import tables

UNPAID = {
    PayoutStatus.PENDING,
    PayoutStatus.APPROVED,
    PayoutStatus.PROCESSING,
    PayoutStatus.FAILED,
    PayoutStatus.UNKNOWN,
}
CHECKS = {
    "no_account": "no account",
    "nuban": "account digit",
    "shared": "shared account",
    "recent": "new account",
    "differs": "other account",
    "unusual": "unusual amount",
    "holder": "other holder",
    "no_holder": "no holder",
}
_FOR_YOU = {
    "approve": "approve",
    "first": "first approval",
    "maker": "you made it",
    "already": "you approved",
    "blocked": "needs a reason",
}

COLUMNS = {
    "Payout": tables.text(width=110),
    "Owner": tables.text(),
    "Net": tables.naira(),
    "Status": tables.state([*PayoutStatus, "overdue"]),
    "Due": tables.on_day(width=105),
    "Period": tables.in_month(width=90),
    "Bank": tables.text(),
    "Approvals": tables.text(width=85),
}
QUEUE = {
    "Payout": tables.text(width=72),
    "Owner": tables.text(),
    "Net": tables.naira(),
    "Due": tables.on_day(width=92),
    "State": tables.state(["overdue", "failed"], width=76),
    "Checks": tables.state([*CHECKS.values(), "fine"], width=160),
    "For you": tables.state(list(_FOR_YOU.values()), width=112),
    "Approvals": tables.text(width=74),
    "Made by": tables.text(),
    "What the checks say": tables.text(width="large"),
}


def row(payout: PayoutRead) -> dict[str, object]:
    """One payout in a list."""
    return {
        "Payout": payout.payout_code,
        "Owner": payout.owner_name,
        "Net": payout.net_amount,
        "Status": states(payout),
        "Due": payout.due_on,
        "Period": payout.period_end,
        "Bank": payout.bank_name or "",
        "Approvals": approvals(payout),
    }


def queue_row(
    payout: PayoutRead,
    checks: Sequence[BeneficiaryCheck],
    verdict: Verdict | None,
    names: Mapping[str, str],
) -> dict[str, object]:
    """One payout that waits, with everything that an approver should see first."""
    failed = payout.status is PayoutStatus.FAILED
    return {
        **row(payout),
        "State": payout.status.value if failed else "overdue" if is_late(payout) else "",
        "Checks": [CHECKS[check.code] for check in checks] or "fine",
        "For you": _FOR_YOU.get(verdict.code, "") if verdict else "",
        "Made by": names[payout.created_by],
        "What the checks say": " ".join(check.sentence for check in checks),
    }


def states(payout: PayoutRead) -> list[str]:
    """The payout's state, and that it is late."""
    return [payout.status.value, "overdue"] if is_late(payout) else [payout.status.value]


def is_late(payout: PayoutRead) -> bool:
    """Past its due date without having been paid."""
    return payout.status in UNPAID and payout.due_on < lagos_today()


def approvals(payout: PayoutRead) -> str:
    """``1 of 2``."""
    return f"{payout.approvals} of {payout.approvals_needed}"
