"""Payouts that another program has made through the API, for people to decide about."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count

from crm_core.base.clock import add_months, lagos_today, month_end, month_start
from tests.browser.stack import Stack, data_of

# Before the contracts of the sample begin.
_months_ago = count(4)


@dataclass(frozen=True)
class Made:
    """A payout by its number, as the address has it, and by its code."""

    number: int
    code: str


def make_payouts(stack: Stack, *net_amounts: str, **more: str) -> list[Made]:
    """Pending payouts of the first owner, each of a month of its own; ``more`` is in each."""
    with stack.api("finance") as api:
        made = [
            data_of(api.post("/payouts", json=_payout(amount, month) | more))
            for amount, month in zip(net_amounts, _past(), strict=False)
        ]
    return [Made(payout["id"], payout["payout_code"]) for payout in made]


def prepare_month(stack: Stack, month: date) -> None:
    """The payouts of a month, as its plan has them."""
    asked = {"month": month.isoformat()}
    with stack.api("finance") as api:
        plan = data_of(api.post("/payouts/plan-month", json=asked))
        given = {**asked, "fingerprint": plan["fingerprint"]}
        data_of(api.post("/payouts/commit-month", json=given))


def _payout(net_amount: str, month: date) -> dict[str, object]:
    return {
        "owner_id": 1,
        "period_start": month.isoformat(),
        "period_end": month_end(month).isoformat(),
        "gross_revenue": net_amount,
        "net_amount": net_amount,
    }


def _past() -> Iterator[date]:
    this = month_start(lagos_today())
    return (add_months(this, -months) for months in _months_ago)
