"""Preparing a month: every owner's payout from hospital revenue and contract, as a plan."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from crm_core.base.acts import Act
from crm_core.base.clock import lagos_today, month_end, month_start
from crm_core.base.errors import Invalid
from crm_core.base.money import naira
from crm_core.base.preflight import Change, Plan, Receipt, Verdict, compare_found, make_plan
from crm_core.owners.models import Owner, OwnerContract
from crm_core.payouts.service import common
from crm_core.people.schemas import Actor, Permission


def plan_month(session: Session, month: date, *, actor: Actor) -> Plan:
    """One verdict a contract in force that month: what it pays, or why it pays nothing."""
    actor.require(Permission.PAYOUTS_MAKE)
    return _plan(_contracts(session, month))


def commit_month(session: Session, fingerprint: str, month: date, *, actor: Actor) -> Receipt:
    """Makes the payouts that were shown; what changed since then is left out and said so."""
    actor.require(Permission.PAYOUTS_MAKE)
    _lock_owners(session, month)
    found = _contracts(session, month)
    act = Act("payout_preparation", f"Payouts prepared for {month:%B %Y}", fingerprint, actor)
    verdicts = compare_found(fingerprint, _plan(found))
    accepted = [verdict.id for verdict in verdicts if verdict.ok]
    refused = [verdict for verdict in verdicts if not verdict.ok]
    changed = _create(session, month, accepted, actor)
    net = sum((Decimal(change.amount) for change in changed), Decimal(0))
    totals = {"created": str(len(changed)), "net_amount": f"{net:.2f}"}
    return act.conclude(session, changed=changed, refused=refused, totals=totals)


def _contracts(session: Session, month: date) -> Sequence[RowMapping]:
    return session.execute(_COMPUTED, _bounds(month)).mappings().all()


def _plan(found: Sequence[RowMapping]) -> Plan:
    verdicts = [_verdict(row) for row in found]
    chosen = [row for row, verdict in zip(found, verdicts, strict=True) if verdict.ok]
    totals = {
        name: f"{sum((row[name] for row in chosen), Decimal(0)):.2f}"
        for name in ("gross", "tax", "net")
    }
    refused = len(verdicts) - len(chosen)
    return make_plan(verdicts, {"count": len(chosen), **totals, "refused": refused})


def _verdict(row: RowMapping) -> Verdict:
    code, reason = _judge(row)
    return Verdict(
        id=row["contract_id"],
        label=f"{row['owner_code']} {row['owner_name']} · {row['hospital_name']}",
        ok=code == "create",
        code=code,
        reason=reason,
        state=f"{row['gross']}|{row['tax']}|{row['revenue']}|{row['live_code']}",
    )


def _judge(row: RowMapping) -> tuple[str, str]:
    if row["live_code"] is not None:
        return "exists", f"{row['live_code']} pays this contract for this period already."
    if row["revenue"] is None:
        return "no_revenue", f"No revenue of {row['hospital_name']} is recorded for this month."
    if row["gross"] <= 0:
        return "nothing", "There is nothing to pay: no revenue and no guarantee."
    base = "the minimum guarantee" if row["by_guarantee"] else f"{row['share']} % of the revenue"
    rate = f"{row['rate'] * 100:.2f}".rstrip("0").rstrip(".")
    return "create", (
        f"{naira(row['gross'])} ({base}) less {rate} % tax: {naira(row['net'])}."
        + ("" if row["has_account"] else " The owner has no bank account yet.")
    )


def _lock_owners(session: Session, month: date) -> None:
    """Two people preparing the same month wait for each other here."""
    bounds = _bounds(month)
    owners = select(OwnerContract.owner_id).where(
        OwnerContract.state == "signed",
        OwnerContract.start_date <= bounds["last"],
        OwnerContract.end_date >= bounds["first"],
    )
    session.execute(
        select(Owner.id)
        .where(Owner.id.in_(owners))
        .order_by(Owner.id)
        .with_for_update(key_share=True)
    )


def _create(
    session: Session, month: date, contract_ids: Sequence[int], actor: Actor
) -> list[Change]:
    values = {**_bounds(month), "contract_ids": list(contract_ids), "maker": actor.person}
    with common.refusing():
        created = session.execute(_CREATE, values).mappings().all()
    return [
        Change(
            id=row["id"],
            label=f"{row['payout_code']} · {row['owner_name']}",
            before="",
            after="pending",
            amount=f"{row['net_amount']:.2f}",
        )
        for row in created
    ]


def _bounds(month: date) -> dict[str, date]:
    if month_start(month) >= month_start(lagos_today()):
        raise Invalid.field("month", "Prepare a month after it has ended.")
    return {"first": month_start(month), "last": month_end(month)}


# A contract that holds for a part of the month gets that part, by days. The tax rate is the
# one in force on the last day of the period.
_COMPUTATION = """
    SELECT c.contract_id, c.owner_id, c.hospital_id, c.period_start, c.period_end,
           c.owner_code, c.owner_name, c.hospital_name, c.share, c.revenue, c.live_code,
           c.has_account, w.rate, w.holds_from, c.gross,
           round(c.gross * w.rate, 2) AS tax, c.gross - round(c.gross * w.rate, 2) AS net,
           c.guaranteed > c.shared AS by_guarantee
    FROM (
        SELECT k.*, greatest(k.shared, k.guaranteed) AS gross
        FROM (
            SELECT t.id AS contract_id, t.owner_id, t.hospital_id, d.period_start, d.period_end,
                   o.owner_code, o.first_name || ' ' || o.last_name AS owner_name,
                   h.name AS hospital_name, t.revenue_share_percent AS share,
                   r.gross_revenue AS revenue, l.payout_code AS live_code,
                   a.id IS NOT NULL AS has_account,
                   round(coalesce(r.gross_revenue, 0) * t.revenue_share_percent / 100 * d.part, 2)
                       AS shared,
                   round(t.minimum_guarantee * d.part, 2) AS guaranteed
            FROM crm_owner_contracts t
            JOIN crm_owners o ON o.id = t.owner_id
            JOIN crm_hospitals h ON h.id = t.hospital_id
            CROSS JOIN LATERAL (
                SELECT greatest(t.start_date, CAST(:first AS date)) AS period_start,
                       least(t.end_date, CAST(:last AS date)) AS period_end,
                       (least(t.end_date, CAST(:last AS date))
                        - greatest(t.start_date, CAST(:first AS date)) + 1)::numeric
                       / (CAST(:last AS date) - CAST(:first AS date) + 1) AS part
            ) d
            LEFT JOIN crm_hospital_revenue r
                ON r.hospital_id = t.hospital_id AND r.month = CAST(:first AS date)
            LEFT JOIN crm_owner_accounts a ON a.owner_id = t.owner_id
            LEFT JOIN LATERAL (
                SELECT p.payout_code FROM crm_payouts p
                WHERE p.contract_id = t.id AND p.period_start <= d.period_end
                  AND p.period_end >= d.period_start
                  AND p.status IN ('pending', 'approved', 'processing', 'unknown', 'paid')
                LIMIT 1
            ) l ON true
            WHERE t.state = 'signed' AND t.start_date <= CAST(:last AS date)
              AND t.end_date >= CAST(:first AS date)
        ) k
    ) c
    CROSS JOIN LATERAL (
        SELECT rate, holds_from FROM crm_withholding_rates
        WHERE holds_from <= c.period_end ORDER BY holds_from DESC LIMIT 1
    ) w
