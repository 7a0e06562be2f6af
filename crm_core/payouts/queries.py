"""Reads of payouts."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Date,
    RowMapping,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_start
from crm_core.base.parameters import Parameter
from crm_core.base.preflight import MOST
from crm_core.base.read import Listing, Order, Read
from crm_core.hospitals.where import ANYWHERE, Where, in_state
from crm_core.owners.models import Owner
from crm_core.payouts import totals
from crm_core.payouts.models import (
    Payout,
    PayoutApproval,
    PayoutAttempt,
    PayoutDeduction,
    WithholdingRate,
)
from crm_core.payouts.schemas import (
    ApprovalRead,
    AttemptRead,
    DeductionRead,
    MonthTotal,
    PayoutFilter,
    PayoutMonth,
    PayoutRead,
    PayoutStats,
    RateRead,
    StatusTotal,
)

_APPROVALS = (
    select(func.count())
    .where(PayoutApproval.payout_id == Payout.id, PayoutApproval.voided_at.is_(None))
    .correlate(Payout)
    .scalar_subquery()
)
_THRESHOLD = (
    select(Parameter.value)
    .where(Parameter.name == "payouts.second_approval_from")
    .scalar_subquery()
)
# While a payout awaits approval the threshold in force counts, not the one it was made under.
_NEEDED = case(
    (
        literal_column("crm_payouts.status IN ('pending', 'failed')", Boolean),
        case((Payout.net_amount >= _THRESHOLD, 2), else_=1),
    ),
    else_=Payout.approvals_needed,
)
# Written out, so that the planner sees the states and the compiled text has no list to fill in.
_UNPAID: ColumnElement[bool] = literal_column(
    "crm_payouts.status IN ('pending', 'approved', 'processing', 'failed', 'unknown')", Boolean
)
_MONTH = bindparam("month", type_=Date)
_PAID_MONTH = bindparam("paid_month", type_=Date)

_BY_REFERENCE = text(
    """
    SELECT payout_id FROM crm_payout_attempts WHERE reference = lower(:search_reference)
    UNION ALL SELECT id FROM crm_payouts WHERE payment_reference = lower(:search_reference)
    UNION ALL SELECT id FROM crm_payouts
    WHERE bank_reference IN (:search_reference, upper(:search_reference))
    UNION ALL SELECT payout_id FROM crm_transfers WHERE transfer_code = :search_reference
    UNION ALL SELECT p.id FROM crm_owners o JOIN crm_payouts p ON p.owner_id = o.id
    WHERE o.search @@ crm_search_query(:search_reference)
    """
)

PAYOUTS: Listing[PayoutRead] = Listing(
    schema=PayoutRead,
    statement=select(
        Payout.id,
        Payout.payout_code,
        Payout.owner_id,
        Owner.owner_code,
        cast(Owner.first_name + " " + Owner.last_name, Text).label("owner_name"),
        Payout.contract_id,
        Payout.period_start,
        Payout.period_end,
        Payout.due_on,
        Payout.gross_revenue,
        Payout.deductions,
        Payout.net_amount,
        Payout.status,
        Payout.status_reason,
        Payout.payment_method,
        Payout.payment_reference,
        Payout.bank_reference,
        Payout.bank_code,
        Payout.bank_name,
        (literal("******", Text) + Payout.account_last4).label("account_number"),
        Payout.account_name,
        Payout.nuban_ok,
        _APPROVALS.label("approvals"),
        _NEEDED.label("approvals_needed"),
        Payout.approved_by,
        Payout.approved_at,
        Payout.paid_at,
        Payout.file_id,
        Payout.notes,
        Payout.created_by,
        Payout.version,
        Payout.created_at,
        Payout.updated_at,
        # Every payout has its owner; said as an outer join, counting leaves the owners alone.
    ).outerjoin(Owner, Owner.id == Payout.owner_id),
    filters={
        "status": Payout.status == bindparam("status"),
        "statuses": Payout.status == func.any(bindparam("statuses", type_=ARRAY(String))),
        "owner_id": Payout.owner_id == bindparam("owner_id"),
        "hospital_id": Payout.hospital_id == bindparam("hospital_id"),
        "state": in_state(Payout.hospital_id),
        # By the due date, which is 14 days after the period's end: it has the indexes.
        "month": Payout.due_on.between(
            cast(func.date_trunc("month", _MONTH), Date) + 14,
            cast(func.date_trunc("month", _MONTH) + text("interval '1 month - 1 day'"), Date) + 14,
        ),
        "overdue": and_(
            _UNPAID, Payout.due_on < func.crm_lagos_today(), bindparam("overdue", type_=Boolean)
        ),
        "not_made_by": Payout.created_by != bindparam("not_made_by"),
        "file_id": Payout.file_id == bindparam("file_id"),
        "paid_month": and_(
            Payout.paid_at >= func.crm_lagos_month(_PAID_MONTH, literal_column("0")),
            Payout.paid_at < func.crm_lagos_month(_PAID_MONTH, literal_column("1")),
        ),
        # Three conditions, of which one is there: joined by OR none could use its index.
        "search_words": Owner.search.op("@@")(func.crm_search_query(bindparam("search_words"))),
        "search_code": func.lower(Payout.payout_code).like(
            func.crm_search_prefix(bindparam("search_code"))
        ),
        "search_reference": Payout.id.in_(_BY_REFERENCE.columns(Payout.id)),
    },
    orders={
        "newest": Order((Payout.created_at, Payout.id)),
        "due": Order((Payout.due_on, Payout.id), descending=False),
        "largest": Order((Payout.net_amount, Payout.id)),
    },
    key=Payout.id,
    noun="Payout",
    narrow=frozenset({"month", "paid_month", "file_id"}),
    unforeseen=frozenset({"state"}),
)


def list_payouts(filters: PayoutFilter) -> Read[PayoutRead]:
    """Payouts, newest first unless sorted otherwise."""
    return PAYOUTS.read(filters)


def get_payout(session: Session, payout_id: int) -> PayoutRead:
    """One payout; ``NotFound`` where there is none."""
    return PAYOUTS.one(session, payout_id)


def payout_stats(session: Session) -> PayoutStats:
    """The pipeline in naira by state, what is late, and what was paid this month and last."""
    return _stats(session.execute(totals.STATS).mappings().one())


def payouts_now_and_before(
    session: Session, months: Sequence[date], where: Where = ANYWHERE
) -> tuple[PayoutStats, list[PayoutMonth]]:
    """The same for some hospitals, and what was made, overdue and paid in each of the months.

    Of everything it comes from the sums that are kept; of some hospitals from their payouts.
    """
    asked = {"months": list(months)}
    if where.everywhere:
        row = session.execute(totals.NOW_AND_BEFORE, asked).mappings().one()
    else:
        there = asked | where.values
        row = session.execute(totals.NOW_AND_BEFORE_THERE, there).mappings().one()
    return _stats(row), [PayoutMonth.model_validate(month) for month in row["months"]]


def _stats(row: RowMapping) -> PayoutStats:
    return PayoutStats(
        statuses=[StatusTotal.model_validate(total) for total in row["statuses"] or []],
        overdue_count=row["overdue_count"],
        overdue_net=row["overdue_net"],
        paid_this_month=row["paid_this_month"],
        paid_last_month=row["paid_last_month"],
    )


def totals_by_month(
    session: Session, months: int = 12, *, owner_id: int | None = None
) -> list[MonthTotal]:
    """Net by state for the periods that end in each of the last ``months`` months, oldest first."""
    since = add_months(month_start(lagos_today()), 1 - months)
    statement = totals.BY_MONTH if owner_id is None else totals.BY_MONTH_OF_OWNER
    found = session.execute(statement, {"since": since, "owner_id": owner_id}).mappings()
    return [MonthTotal.model_validate(dict(row)) for row in found]


def approvals_of(session: Session, payout_id: int) -> list[ApprovalRead]:
    """Every approval of a payout, voided ones too, oldest first."""
    found = session.scalars(
        select(PayoutApproval)
        .where(PayoutApproval.payout_id == payout_id)
        .order_by(PayoutApproval.id)
        .limit(200)
    )
    return [ApprovalRead.model_validate(approval) for approval in found]


def deductions_of(session: Session, payout_ids: Sequence[int]) -> list[DeductionRead]:
    """What is taken off these payouts, in the order it was entered."""
    found = session.scalars(
        select(PayoutDeduction)
        .where(PayoutDeduction.payout_id.in_(payout_ids))
        .order_by(PayoutDeduction.id)
    )
    return [DeductionRead.model_validate(deduction) for deduction in found]


def attempts_of(session: Session, payout_id: int) -> list[AttemptRead]:
    """Every try to pay, oldest first."""
    found = session.scalars(
        select(PayoutAttempt)
        .where(PayoutAttempt.payout_id == payout_id)
        .order_by(PayoutAttempt.id)
        .limit(200)
    )
    return [AttemptRead.model_validate(attempt) for attempt in found]


def approved_ids(session: Session) -> list[int]:
    """Everything that a bank file may take, the earliest due first, as many as go into one act."""
    found = session.scalars(
        select(Payout.id)
        .where(Payout.status == "approved", Payout.payment_method == "bank_transfer")
        .order_by(Payout.due_on, Payout.id)
        .limit(MOST)
    )
    return list(found)


def list_rates(session: Session) -> list[RateRead]:
    """Withholding tax rates, the latest first."""
    found = session.scalars(select(WithholdingRate).order_by(WithholdingRate.holds_from.desc()))
    return [RateRead.model_validate(rate) for rate in found]
