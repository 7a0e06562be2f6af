-- A business of the size that the benchmark measures at: 2,000 owners, 300 hospitals, 51 months
-- of revenue, 100,000 payouts in the states that a running house has. The same every time but for
-- the dates, which are laid out around today. Loaded by the owner of the tables with the triggers
-- off, so what they would keep is written here: digests, approvals needed, totals of owners.

CREATE TEMP TABLE words AS SELECT
    '{Adebayo,Fatima,Emeka,Chioma,Ibrahim,Ngozi,Yusuf,Blessing,Oluwaseun,Amina,Chinedu,Halima,
      Tunde,Kemi,Obinna,Zainab,Femi,Adaeze,Musa,Folake,Ikenna,Hauwa,Segun,Ifeoma,Sani,Bukola,
      Uche,Maryam,Kunle,Nneka,Bello,Yetunde,Chuka,Rakiya,Dele,Amaka,Garba,Sade,Nnamdi,Aisha}'::text[]
      AS first,
    '{Ogundimu,Abdullahi,Nwankwo,Okafor,Musa,Eze,Adamu,Okoro,Adeyemi,Bello,Nwosu,Danjuma,Balogun,
      Okonkwo,Lawal,Ibekwe,Suleiman,Adeleke,Umeh,Garba,Olawale,Chukwu,Mohammed,Afolabi,Igwe,Aliyu,
      Bakare,Onyeka,Shehu,Ojo,Ezekiel,Idris,Akande,Obi,Usman,Fashola,Madu,Yakubu,Salako,Nnadi}'::text[]
      AS last,
    '{Lagos,Abuja,Port Harcourt,Kano,Ibadan,Enugu,Kaduna,Benin City,Jos,Calabar,Owerri,Abeokuta}'::text[]
      AS city,
    '{Lagos,FCT,Rivers,Kano,Oyo,Enugu,Kaduna,Edo,Plateau,Cross River,Imo,Ogun}'::text[] AS state,
    '{General,Specialist,Mercy,Unity,Royal,Grace,Trinity,Royal Oak,Cedar,Garden}'::text[] AS kind;

-- A fraction in [0, 1) that depends on the number and the question only.
CREATE FUNCTION pg_temp.dice(number bigint, question int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(number, 20261123 + question) & 9007199254740991)::float8 / 9007199254740992
$$;
CREATE FUNCTION pg_temp.pick(words text[], number bigint, question int) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT words[1 + floor(pg_temp.dice(number, question) * cardinality(words))::int]
$$;

ALTER TABLE crm_hospitals DISABLE TRIGGER USER;
ALTER TABLE crm_hospital_revenue DISABLE TRIGGER USER;
ALTER TABLE crm_owners DISABLE TRIGGER USER;
ALTER TABLE crm_owner_accounts DISABLE TRIGGER USER;
ALTER TABLE crm_owner_contracts DISABLE TRIGGER USER;
ALTER TABLE crm_owner_surveys DISABLE TRIGGER USER;
ALTER TABLE crm_payouts DISABLE TRIGGER USER;
ALTER TABLE crm_payout_files DISABLE TRIGGER USER;
ALTER TABLE crm_payout_deductions DISABLE TRIGGER USER;
ALTER TABLE crm_payout_approvals DISABLE TRIGGER USER;
ALTER TABLE crm_payout_attempts DISABLE TRIGGER USER;

INSERT INTO crm_hospitals (name, city, state, created_at)
SELECT city[at] || ' ' || pg_temp.pick(kind, n, 1) || ' Hospital ' || n, city[at], state[at],
       now() - interval '6 years' + n * interval '1 hour'
FROM generate_series(1, 300) n, words, LATERAL (SELECT 1 + n % cardinality(city) AS at) c;

INSERT INTO crm_hospital_revenue (hospital_id, month, gross_revenue)
SELECT h.id, date_trunc('month', crm_lagos_today()) - make_interval(months => m),
       round((5000000 + pg_temp.dice(h.id, 2) * 110000000
              * (0.8 + 0.4 * pg_temp.dice(h.id * 100 + m, 3)))::numeric, 2)
FROM crm_hospitals h, generate_series(1, 51) m;

INSERT INTO crm_owners (first_name, last_name, email, phone, hospital_id, status, onboarding_date,
    satisfaction_score, opening_value, created_at)
SELECT name.first, name.last, lower(name.first || '.' || name.last || n || '@example.ng'),
       '+23480' || lpad(n::text, 8, '0'), 1 + n % 300,
       CASE WHEN pg_temp.dice(n, 6) < 0.92 THEN 'active' WHEN pg_temp.dice(n, 6) < 0.98 THEN 'inactive'
            ELSE 'suspended' END,
       crm_lagos_today() - 1800 + n / 2,
       CASE WHEN pg_temp.dice(n, 7) < 0.9 THEN round((2.5 + 2.5 * pg_temp.dice(n, 8))::numeric, 2) END,
       round((pg_temp.dice(n, 9) * 50000000)::numeric, 2), now() - interval '5 years' + n * interval '12 hours'
