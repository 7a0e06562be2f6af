"""Beneficiary checks: what an approver should see before money goes to this account."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from crm_core.base.money import naira
from crm_core.owners.banks import BANKS
from crm_core.payouts.schemas import BeneficiaryCheck, CheckLevel
from crm_core.payouts.transfers.names import FITS, name_match

_COMMERCIAL = [bank.code for bank in BANKS if bank.commercial]


def check_beneficiaries(
    session: Session, payout_ids: Sequence[int]
) -> dict[int, list[BeneficiaryCheck]]:
    """The findings of each payout that has any; one statement for all of them."""
    values = {"ids": list(payout_ids), "commercial": _COMMERCIAL}
    findings: dict[int, list[BeneficiaryCheck]] = defaultdict(list)
    for row in session.execute(_FINDINGS, values).mappings():
        findings[row["id"]] = list(_findings(row))
    return findings


def find_hindrances(session: Session, payout_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """What forbids approving, as code and sentence: another one in its place, or it is frozen."""
    found = session.execute(_HINDRANCES, {"ids": list(payout_ids)})
    return {row.id: (row.code, row.sentence) for row in found}


def _findings(row: RowMapping) -> list[BeneficiaryCheck]:
    warn = CheckLevel.WARN
    wrong_digit = "The account number's last digit does not fit this bank"
    found = (
        (row["no_account"], "no_account", warn, "There is no account to pay to yet."),
        (row["nuban_blocks"], "nuban", CheckLevel.BLOCK, f"{wrong_digit}: check it."),
        (row["nuban_warns"], "nuban", warn, f"{wrong_digit}: not all such banks use check digits."),
        (row["shared"], "shared", warn, "Another owner is paid to this account too."),
        (row["recent"], "recent", warn, "The owner's bank details changed in the last 24 hours."),
        (row["differs"], "differs", warn, "This is not the account kept with the owner."),
        (row["unusual"], "unusual", warn, _usual(row)),
        (row["resolve_error"], "no_holder", warn, f"No holder's name: {row['resolve_error']}"),
        (_is_another(row), "holder", warn, _alike(row)),
    )
    return [BeneficiaryCheck(code=c, level=le, sentence=s) for is_so, c, le, s in found if is_so]


def _is_another(row: RowMapping) -> bool:
    holder = row["holder"]
    return holder is not None and name_match(row["account_name"] or "", holder) < FITS


def _alike(row: RowMapping) -> str:
    match = name_match(row["account_name"] or "", row["holder"] or "")
    return f"Its bank says {row['holder']}: {match} % like the name on the payout."


def _usual(row: RowMapping) -> str:
    if row["lowest"] is None:
        return ""
    usual = f"{naira(row['lowest'])} to {naira(row['highest'])}"
    return f"Unusual amount: this owner usually gets {usual}."


# Usual is what the last twelve paid payouts were, give or take half; three at least make a habit.
_FINDINGS = text(
    """
    SELECT p.id,
           p.account_hash IS NULL AND p.payment_method <> 'cheque' AS no_account,
           NOT p.nuban_ok AND p.bank_code = ANY(:commercial) AS nuban_blocks,
           NOT p.nuban_ok AND p.bank_code <> ALL(:commercial) AS nuban_warns,
           EXISTS (SELECT FROM crm_payouts x WHERE x.account_hash = p.account_hash
                   AND x.owner_id <> p.owner_id)
           OR EXISTS (SELECT FROM crm_owner_accounts x WHERE x.account_hash = p.account_hash
                      AND x.owner_id <> p.owner_id) AS shared,
           coalesce(a.changed_at > now() - interval '24 hours', false) AS recent,
           coalesce(a.account_hash <> p.account_hash, false) AS differs,
           coalesce(u.paid >= 3 AND p.net_amount NOT BETWEEN u.lowest / 2 AND u.highest * 1.5,
                    false) AS unusual,
           u.lowest, u.highest, p.account_name, h.resolved_name AS holder, h.resolve_error
    FROM crm_payouts p
    LEFT JOIN crm_owner_accounts a ON a.owner_id = p.owner_id
    LEFT JOIN LATERAL (
        SELECT count(*) AS paid, min(net_amount) AS lowest, max(net_amount) AS highest
        FROM (SELECT net_amount FROM crm_payouts
              WHERE owner_id = p.owner_id AND status = 'paid' AND id <> p.id
              ORDER BY created_at DESC LIMIT 12) AS last
    ) u ON true
    LEFT JOIN LATERAL (
        SELECT resolved_name, resolve_error FROM crm_transfer_accounts
        WHERE account_hash = p.account_hash AND bank_code = p.bank_code
          AND resolved_at > now() - interval '90 days'
        ORDER BY resolved_at DESC LIMIT 1
    ) h ON true
    WHERE p.id = ANY(:ids)
    """
)
# Of two failed ones of the same period that are chosen together the first goes on.
_HINDRANCES = text(
    """
    SELECT p.id, 'exists' AS code,
           min(x.payout_code) || ' pays this owner for this contract and period by now.' AS sentence
    FROM crm_payouts p
    JOIN crm_payouts x ON x.owner_id = p.owner_id AND x.id <> p.id
        AND x.contract_id IS NOT DISTINCT FROM p.contract_id
        AND x.period_start <= p.period_end AND x.period_end >= p.period_start
        AND (x.status IN ('pending', 'approved', 'processing', 'unknown', 'paid')
             OR x.status = 'failed' AND x.id < p.id AND x.id = ANY(:ids))
    WHERE p.id = ANY(:ids) AND p.status = 'failed'
    GROUP BY p.id
    UNION ALL
    SELECT payout_id, 'frozen',
           'It is frozen until somebody has looked into it: ' || min(frozen_reason)
    FROM crm_transfers
    WHERE payout_id = ANY(:ids) AND frozen_reason IS NOT NULL AND released_at IS NULL
    GROUP BY payout_id
    """
)
