-- Points. A lot is earned, and later it is redeemed, or ends, or is still open: so every
-- balance is the sum of its ledger and never negative.
CREATE TEMP TABLE lots ON COMMIT DROP AS
SELECT p.id AS patient_id, k, rule, points, at,
       CASE WHEN k > 0 AND rule = 'visit' THEN true ELSE false END AS counts,
       CASE WHEN fate < 0.35 AND at + 0.9 * (least(at + interval '12 months', :today::timestamptz) - at)
                * fate / 0.35 < :today::timestamptz
            THEN at + 0.1 * (least(at + interval '12 months', :today::timestamptz) - at)
                + 0.8 * (least(at + interval '12 months', :today::timestamptz) - at) * fate / 0.35
       END AS redeemed_at
FROM crm_patients p
CROSS JOIN LATERAL generate_series(
    -- Few come often, and who came lately did not come often yet; the mean is what was asked for.
    0, round(4 * 2.2 * :lots_each * pow(pg_temp.r(p.id, 30), 3)
             * (:today::date - p.registration_date) / 1460)::int) AS k
CROSS JOIN LATERAL (
    SELECT CASE WHEN k = 0 THEN 'welcome' ELSE 'visit' END AS rule,
           CASE WHEN k = 0 THEN 100
                ELSE (ARRAY[50, 50, 30, 150, 40, 50, 200])[
                    1 + floor(pg_temp.r(p.id * 64 + k, 31) * 7)::int]
           END AS points,
           CASE WHEN k = 0 THEN p.created_at
                ELSE p.created_at + pg_temp.r(p.id * 64 + k, 32) * (:today::timestamptz - p.created_at)
           END AS at,
           pg_temp.r(p.id * 64 + k, 33) AS fate
) AS made
WHERE p.id > :first_patient;

CREATE TEMP TABLE standing ON COMMIT DROP AS
SELECT patient_id, tier, at,
       array_position(ARRAY['bronze', 'silver', 'gold', 'platinum'], tier) AS rank
FROM (SELECT patient_id,
             -- Some day between the first and the last visit of the year they rose.
             min(at) + (max(at) - min(at)) * pg_temp.r(patient_id, 35) AS at,
             CASE WHEN sum(points) >= 2000 THEN 'platinum' WHEN sum(points) >= 1000 THEN 'gold'
                  WHEN sum(points) >= 500 THEN 'silver' ELSE 'bronze' END AS tier
      FROM lots WHERE counts AND at > :today::timestamptz - interval '12 months'
      GROUP BY patient_id) AS year;

INSERT INTO lots
SELECT s.patient_id, -b.rank, 'tier_bonus', b.points, s.at + b.rank * interval '1 second',
       false, NULL
FROM standing s JOIN (VALUES (2, 200), (3, 500), (4, 1000)) AS b (rank, points)
    ON b.rank <= s.rank;

-- Every row in the order of time: that is the order it is numbered and written in, so that keys
-- and rows lie side by side as if the years had brought them.
CREATE TEMP TABLE movements ON COMMIT DROP AS
SELECT (SELECT coalesce(max(id), 0) FROM crm_loyalty_transactions)
           + row_number() OVER (ORDER BY at, patient_id, k, step) AS id, *
FROM (
    SELECT patient_id, k, step, kind, points, at, rule, counts, ends, gone,
           sum(points) OVER (PARTITION BY patient_id ORDER BY at, k, step
                             ROWS UNBOUNDED PRECEDING)::int AS balance
    FROM (
        SELECT patient_id, k, 1::smallint AS step, 'earned' AS kind, points, at, rule, counts,
               (at + interval '12 months')::date AS ends,
               redeemed_at IS NOT NULL OR (at + interval '12 months')::date < :today::date AS gone
        FROM lots
        UNION ALL
        SELECT patient_id, k, 2::smallint, 'redeemed', -points, redeemed_at, 'redeemed', false,
               NULL, NULL
        FROM lots WHERE redeemed_at IS NOT NULL
        UNION ALL
        SELECT patient_id, k, 2::smallint, 'expired', -points,
               (at + interval '12 months')::date + interval '1 day', 'expired', false, NULL, NULL
        FROM lots
        WHERE redeemed_at IS NULL AND (at + interval '12 months')::date < :today::date
    ) AS all_of_them
) AS summed;

