"""What the home page's figures open: pages and the parameters of their addresses."""

from collections.abc import Mapping
from datetime import UTC, date, time, timedelta

from crm_core.base.clock import from_lagos

OWNERS, PAYOUTS, LOYALTY = "pages/owners.py", "pages/payouts.py", "pages/loyalty.py"
VISITS, FEEDBACK = "pages/appointments.py", "pages/feedback.py"
MESSAGES, CAMPAIGNS = "pages/communications.py", "pages/campaigns.py"
ERASURES = "pages/erasures.py"

Params = Mapping[str, str]


def within(hospital_id: int | None, state: str | None) -> dict[str, str]:
    """The parameters that narrow a list to the hospital or state, as all lists call them."""
    given = {"hospital": None if hospital_id is None else str(hospital_id), "state": state}
    return {name: value for name, value in given.items() if value is not None}


def scores(month: date, **more: str) -> Params:
    """The owners whose scores the mean of a month is made of."""
    return {"tab": "owner-scores", "month": f"{month:%Y-%m}", **more}


def visits(first: date, last: date, **more: str) -> Params:
    """The list of the visits of some days, both included."""
    return {"tab": "all-visits", "from": first.isoformat(), "to": last.isoformat(), **more}


def messages_since(first: date, last: date) -> Params:
    """The log of what providers took on these days, both included."""
    begins = from_lagos(first, time.min).astimezone(UTC)
    ends = from_lagos(last + timedelta(days=1), time.min).astimezone(UTC)
    return {
        "tab": "log",
        "from": f"{begins:%Y-%m-%dT%H:%M:%SZ}",
        "until": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
    }
