-- 1,000,000 patients who are members, with a lot of points each, 300,000 visits, and messages, opt-outs
-- and dead addresses as a running house has them: made in one go, without triggers.
SET session_replication_role = replica;
SELECT setseed(0.42);

INSERT INTO crm_hospitals (id, name, city, state)
SELECT n, 'Hospital ' || n, 'Lagos', 'Lagos' FROM generate_series(1, 20) n;
INSERT INTO crm_patients (id, patient_code, first_name, last_name, email, phone, date_of_birth,
    gender, address, city, state, lga, registration_date, last_visit_date, visit_count,
    preferred_hospital_id, chronic_conditions, status, communication_preferences, referral_code)
SELECT n, crm_code('PAT', n), (ARRAY['Ada','Bola','Chidi','Dele','Efe','Fatima'])[1 + n % 6],
    'Obi ' || n, CASE WHEN n % 10 < 8 THEN 'p' || n || '@example.ng' END,
    -- One in fifty shares the number of the one before.
    '+234803' || lpad((CASE WHEN n % 50 = 0 THEN n - 1 ELSE n END)::text, 7, '0'),
    date '1940-01-01' + (random() * 30000)::int,
    CASE WHEN n % 2 = 0 THEN 'female' ELSE 'male' END, n || ' Marina', 'Lagos',
    (ARRAY['Lagos','Kano','Rivers','FCT','Oyo','Yobe'])[1 + floor(6 * random() ^ 3)::int],
    CASE WHEN n % 3 = 0 THEN 'Ikeja' END, current_date - 1500 + (n::bigint * 1500 / 1000000)::int,
    CASE WHEN n % 7 > 0 THEN current_date - (random() * 800)::int END, n % 9, 1 + n % 20,
    CASE n % 20 WHEN 0 THEN ARRAY['Diabetes'] WHEN 1 THEN ARRAY['hypertension', 'asthma'] ELSE '{}' END,
    CASE WHEN n % 50 = 7 THEN 'inactive' WHEN n % 1000 = 1 THEN 'deceased' ELSE 'active' END,
    (ARRAY['{"sms": true, "email": true, "whatsapp": false, "push": false}',
           '{"sms": true, "email": true, "whatsapp": true, "push": false}',
           '{"sms": true, "email": true, "whatsapp": false, "push": true}',
           '{"sms": true, "email": false, "whatsapp": false, "push": false}',
           '{"sms": false, "email": false, "whatsapp": false, "push": false}']::jsonb[])[
        1 + floor(5 * random() ^ 3)::int],
    'R' || n
FROM generate_series(1, 1000000) n;
SELECT setval(pg_get_serial_sequence('crm_patients', 'id'), 1000001);

INSERT INTO crm_loyalty_accounts (id, balance, tier, review_on)
SELECT id, (random() * 2500)::int, (ARRAY['bronze','silver','gold','platinum'])[
    1 + floor(4 * random() ^ 3)::int], current_date + (id % 365)::int
FROM crm_patients;
INSERT INTO crm_loyalty_transactions (id, patient_id, transaction_type, points, balance_after,
    description, rule, created_at)
SELECT id, id, 'earned', 60, 60, 'Completed consultation', 'visit', now() FROM crm_patients;
INSERT INTO crm_loyalty_lots (id, patient_id, points, remaining, expires_on)
SELECT id, id, 60, CASE WHEN random() < 0.8 THEN 60 ELSE 0 END, current_date + (random() * 365)::int
FROM crm_patients;
INSERT INTO crm_appointments (patient_id, hospital_id, starts_at, type, status, booked_at,
    completed_at, created_by)
SELECT 1 + (n::bigint * 7919) % 1000000, 1 + n % 20, at, 'consultation',
    CASE WHEN at > now() THEN 'scheduled' WHEN n % 10 = 0 THEN 'no_show' ELSE 'completed' END,
    at - interval '5 days', CASE WHEN at <= now() AND n % 10 > 0 THEN at END, 'staff:1'
FROM (SELECT n, now() + interval '20 days' - n * interval '4 minutes' AS at
      FROM generate_series(1, 300000) n) AS visits;
INSERT INTO crm_communication_logs (recipient_type, recipient_id, channel, purpose, status,
    message_type, content, sent_at, created_at)
SELECT 'patient', 1 + floor(random() * 1000000)::int, 'sms', 'promotional', 'delivered',
    'campaign', 'Dear Ada, the health talk is on Friday.', at, at
FROM (SELECT now() - interval '90 days' + n * interval '8 seconds' AS at
      FROM generate_series(1, 950000) n) AS sent;
INSERT INTO crm_contact_choices (recipient_type, recipient_id, channel, purpose, opted_out, source)
SELECT 'patient', 1 + floor(random() * 1000000)::int, 'sms',
    CASE WHEN n % 2 = 0 THEN 'promotional'::crm_purpose END, n % 10 > 0, 'stop word'
FROM generate_series(1, 30000) n;
INSERT INTO crm_suppressed_addresses (channel, address, reason)
SELECT 'email', 'p' || n || '@example.ng', 'bounced' FROM generate_series(1, 1000000, 200) n;
SET session_replication_role = origin;
