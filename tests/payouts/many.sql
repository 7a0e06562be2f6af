-- 2,000 owners and 20,000 payouts of the last ten months, without what triggers would do.
SET session_replication_role = replica;
INSERT INTO crm_hospitals (name, city, state)
SELECT 'Hospital ' || n, 'Lekki', 'Lagos' FROM generate_series(1, 100) n;
INSERT INTO crm_owners (first_name, last_name, email, phone, hospital_id, status, opening_value,
                        satisfaction_score, created_at)
SELECT 'First' || n, 'Last' || n % 500, n || '@example.ng', '+2348031234567', 1 + n % 100,
       CASE WHEN n % 50 = 0 THEN 'suspended' ELSE 'active' END, n * 1000, n % 5,
       now() - n * interval '1 hour'
FROM generate_series(1, 2000) n;
INSERT INTO crm_owner_accounts (owner_id, bank_code, bank_name, account_encrypted, account_hash,
                                account_last4, account_name, nuban_ok, changed_at)
SELECT id, '011', 'First Bank', '', sha256(id::text::bytea), '4579', 'ADA OBI', true,
       now() - interval '9 days' FROM crm_owners;
INSERT INTO crm_payouts (owner_id, hospital_id, period_start, period_end, gross_revenue, deductions,
                         net_amount, status, created_by, account_encrypted, account_hash, bank_code,
                         bank_name, account_name, account_last4, nuban_ok, paid_at, created_at,
                         bank_reference, file_id)
SELECT o.id, o.hospital_id, m.first, (m.first + interval '1 month - 1 day')::date, 100000 + o.id, 0,
       100000 + o.id,
       CASE WHEN m.back = 1 AND o.id % 2 = 0 THEN 'pending' WHEN m.back = 1 THEN 'approved'
            WHEN m.back = 2 AND o.id % 20 = 0 THEN 'failed' ELSE 'paid' END,
       'staff:1', '', sha256(o.id::text::bytea), '011', 'First Bank', 'ADA OBI', '4579', true,
       CASE WHEN m.back > 2 THEN m.first + interval '40 days' END,
       m.first + interval '33 days' + o.id * interval '1 second',
       CASE WHEN m.back > 2 THEN 'NIP' || o.id || '-' || m.back END, m.back * 100 + o.id % 100
FROM crm_owners o, LATERAL (
    SELECT back, (date_trunc('month', crm_lagos_today()) - make_interval(months => back))::date AS first
    FROM generate_series(1, 10) back) m;
UPDATE crm_payouts SET digest = crm_payout_digest(crm_payouts);
INSERT INTO crm_payout_approvals (payout_id, approver, approver_name, digest)
SELECT id, 'staff:2', 'Ada', digest FROM crm_payouts WHERE status IN ('approved', 'paid');
SET session_replication_role = origin;
ANALYZE;
