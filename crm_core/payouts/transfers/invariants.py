"""What must always hold of transfers; run with the rules of payouts."""

# Somebody's own word stands where the provider's could not: a frozen transfer, or none to ask.
TRANSFER_RULES = {
    "an attempt by transfer has no transfer of its reference": """
        SELECT p.payout_code FROM crm_payout_attempts a
        JOIN crm_payouts p ON p.id = a.payout_id
        LEFT JOIN crm_transfers t ON t.attempt_id = a.id
            AND t.payout_id = a.payout_id AND t.reference = a.reference
        WHERE a.method = 'transfer' AND t.id IS NULL
    """,
    "a transfer is not of the payout's net amount": """
        SELECT p.payout_code FROM crm_transfers t
        JOIN crm_payouts p ON p.id = t.payout_id
        JOIN crm_payout_attempts a ON a.id = t.attempt_id
        WHERE a.outcome IN ('open', 'unknown', 'paid') AND t.amount_kobo <> p.net_amount * 100
    """,
    "it was paid by a transfer of which the provider did not say success": """
        SELECT p.payout_code FROM crm_transfers t
        JOIN crm_payouts p ON p.id = t.payout_id
        JOIN crm_payout_attempts a ON a.id = t.attempt_id
        WHERE a.outcome = 'paid'
          AND NOT EXISTS (SELECT FROM crm_transfer_answers s
                          WHERE s.transfer_id = t.id AND s.source = 'person')
          AND (t.provider_status IS NULL OR t.provider_status NOT IN ('success', 'reversed'))
    """,
    "a transfer failed of which the provider said success": """
        SELECT p.payout_code FROM crm_transfers t
        JOIN crm_payouts p ON p.id = t.payout_id
        JOIN crm_payout_attempts a ON a.id = t.attempt_id
        WHERE a.outcome = 'failed' AND t.provider_status = 'success'
          AND NOT EXISTS (SELECT FROM crm_transfer_answers s
                          WHERE s.transfer_id = t.id AND s.source = 'person')
    """,
    "more than one of its transfers is under way": """
        SELECT p.payout_code FROM crm_transfers t JOIN crm_payouts p ON p.id = t.payout_id
        WHERE t.state IN ('queued', 'sending', 'unanswered', 'sent')
        GROUP BY p.payout_code HAVING count(*) > 1
    """,
    "a transfer is under way and its attempt is not, or the other way round": """
        SELECT p.payout_code FROM crm_transfers t
        JOIN crm_payouts p ON p.id = t.payout_id
        JOIN crm_payout_attempts a ON a.id = t.attempt_id
        WHERE (t.state IN ('queued', 'sending', 'unanswered', 'sent'))
              <> (a.outcome IN ('open', 'unknown'))
    """,
    "a frozen payout went on": """
        SELECT p.payout_code FROM crm_transfers t
        JOIN crm_payouts p ON p.id = t.payout_id
        WHERE t.frozen_reason IS NOT NULL AND t.released_at IS NULL
          AND p.status IN ('approved', 'processing')
          AND (t.frozen_at IS NULL OR p.approved_at IS NULL OR p.approved_at > t.frozen_at
               OR EXISTS (SELECT FROM crm_payout_attempts a
                          WHERE a.payout_id = p.id AND a.started_at > t.frozen_at))
    """,
}