FROM generate_series(1, 2000) n, words,
     LATERAL (SELECT pg_temp.pick(first, n, 4) AS first, pg_temp.pick(last, n, 5) AS last) name;

-- One in fifty shares its account with the owner before, which the checks have to find.
INSERT INTO crm_owner_accounts (owner_id, bank_code, bank_name, account_encrypted, account_hash,
    account_last4, account_name, nuban_ok, changed_at)
SELECT o.id, '058', 'GTBank', sha256(convert_to('e' || o.id, 'UTF8')),
       sha256(convert_to('h' || CASE WHEN o.id % 50 = 0 THEN o.id - 1 ELSE o.id END, 'UTF8')),
       lpad((o.id % 10000)::text, 4, '0'), o.first_name || ' ' || o.last_name,
       pg_temp.dice(o.id, 10) < 0.97,
       now() - CASE WHEN o.id % 40 = 0 THEN interval '3 hours' ELSE interval '300 days' END
FROM crm_owners o;

-- One signed contract an owner through all the months, and an older one or a draft for some.
INSERT INTO crm_owner_contracts (owner_id, hospital_id, revenue_share_percent, minimum_guarantee,
    start_date, end_date, state, created_at)
SELECT o.id, o.hospital_id, round((2 + 11 * pg_temp.dice(o.id, 11))::numeric, 2),
       CASE WHEN o.id % 3 = 0 THEN 1000000 ELSE 0 END,
       date_trunc('month', crm_lagos_today()) - interval '60 months',
       crm_lagos_today() + 20 + (pg_temp.dice(o.id, 12) * 700)::int, 'signed', o.created_at
FROM crm_owners o;
INSERT INTO crm_owner_contracts (owner_id, hospital_id, revenue_share_percent, start_date, end_date,
    state, created_at)
SELECT o.id, o.hospital_id, 5, crm_lagos_today() - 3000, crm_lagos_today() - 2500,
       CASE WHEN o.id % 6 = 0 THEN 'draft' ELSE 'terminated' END, o.created_at
FROM crm_owners o WHERE o.id % 2 = 0;

INSERT INTO crm_owner_surveys (owner_id, score, surveyed_on, recorded_by)
SELECT o.id, CASE k WHEN 0 THEN o.satisfaction_score
                    ELSE round((2.5 + 2.5 * pg_temp.dice(o.id * 10 + k, 13))::numeric, 2) END,
       crm_lagos_today() - k * 90, 'staff:1'
FROM crm_owners o, generate_series(0, 11) k WHERE o.satisfaction_score IS NOT NULL;
INSERT INTO crm_owner_scores (owner_id, as_of, score)
SELECT owner_id, surveyed_on, score FROM crm_owner_surveys;

-- Months 2 to 51 back; the last whole month is left for the benchmark to prepare.
CREATE TEMP TABLE made AS
SELECT row_number() OVER (ORDER BY created_at, owner_id) AS id, made.*,
       CASE
           WHEN months > 4 THEN CASE
               WHEN fate < 0.940 THEN 'paid' WHEN fate < 0.965 THEN 'cancelled'
               WHEN fate < 0.985 THEN 'rejected' WHEN fate < 0.995 THEN 'reversed'
               WHEN fate < 0.998 THEN 'failed' ELSE 'unknown' END
           WHEN fate < 0.45 THEN 'pending' WHEN fate < 0.65 THEN 'approved'
           WHEN fate < 0.75 THEN 'processing' WHEN fate < 0.97 THEN 'paid'
           WHEN fate < 0.99 THEN 'failed' ELSE 'rejected' END AS status
FROM (
    SELECT c.owner_id, c.id AS contract_id, c.hospital_id, m AS months, d.first AS period_start,
           (d.first + interval '1 month - 1 day')::date AS period_end, g.gross,
           round(g.gross * 0.1, 2) AS tax, pg_temp.dice(c.id * 1000 + m, 14) AS fate,
           least(now(), d.first + interval '1 month' + pg_temp.dice(c.id * 1000 + m, 15) * interval '4 days')
               AS created_at
    FROM crm_owner_contracts c, generate_series(2, 51) m,
         LATERAL (SELECT (date_trunc('month', crm_lagos_today()) - make_interval(months => m))::date AS first) d
         JOIN crm_hospital_revenue r ON r.month = d.first,
         LATERAL (SELECT greatest(round(r.gross_revenue * c.revenue_share_percent / 100, 2),
                                  c.minimum_guarantee) AS gross) g
    WHERE r.hospital_id = c.hospital_id AND c.state = 'signed'
) made;

INSERT INTO crm_payout_files (payout_count, control_total, digest, content_encrypted, created_by, created_at)
SELECT count(*), sum(gross - tax), encode(sha256(convert_to('file' || months, 'UTF8')), 'hex'), '',
       'staff:1', max(created_at)
FROM made WHERE status IN ('processing', 'paid', 'reversed', 'unknown')
GROUP BY months, owner_id / 500 ORDER BY max(created_at);

