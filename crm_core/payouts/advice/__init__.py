"""The remittance advice: what a paid payout was made of, as a page that is made for printing."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base.clock import to_lagos, utc_now
from crm_core.base.errors import Conflict
from crm_core.base.money import naira, round_kobo
from crm_core.hospitals.models import Hospital
from crm_core.owners.models import OwnerContract
from crm_core.payouts import queries
from crm_core.payouts.models import Payout
from crm_core.payouts.schemas import ApprovalRead, DeductionKind, DeductionRead, PayoutRead
from crm_core.payouts.schemas import PayoutStatus as Status

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
"""For the page's Content-Security-Policy: it loads nothing and runs nothing."""

_WAYS = {
    "bank_file": "Bank transfer, by upload file",
    "transfer": "Bank transfer, by transfer provider",
    "by_hand": "Marked as paid from the bank's reference",
}


@dataclass(frozen=True)
class Line:
    """A deduction; ``working`` shows how a tax was reckoned, where it was by its rate."""

    description: str
    amount: Decimal
    working: str


@dataclass(frozen=True)
class Advice:
    """All that the page shows."""

    payout: PayoutRead
    hospital: str | None
    contract: str | None
    share: str | None
    way: str
    lines: list[Line]
    approvals: list[ApprovalRead]


def advice_of(session: Session, payout_id: int) -> Advice:
    """The advice of a paid payout; ``Conflict`` where it is not paid."""
    payout = queries.get_payout(session, payout_id)
    if payout.status is not Status.PAID:
        raise Conflict(
            f"{payout.payout_code} is {payout.status}: there is an advice for a paid payout only."
        )
    about = session.execute(
        select(Hospital.name, OwnerContract.contract_code, OwnerContract.revenue_share_percent)
        .select_from(Payout)
        .outerjoin(Hospital, Hospital.id == Payout.hospital_id)
        .outerjoin(OwnerContract, OwnerContract.id == Payout.contract_id)
        .where(Payout.id == payout_id)
    ).one()
    paid = [a for a in queries.attempts_of(session, payout_id) if a.outcome == "paid"]
    deductions = queries.deductions_of(session, [payout_id])
    approvals = queries.approvals_of(session, payout_id)
    return Advice(
        payout=payout,
        hospital=about.name,
        contract=about.contract_code,
        share=_percent(share / 100) if (share := about.revenue_share_percent) else None,
        way=_WAYS.get(paid[-1].method, paid[-1].method) if paid else "–",
        lines=[_line(payout, each) for each in deductions],
        approvals=[each for each in approvals if each.voided_at is None],
    )


def as_page(advice: Advice) -> str:
    """The page, whole and by itself."""
    return _templates.get_template("advice.html").render(advice=advice, p=advice.payout)


def _line(payout: PayoutRead, deduction: DeductionRead) -> Line:
    return Line(deduction.description, deduction.amount, _working(payout, deduction))


def _working(payout: PayoutRead, deduction: DeductionRead) -> str:
    rate, since = deduction.rate, deduction.rate_holds_from
    if deduction.kind is not DeductionKind.WITHHOLDING_TAX or rate is None:
        return ""
    reckoned = f"{naira(payout.gross_revenue)} × {_percent(rate)}"
    if round_kobo(payout.gross_revenue * rate) != deduction.amount:
        return f"entered by hand; {reckoned} would be {naira(payout.gross_revenue * rate)}"
    return f"{reckoned} = {naira(deduction.amount)}" + (
        f"; the rate in force from {_day(since)}" if since else ""
    )


def _percent(fraction: Decimal) -> str:
    return f"{(fraction * 100).normalize():f} %"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _moment(instant: datetime) -> str:
    here = to_lagos(instant)
    return f"{here.day} {here:%B %Y, %H:%M}"


_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"naira": naira, "day": _day, "moment": _moment}
_templates.globals["now"] = utc_now
