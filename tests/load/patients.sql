-- 200,000 patients, who are members, with 1,000,000 rows of ledger: made in one go, without triggers.
SET session_replication_role = replica;
SELECT setseed(0.42);

CREATE TEMP TABLE syllables AS
SELECT n, s FROM unnest(ARRAY['ade','chi','olu','ngo','ife','emeka','uche','bola','zai','musa','ibra',
    'fati','amina','yus','kemi','tunde','oko','eze','nwa','obi','dan','gari','bello','sani']) WITH ORDINALITY x(s, n);
CREATE TEMP TABLE names AS
SELECT row_number() OVER (ORDER BY md5(a.s || b.s)) AS number, initcap(a.s || b.s) AS name
FROM syllables a, syllables b;

INSERT INTO crm_patients (id, patient_code, first_name, last_name, email, phone, date_of_birth,
    gender, address, city, state, lga, nin_encrypted, nin_hash, nin_last4, registration_date,
    visit_count, status, communication_preferences, referral_code, created_at)
SELECT n, crm_code('PAT', n), f.name, l.name, 'p' || n || '@example.ng',
    '+234803' || lpad(n::text, 7, '0'), date '1940-01-01' + (random() * 30000)::int,
    CASE n % 20 WHEN 0 THEN 'other' WHEN 1 THEN 'male' ELSE CASE n % 2 WHEN 0 THEN 'female' ELSE 'male' END END,
    n || ' Marina', 'Lagos', (ARRAY['Lagos','Kano','Rivers','FCT','Oyo','Yobe'])[1 + floor(6 * random() ^ 3)::int],
    NULL, decode('00', 'hex'), sha256(n::text::bytea), lpad((n % 10000)::text, 4, '0'),
    current_date - 1500 + (n::bigint * 1500 / 200000)::int, n % 9,
    CASE WHEN n % 50 = 0 THEN 'inactive' WHEN n % 1000 = 1 THEN 'deceased' ELSE 'active' END,
    '{"sms": true, "email": true, "whatsapp": false, "push": false}', 'R' || n,
    now() - make_interval(days => 1500 - (n::bigint * 1500 / 200000)::int)
FROM generate_series(1, 200000) n
JOIN names f ON f.number = 1 + (hashint4(n) & 1023) % 576
JOIN names l ON l.number = 1 + (hashint4(n + 7000000) & 4095) % 576;
-- One code leads to another record now and then.
UPDATE crm_patients SET merged_into_id = id + 1, status = 'inactive', email = NULL
WHERE id % 5000 = 3;
SELECT setval(pg_get_serial_sequence('crm_patients', 'id'), 200001);

INSERT INTO crm_name_words SELECT DISTINCT lower(name) FROM names;
INSERT INTO crm_name_neighbours SELECT DISTINCT s, word FROM crm_name_words, crm_shorter(word) s;

INSERT INTO crm_loyalty_accounts (id, balance, tier, review_on, merged)
SELECT id, CASE WHEN merged_into_id IS NULL THEN 300 ELSE 0 END,
    CASE WHEN id % 100 < 70 THEN 'bronze' WHEN id % 100 < 90 THEN 'silver'
         WHEN id % 1000 < 999 THEN 'gold' ELSE 'platinum' END,
    current_date + (id % 365)::int, merged_into_id IS NOT NULL
FROM crm_patients;

INSERT INTO crm_loyalty_transactions (id, patient_id, transaction_type, points, balance_after,
    description, rule, reference_type, reference_id, expiry_date, counts_for_tier, created_at)
SELECT (n - 1) * 200000 + p, p, 'earned', 60, 60 * n, 'Completed consultation', 'visit', 'visit',
    p || '-' || n, current_date + 100, true, now() - make_interval(days => (400 - 70 * n)::int)
FROM generate_series(1, 5) n, generate_series(1, 200000) p;
SELECT setval(pg_get_serial_sequence('crm_loyalty_transactions', 'id'), 1000001);
INSERT INTO crm_loyalty_lots (id, patient_id, points, remaining, expires_on)
SELECT t.id, t.patient_id, t.points, CASE WHEN a.merged THEN 0 ELSE t.points END, t.expiry_date
FROM crm_loyalty_transactions t JOIN crm_loyalty_accounts a ON a.id = t.patient_id;
INSERT INTO crm_loyalty_sums
SELECT 'ledger', (created_at AT TIME ZONE 'Africa/Lagos')::date, transaction_type, sum(points), count(*)
FROM crm_loyalty_transactions GROUP BY 2, 3;
INSERT INTO crm_loyalty_sums
SELECT 'tier', p.registration_date, a.tier, 0, count(*) FROM crm_loyalty_accounts a
JOIN crm_patients p USING (id) WHERE NOT merged GROUP BY 2, 3;
INSERT INTO crm_loyalty_sums
SELECT 'open', date_trunc('month', expires_on)::date, 'open', sum(remaining), count(*)
FROM crm_loyalty_lots GROUP BY 2;
SET session_replication_role = origin;
VACUUM ANALYZE crm_patients;
VACUUM ANALYZE crm_loyalty_accounts;
VACUUM ANALYZE crm_loyalty_transactions;
VACUUM ANALYZE crm_loyalty_lots;
VACUUM ANALYZE crm_name_words;
VACUUM ANALYZE crm_name_neighbours;