CREATE TEMP TABLE staged AS SELECT * FROM crm_payouts;
INSERT INTO staged
SELECT m.id, crm_code('PAY', m.id), m.owner_id, m.contract_id, m.hospital_id, m.period_start,
       m.period_end, m.period_end + 14, m.gross, m.tax, m.gross - m.tax, m.status,
       CASE WHEN m.status IN ('rejected', 'cancelled', 'reversed', 'failed') THEN 'As the bank said.' END,
       'bank_transfer', 'crm-' || md5('p' || m.id),
       CASE WHEN m.status IN ('paid', 'reversed') THEN 'BANK' || lpad(m.id::text, 10, '0') END,
       a.bank_code, a.bank_name, a.account_encrypted, a.account_hash, a.account_last4, a.account_name,
       a.nuban_ok, '', CASE WHEN m.gross - m.tax >= 10000000 THEN 2 ELSE 1 END,
       CASE WHEN m.status IN ('approved', 'processing', 'paid', 'reversed', 'unknown') THEN 'staff:2' END,
       CASE WHEN m.status IN ('approved', 'processing', 'paid', 'reversed', 'unknown')
            THEN least(now(), m.created_at + interval '1 day') END,
       CASE WHEN m.status IN ('paid', 'reversed')
            THEN least(now(), m.created_at + interval '3 days') END,
       CASE WHEN m.status IN ('processing', 'paid', 'reversed', 'unknown') THEN 1 + m.id % f.files END,
       NULL, 'staff:1', 3, m.created_at, m.created_at
FROM made m LEFT JOIN crm_owner_accounts a USING (owner_id),
     (SELECT count(*) AS files FROM crm_payout_files) f;

DO $$ BEGIN EXECUTE (
    SELECT format('INSERT INTO crm_payouts (%1$s) SELECT %2$s FROM staged s ORDER BY id',
        string_agg(column_name, ',' ORDER BY ordinal_position),
        string_agg(CASE column_name WHEN 'digest' THEN 'crm_payout_digest(ROW(s.*)::crm_payouts)'
                   ELSE column_name END, ',' ORDER BY ordinal_position))
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = 'crm_payouts' AND is_generated = 'NEVER');
END $$;
SELECT setval(pg_get_serial_sequence('crm_payouts', 'id'), 100000), setval('crm_payout_codes', 100000);

INSERT INTO crm_payout_deductions (payout_id, kind, description, amount, rate, rate_holds_from)
SELECT id, 'withholding_tax', 'Withholding tax', deductions, 0.1, '2015-01-01' FROM crm_payouts ORDER BY id;
INSERT INTO crm_payout_approvals (payout_id, approver, approver_name, digest, created_at)
SELECT id, 'staff:' || k, 'Approver ' || k, digest, approved_at
FROM crm_payouts, generate_series(2, 3) k
WHERE approved_at IS NOT NULL AND k - 1 <= approvals_needed ORDER BY id;
INSERT INTO crm_payout_attempts (payout_id, reference, method, file_id, outcome, bank_reference,
    started_at, concluded_at)
SELECT id, payment_reference, payment_method, file_id,
       CASE status WHEN 'processing' THEN 'open' WHEN 'unknown' THEN 'unknown' ELSE 'paid' END,
       bank_reference, approved_at, paid_at
FROM crm_payouts WHERE file_id IS NOT NULL ORDER BY id;

UPDATE crm_owners o
SET payouts_count = t.payouts, payouts_net = t.net, payouts_paid_gross = t.paid_gross,
    payouts_pending = t.pending, payouts_due_on = t.due_on
FROM (
    SELECT owner_id, count(*) AS payouts, sum(net_amount) AS net,
           coalesce(sum(gross_revenue) FILTER (WHERE status = 'paid'), 0) AS paid_gross,
           count(*) FILTER (WHERE status = 'pending') AS pending,
           min(due_on) FILTER (WHERE status IN ('approved', 'processing', 'failed', 'unknown')) AS due_on
    FROM crm_payouts GROUP BY owner_id
) t
WHERE o.id = t.owner_id;

ALTER TABLE crm_hospitals ENABLE TRIGGER USER;
ALTER TABLE crm_hospital_revenue ENABLE TRIGGER USER;
ALTER TABLE crm_owners ENABLE TRIGGER USER;
ALTER TABLE crm_owner_accounts ENABLE TRIGGER USER;
ALTER TABLE crm_owner_contracts ENABLE TRIGGER USER;
ALTER TABLE crm_owner_surveys ENABLE TRIGGER USER;
ALTER TABLE crm_payouts ENABLE TRIGGER USER;
ALTER TABLE crm_payout_files ENABLE TRIGGER USER;
ALTER TABLE crm_payout_deductions ENABLE TRIGGER USER;
ALTER TABLE crm_payout_approvals ENABLE TRIGGER USER;
ALTER TABLE crm_payout_attempts ENABLE TRIGGER USER;

INSERT INTO crm_payout_totals (status, period_end, due_on, paid_month, payouts, gross_revenue, net_amount)
SELECT status, period_end, due_on,
       CASE WHEN status = 'paid' THEN date_trunc('month', paid_at AT TIME ZONE 'Africa/Lagos')::date END,
       count(*), sum(gross_revenue), sum(net_amount)
FROM crm_payouts GROUP BY 1, 2, 3, 4;
