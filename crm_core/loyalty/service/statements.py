"""The ledger's statements: each writes a row with all that follows from it, in one go.

The member's account is locked before. Lots, consumptions and the balance are written by the
same statement as the row, so that they cannot part.
"""

from sqlalchemy import text

CREDIT = text(
    """
    WITH key AS (
        SELECT CAST(:rule AS varchar) AS rule, CAST(:reference_type AS varchar) AS reference_type,
               CAST(:reference_id AS varchar) AS reference_id
    ), made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule, reference_type, reference_id, counts_for_tier, expiry_date)
        SELECT a.id, :kind, :points, a.balance + :points, :description, key.rule,
               key.reference_type, key.reference_id, :counts,
               coalesce(CAST(:expires_on AS date),
                        CAST(crm_lagos_today() + make_interval(months => :months) AS date))
        FROM crm_loyalty_accounts a, key
        -- Nor is anything earned again that a merged record earned.
        WHERE a.id = :patient_id AND NOT EXISTS (
            SELECT FROM crm_patients m JOIN crm_loyalty_transactions t ON t.patient_id = m.id
            WHERE m.merged_into_id = a.id AND t.rule = key.rule
              AND t.reference_type = key.reference_type AND t.reference_id = key.reference_id)
        ON CONFLICT (patient_id, rule, reference_type, reference_id)
            WHERE reference_id IS NOT NULL DO NOTHING
        RETURNING id, patient_id, points, expiry_date
    ), lot AS (
        INSERT INTO crm_loyalty_lots (id, patient_id, points, remaining, earned_on, expires_on)
        SELECT id, patient_id, points, points,
               coalesce(CAST(:earned_on AS date), crm_lagos_today()), expiry_date
        FROM made
    ), balance AS (
        UPDATE crm_loyalty_accounts a SET balance = a.balance + made.points
        FROM made WHERE a.id = made.patient_id
    )
    SELECT id FROM made
    """
)
DEBIT = text(
    """
    WITH picked AS (
        SELECT id, least(remaining, :points - before) AS points FROM (
            SELECT id, remaining, sum(remaining) OVER (
                ORDER BY id <> :first_lot, expires_on, id) - remaining AS before
            FROM crm_loyalty_lots WHERE patient_id = :patient_id AND remaining > 0) AS open
        WHERE before < :points
    ), made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule, reference_type, reference_id, counts_for_tier)
        SELECT id, :kind, -:points, balance - :points, :description, :rule,
               CAST(:reference_type AS varchar), CAST(:reference_id AS varchar), :counts
        FROM crm_loyalty_accounts WHERE id = :patient_id
        RETURNING id, patient_id
    ), consumed AS (
        INSERT INTO crm_loyalty_consumptions (lot_id, transaction_id, points)
        SELECT picked.id, made.id, picked.points FROM picked, made
    ), reduced AS (
        UPDATE crm_loyalty_lots l SET remaining = l.remaining - picked.points
        FROM picked WHERE l.id = picked.id
    ), balance AS (
        UPDATE crm_loyalty_accounts a SET balance = a.balance - :points
        FROM made WHERE a.id = made.patient_id
    )
    SELECT id FROM made
    """
)
GIVE_BACK = text(
    """
    WITH taken AS (
        SELECT lot_id, points FROM crm_loyalty_consumptions WHERE transaction_id = :transaction_id
    ), total AS (SELECT sum(points) AS points FROM taken),
    made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule, reference_type, reference_id)
        SELECT a.id, 'adjusted', total.points, a.balance + total.points, :description, 'returned',
               'transaction', CAST(:transaction_id AS varchar)
        FROM crm_loyalty_accounts a, total WHERE a.id = :patient_id
        RETURNING id, patient_id, points
    ), consumed AS (
        INSERT INTO crm_loyalty_consumptions (lot_id, transaction_id, points)
        SELECT taken.lot_id, made.id, -taken.points FROM taken, made
    ), restored AS (
        UPDATE crm_loyalty_lots l SET remaining = l.remaining + taken.points
        FROM taken WHERE l.id = taken.lot_id
    ), balance AS (
        UPDATE crm_loyalty_accounts a SET balance = a.balance + made.points
        FROM made WHERE a.id = made.patient_id
    )
    SELECT id FROM made
    """
)
MOVE = text(
    "INSERT INTO crm_loyalty_tier_movements (patient_id, old_tier, new_tier, cause)"
    " VALUES (:patient_id, :old, :new, :cause)"
)
EXPIRE = text(
    """
    WITH due AS (
        SELECT id, patient_id, remaining FROM crm_loyalty_lots
        WHERE patient_id = ANY(:ids) AND remaining > 0 AND expires_on < :today
    ), made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule)
        SELECT a.id, 'expired', -d.points, a.balance - d.points, 'Points ended', 'expired'
        FROM crm_loyalty_accounts a
        JOIN (SELECT patient_id, sum(remaining) AS points FROM due GROUP BY 1) d
            ON d.patient_id = a.id
        RETURNING id, patient_id, points
    ), consumed AS (
        INSERT INTO crm_loyalty_consumptions (lot_id, transaction_id, points)
        SELECT due.id, made.id, due.remaining FROM due JOIN made USING (patient_id)
    ), ended AS (
        UPDATE crm_loyalty_lots l SET remaining = 0 FROM due WHERE l.id = due.id
    ), balance AS (
        UPDATE crm_loyalty_accounts a SET balance = a.balance + made.points
        FROM made WHERE a.id = made.patient_id
    )
    SELECT count(*), coalesce(-sum(points), 0) FROM made
    """
)