INSERT INTO crm_loyalty_accounts (id, balance, tier, tier_reason, review_on)
SELECT p.id, coalesce(m.balance, 0), coalesce(s.tier, 'bronze'),
       CASE WHEN s.rank > 1 THEN 'Points earned in twelve months' ELSE 'everybody begins here' END,
       (p.registration_date + make_interval(years => 1 + extract(year FROM age(
           :today::date, p.registration_date))::int))::date
FROM crm_patients p
LEFT JOIN (SELECT patient_id, sum(points) AS balance FROM movements GROUP BY 1) m
    ON m.patient_id = p.id
LEFT JOIN standing s ON s.patient_id = p.id
WHERE p.id > :first_patient ORDER BY p.id;

INSERT INTO crm_loyalty_transactions (id, patient_id, transaction_type, points, balance_after,
    description, rule, reference_type, reference_id, expiry_date, counts_for_tier, who, created_at)
SELECT id, patient_id, kind, points, balance,
       CASE rule WHEN 'welcome' THEN 'Welcome bonus' WHEN 'visit' THEN 'Completed visit'
            WHEN 'tier_bonus' THEN 'Bonus for a rise' WHEN 'expired' THEN 'Points ended'
            ELSE 'Reward' END,
       rule,
       CASE rule WHEN 'welcome' THEN 'patient' WHEN 'visit' THEN 'visit'
            WHEN 'tier_bonus' THEN 'tier' END,
       CASE rule WHEN 'welcome' THEN patient_id::text WHEN 'visit' THEN patient_id || '-' || k
            WHEN 'tier_bonus' THEN (ARRAY['bronze', 'silver', 'gold', 'platinum'])[-k] END,
       ends, counts, 'command:generate', at
FROM movements;

INSERT INTO crm_loyalty_lots (id, patient_id, points, remaining, earned_on, expires_on)
SELECT id, patient_id, points, CASE WHEN gone THEN 0 ELSE points END,
       (at AT TIME ZONE 'Africa/Lagos')::date, ends
FROM movements WHERE step = 1;

INSERT INTO crm_loyalty_consumptions (lot_id, transaction_id, points)
SELECT e.id, g.id, e.points
FROM movements e JOIN movements g ON g.patient_id = e.patient_id AND g.k = e.k AND g.step = 2
WHERE e.step = 1 AND e.gone;

-- Who redeemed took one of the rewards that there are.
INSERT INTO crm_redemptions (patient_id, reward_id, description, points, transaction_id, created_at)
SELECT m.patient_id, r.id, coalesce(r.name, 'Reward'), -m.points, m.id, m.at
FROM movements m
LEFT JOIN (SELECT id, name, row_number() OVER (ORDER BY id) AS n FROM crm_rewards) AS r
    ON r.n = 1 + floor(pow(pg_temp.r(m.patient_id * 64 + m.k, 34), 2)
                       * (SELECT count(*) FROM crm_rewards))::bigint
WHERE m.kind = 'redeemed';

INSERT INTO crm_loyalty_tier_movements (patient_id, old_tier, new_tier, cause, created_at)
SELECT patient_id, 'bronze', tier, 'Points earned in twelve months', at
FROM standing WHERE rank > 1 ORDER BY at;

INSERT INTO crm_loyalty_sum_changes (kind, day, name, points, rows)
SELECT 'ledger', (at AT TIME ZONE 'Africa/Lagos')::date, kind, sum(points), count(*)
FROM movements GROUP BY 2, 3
UNION ALL
SELECT 'tier', registration_date, 'bronze', 0, count(*)
FROM crm_patients WHERE id > :first_patient GROUP BY 2
UNION ALL
SELECT 'tier', (s.at AT TIME ZONE 'Africa/Lagos')::date, d.tier, 0, sum(d.members)
FROM standing s, LATERAL (VALUES ('bronze', -1), (s.tier, 1)) AS d (tier, members)
WHERE s.rank > 1 GROUP BY 2, 3
UNION ALL
SELECT 'movement', (at AT TIME ZONE 'Africa/Lagos')::date, 'up', 0, count(*)
FROM standing WHERE rank > 1 GROUP BY 2
UNION ALL
SELECT 'reward', (created_at AT TIME ZONE 'Africa/Lagos')::date, coalesce(reward_id::text, ''),
       sum(points), count(*)
FROM crm_redemptions WHERE patient_id > :first_patient GROUP BY 2, 3
UNION ALL
SELECT 'open', date_trunc('month', expires_on)::date, 'open', sum(remaining), count(*)
FROM crm_loyalty_lots WHERE patient_id > :first_patient GROUP BY 2;
SELECT crm_loyalty_fold();
