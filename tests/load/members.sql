-- What made-up patients lack: every tenth knows a NIN, and now and then a code leads to another record.
SET session_replication_role = replica;
UPDATE crm_patients SET nin_encrypted = '\x00', nin_hash = sha256(id::text::bytea),
    nin_last4 = lpad((id % 10000)::text, 4, '0')
WHERE id % 10 = 0;
UPDATE crm_patients SET merged_into_id = id + 1, status = 'inactive', email = NULL WHERE id % 5000 = 3;
UPDATE crm_loyalty_accounts SET merged = true WHERE id % 5000 = 3;
SET session_replication_role = origin;
VACUUM ANALYZE crm_patients;
VACUUM ANALYZE crm_loyalty_accounts;
