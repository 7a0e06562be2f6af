"""What must always hold of the ledger, for `verify`: a rule is a statement that finds offenders."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from crm_core.base.rules import broken_rules


def invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule that is broken, naming the first offenders."""
    yield from broken_rules(session, {**_LEDGER, **_LOTS, **_MEMBERS, **_SUMS})


_LEDGER = {
    "the balance is not the sum of the ledger": """
        SELECT p.patient_code FROM crm_loyalty_accounts a JOIN crm_patients p USING (id)
        LEFT JOIN (SELECT patient_id, sum(points) AS points FROM crm_loyalty_transactions
                   GROUP BY patient_id) t ON t.patient_id = a.id
        WHERE a.balance <> coalesce(t.points, 0)
    """,
    "a ledger row's balance is not the sum of the rows up to it": """
        SELECT DISTINCT p.patient_code FROM (
            SELECT patient_id, balance_after,
                   sum(points) OVER (PARTITION BY patient_id ORDER BY id) AS running
            FROM crm_loyalty_transactions) t JOIN crm_patients p ON p.id = t.patient_id
        WHERE t.balance_after <> t.running
    """,
    "a ledger row took other points from lots than it says": """
        SELECT DISTINCT p.patient_code FROM crm_loyalty_transactions t
        JOIN crm_patients p ON p.id = t.patient_id
        LEFT JOIN (SELECT transaction_id, sum(points) AS points FROM crm_loyalty_consumptions
                   GROUP BY transaction_id) c ON c.transaction_id = t.id
        LEFT JOIN crm_loyalty_lots l ON l.id = t.id
        WHERE t.points <> coalesce(l.points, 0) - coalesce(c.points, 0)
    """,
    "a visit was awarded twice": """
        SELECT min(p.patient_code) FROM crm_loyalty_transactions t
        JOIN crm_patients p ON p.id = t.patient_id
        WHERE t.rule = 'visit'
          AND NOT EXISTS (SELECT FROM crm_loyalty_undone_visits u WHERE u.id = t.id)
        GROUP BY split_part(t.reference_id, '/', 1) HAVING count(*) > 1
    """,
    "a redemption is not what its ledger row says, or was not given back once when cancelled": """
        SELECT p.patient_code FROM crm_redemptions r
        JOIN crm_patients p ON p.id = r.patient_id
        JOIN crm_loyalty_transactions t ON t.id = r.transaction_id
        LEFT JOIN crm_loyalty_transactions back
            ON back.patient_id = r.patient_id AND back.rule = 'returned'
           AND back.reference_type = 'transaction' AND back.reference_id = t.id::text
        WHERE t.patient_id <> r.patient_id OR t.points <> -r.points
           OR coalesce(back.points, 0) <> CASE WHEN r.cancelled_at IS NULL THEN 0 ELSE r.points END
    """,
}
_LOTS = {
    "the balance is not what is left in the lots": """
        SELECT p.patient_code FROM crm_loyalty_accounts a JOIN crm_patients p USING (id)
        LEFT JOIN (SELECT patient_id, sum(remaining) AS points FROM crm_loyalty_lots
                   GROUP BY patient_id) l ON l.patient_id = a.id
        WHERE a.balance <> coalesce(l.points, 0)
    """,
    "what is left in a lot is not what nothing consumed": """
        SELECT DISTINCT p.patient_code FROM crm_loyalty_lots l
        JOIN crm_patients p ON p.id = l.patient_id
        LEFT JOIN (SELECT lot_id, sum(points) AS points FROM crm_loyalty_consumptions
                   GROUP BY lot_id) c ON c.lot_id = l.id
        WHERE l.remaining <> l.points - coalesce(c.points, 0)
    """,
    "a lot is not of the member or does not end on the day that its ledger row says": """
        SELECT DISTINCT p.patient_code FROM crm_loyalty_lots l
        JOIN crm_patients p ON p.id = l.patient_id
        JOIN crm_loyalty_transactions t ON t.id = l.id
        WHERE l.patient_id <> t.patient_id OR l.expires_on IS DISTINCT FROM t.expiry_date
    """,
    "points were taken from a lot of somebody else": """
        SELECT DISTINCT p.patient_code FROM crm_loyalty_consumptions c
        JOIN crm_loyalty_lots l ON l.id = c.lot_id
        JOIN crm_loyalty_transactions t ON t.id = c.transaction_id
        JOIN crm_patients p ON p.id = t.patient_id
        WHERE t.patient_id <> l.patient_id
    """,
}
_MEMBERS = {
    "a patient is no member": """
        SELECT patient_code FROM crm_patients p
        WHERE NOT EXISTS (SELECT FROM crm_loyalty_accounts a WHERE a.id = p.id)
    """,
    "a merged record is a member of its own or holds points": """
        SELECT p.patient_code FROM crm_loyalty_accounts a JOIN crm_patients p USING (id)
        WHERE a.merged <> (p.merged_into_id IS NOT NULL)
           OR a.merged AND (a.balance <> 0 OR a.owed <> 0)
    """,
    "a record leads to no other although its merge was not undone": """
        SELECT p.patient_code FROM crm_patient_merges m JOIN crm_patients p ON p.id = m.gone_id
        WHERE m.undone_at IS NULL AND p.merged_into_id IS NULL
    """,
    "what is owed is not what undone visits left less what was paid back": """
        SELECT p.patient_code FROM crm_loyalty_accounts a JOIN crm_patients p USING (id)
        LEFT JOIN (
            SELECT coalesce(g.merged_into_id, g.id) AS id,
                   sum(CASE t.rule WHEN 'paid_back' THEN t.points ELSE u.owed END) AS points
            FROM crm_loyalty_transactions t JOIN crm_patients g ON g.id = t.patient_id
            LEFT JOIN crm_loyalty_undone_visits u ON u.id = t.id
            WHERE t.rule = 'paid_back' OR u.id IS NOT NULL GROUP BY 1
        ) o ON o.id = a.id
        WHERE a.owed <> coalesce(o.points, 0) AND NOT a.merged
    """,
    "the tier is not that of the last movement": """
        SELECT p.patient_code FROM crm_loyalty_accounts a JOIN crm_patients p USING (id)
        LEFT JOIN (SELECT DISTINCT ON (patient_id) patient_id, new_tier
                   FROM crm_loyalty_tier_movements ORDER BY patient_id, id DESC) m
            ON m.patient_id = a.id
        WHERE a.tier <> coalesce(m.new_tier, 'bronze')
    """,
    # After a change of the settings the next earning brings a tier up to date, and not before.
    "the tier is below what the member's points reach": """
        WITH settings AS (
            SELECT max(value) FILTER (WHERE name = 'loyalty.silver_from') AS silver,
                   max(value) FILTER (WHERE name = 'loyalty.gold_from') AS gold,
                   max(value) FILTER (WHERE name = 'loyalty.platinum_from') AS platinum,
                   max(value) FILTER (WHERE name = 'loyalty.tier_months')::int AS months,
                   (SELECT max(at) FROM crm_history WHERE table_name = 'crm_parameters') AS since
            FROM crm_parameters
        ), earned AS (
            SELECT coalesce(g.merged_into_id, g.id) AS id, sum(t.points) AS points,
                   max(t.created_at) AS latest
            FROM settings, crm_loyalty_transactions t JOIN crm_patients g ON g.id = t.patient_id
            WHERE t.counts_for_tier AND t.created_at > now() - make_interval(months => months)
              AND NOT EXISTS (SELECT FROM crm_loyalty_undone_visits u WHERE u.id = t.id)
            GROUP BY 1
        )
        SELECT p.patient_code FROM settings, earned e
        JOIN crm_loyalty_accounts a USING (id) JOIN crm_patients p USING (id)
        WHERE NOT a.tier_held AND (since IS NULL OR e.latest > since)
          AND array_position(ARRAY['bronze', 'silver', 'gold', 'platinum'], a.tier::text)
              < CASE WHEN e.points >= platinum THEN 4 WHEN e.points >= gold THEN 3
                     WHEN e.points >= silver THEN 2 ELSE 1 END
    """,
}
_SUMS = {
    "a day's sum of the ledger is not that of its rows": """
        SELECT concat_ws(' ', day, name) FROM (
            SELECT day, name, sum(points) AS points, sum(rows) AS rows
            FROM crm_loyalty_totals WHERE kind = 'ledger' GROUP BY day, name) s
        FULL JOIN (
            SELECT (created_at AT TIME ZONE 'Africa/Lagos')::date AS day, transaction_type AS name,
                   sum(points) AS points, count(*) AS rows
            FROM crm_loyalty_transactions GROUP BY 1, 2) t USING (day, name)
        WHERE (s.points, s.rows) IS DISTINCT FROM (t.points, t.rows)
    """,
    "the sum of a tier's members is not how many there are": """
        SELECT name FROM (
            SELECT name, sum(rows) AS members FROM crm_loyalty_totals
            WHERE kind = 'tier' GROUP BY name) s
        FULL JOIN (
            SELECT tier AS name, count(*) AS members FROM crm_loyalty_accounts
            WHERE NOT merged GROUP BY tier) a USING (name)
        WHERE coalesce(s.members, 0) <> coalesce(a.members, 0)
    """,
    "the sum of the points that end in a month is not what is left of them": """
        SELECT to_char(day, 'YYYY-MM') FROM (
            SELECT day, sum(points) AS points FROM crm_loyalty_totals
            WHERE kind = 'open' GROUP BY day) s
        FULL JOIN (
            SELECT date_trunc('month', expires_on)::date AS day, sum(remaining) AS points
            FROM crm_loyalty_lots GROUP BY 1) l USING (day)
        WHERE coalesce(s.points, 0) <> coalesce(l.points, 0)
    """,
}
