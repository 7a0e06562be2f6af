"""What must always hold of payouts, for `verify`: a rule is a statement that finds offenders."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from crm_core.base.rules import broken_rules
from crm_core.payouts.transfers.invariants import TRANSFER_RULES


def invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule that is broken, naming the first offenders."""
    yield from broken_rules(session, _RULES)
    yield from broken_rules(session, TRANSFER_RULES)


_RULES = {
    "the owner's totals are not the sums of their payouts": """
        SELECT o.owner_code FROM crm_owners o
        LEFT JOIN (
            SELECT owner_id, count(*) AS payouts, sum(net_amount) AS net,
                   sum(gross_revenue) FILTER (WHERE status = 'paid') AS paid_gross,
                   count(*) FILTER (WHERE status = 'pending') AS pending,
                   min(due_on) FILTER (
                       WHERE status IN ('approved', 'processing', 'failed', 'unknown')) AS due_on
            FROM crm_payouts GROUP BY owner_id
        ) t ON t.owner_id = o.id
        WHERE (o.payouts_count, o.payouts_net, o.payouts_paid_gross, o.payouts_pending,
               o.payouts_due_on) IS DISTINCT FROM
              (coalesce(t.payouts, 0), t.net, coalesce(t.paid_gross, 0), coalesce(t.pending, 0),
               t.due_on)
    """,
    "the pipeline's totals are not the sums of the payouts": """
        SELECT concat_ws(' ', status, period_end) FROM (
            SELECT status, period_end, due_on, payouts, gross_revenue, net_amount
            FROM crm_payout_totals
            UNION ALL
            SELECT status, period_end, due_on, -1, -gross_revenue, -net_amount FROM crm_payouts
        ) t
        GROUP BY status, period_end, due_on
        HAVING (sum(payouts), sum(gross_revenue), sum(net_amount)) <> (0, 0, 0)
    """,
    "the net amount is not the gross less the deductions": """
        SELECT payout_code FROM crm_payouts WHERE net_amount <> gross_revenue - deductions
    """,
    "the deductions' items do not add up to the deductions": """
        SELECT p.payout_code FROM crm_payouts p
        LEFT JOIN (SELECT payout_id, sum(amount) AS taken FROM crm_payout_deductions
                   GROUP BY payout_id) d ON d.payout_id = p.id
        WHERE p.deductions <> coalesce(d.taken, 0)
    """,
    "what an approval binds to is not what the payout says": """
        SELECT payout_code FROM crm_payouts p WHERE p.digest <> crm_payout_digest(p)
    """,
    "it went on without enough approvals by others than its maker": """
        SELECT p.payout_code FROM crm_payouts p
        LEFT JOIN (
            SELECT a.payout_id, count(DISTINCT a.approver) AS approvers
            FROM crm_payout_approvals a JOIN crm_payouts q ON q.id = a.payout_id
            WHERE a.voided_at IS NULL AND a.digest = q.digest AND a.approver <> q.created_by
            GROUP BY a.payout_id
        ) a ON a.payout_id = p.id
        WHERE p.status IN ('approved', 'processing', 'unknown', 'paid', 'reversed')
          AND coalesce(a.approvers, 0) < greatest(p.approvals_needed, 1)
    """,
    "its maker approved it": """
        SELECT DISTINCT p.payout_code FROM crm_payouts p
        JOIN crm_payout_approvals a ON a.payout_id = p.id AND a.approver = p.created_by
    """,
    "an approval counts although the payout failed or changed since": """
        SELECT DISTINCT p.payout_code FROM crm_payouts p
        JOIN crm_payout_approvals a ON a.payout_id = p.id AND a.voided_at IS NULL
        WHERE a.digest <> p.digest
    """,
    "it is shown as approved by somebody or not, against its state": """
        SELECT payout_code FROM crm_payouts
        WHERE (approved_by IS NULL OR approved_at IS NULL)
              AND status IN ('approved', 'processing', 'unknown', 'paid', 'reversed')
           OR approved_by IS NOT NULL AND status IN ('pending', 'failed', 'rejected')
    """,
    "it was not paid by exactly one attempt": """
        SELECT p.payout_code FROM crm_payouts p
        LEFT JOIN (SELECT payout_id, count(*) AS paid, min(bank_reference) AS reference
                   FROM crm_payout_attempts WHERE outcome = 'paid' GROUP BY payout_id) t
            ON t.payout_id = p.id
        WHERE p.status IN ('paid', 'reversed')
              AND (coalesce(t.paid, 0) <> 1 OR p.paid_at IS NULL
                   OR p.bank_reference IS DISTINCT FROM t.reference)
           OR p.status NOT IN ('paid', 'reversed') AND t.paid > 0
    """,
    "its attempts under way are not those that its state says": """
        SELECT p.payout_code FROM crm_payouts p
        LEFT JOIN (SELECT payout_id, count(*) AS under_way, min(outcome) AS outcome,
                          min(reference) AS reference
                   FROM crm_payout_attempts WHERE outcome IN ('open', 'unknown')
                   GROUP BY payout_id) t ON t.payout_id = p.id
        WHERE coalesce(t.under_way, 0) <> CASE WHEN p.status IN ('processing', 'unknown')
                                          THEN 1 ELSE 0 END
           OR t.outcome <> CASE p.status WHEN 'processing' THEN 'open' ELSE 'unknown' END
           OR t.reference <> p.payment_reference
    """,
    "the bank file does not hold as many payouts as it says": """
        SELECT f.file_code FROM crm_payout_files f
        LEFT JOIN (SELECT file_id, count(*) AS payouts FROM crm_payout_attempts GROUP BY file_id) t
            ON t.file_id = f.id
        WHERE f.payout_count <> coalesce(t.payouts, 0)
    """,
    "its history has a step that the rules do not know": """
        SELECT DISTINCT p.payout_code FROM crm_payouts p
        JOIN crm_history h ON h.table_name = 'crm_payouts' AND h.record_id = p.id
            AND h.action = 'update' AND h.after->>'status' IS NOT NULL
        WHERE NOT EXISTS (SELECT FROM crm_payout_transitions t
            WHERE t.old_status = h.before->>'status' AND t.new_status = h.after->>'status')
    """,
    "its history does not end in its state": """
        SELECT p.payout_code FROM crm_payouts p
        LEFT JOIN (
            SELECT DISTINCT ON (record_id) record_id, after->>'status' AS status
            FROM crm_history
            WHERE table_name = 'crm_payouts' AND after->>'status' IS NOT NULL
            ORDER BY record_id, id DESC
        ) h ON h.record_id = p.id
        WHERE p.status IS DISTINCT FROM h.status
    """,
}