"""
_COMPUTED = text(_COMPUTATION + " ORDER BY c.contract_id")
# Both are texts of ours; what a person gives is bound.
_CREATE = text(
    f"""
    WITH computed AS ({_COMPUTATION} WHERE c.contract_id = ANY(:contract_ids)),
    created AS (
        INSERT INTO crm_payouts (owner_id, contract_id, hospital_id, period_start, period_end,
            gross_revenue, deductions, net_amount, created_by, bank_code, bank_name,
            account_encrypted, account_hash, account_last4, account_name, nuban_ok)
        SELECT c.owner_id, c.contract_id, c.hospital_id, c.period_start, c.period_end,
               c.gross, c.tax, c.net, :maker, a.bank_code, a.bank_name,
               a.account_encrypted, a.account_hash, a.account_last4, a.account_name, a.nuban_ok
        FROM computed c LEFT JOIN crm_owner_accounts a ON a.owner_id = c.owner_id
        ORDER BY c.contract_id
        RETURNING id, contract_id, payout_code, net_amount
    ), taxed AS (
        INSERT INTO crm_payout_deductions
            (payout_id, kind, description, amount, rate, rate_holds_from)
        SELECT p.id, 'withholding_tax', 'Withholding tax', c.tax, c.rate, c.holds_from
        FROM created p JOIN computed c USING (contract_id) WHERE c.tax > 0
    )
    SELECT p.id, p.payout_code, p.net_amount, c.owner_name
    FROM created p JOIN computed c USING (contract_id) ORDER BY p.id
    """  # noqa: S608
)
