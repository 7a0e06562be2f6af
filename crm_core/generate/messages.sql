-- Messages of a year to the patients that there are, oldest first: everything follows from the seed
-- and the number of the message. Of ten, six are SMS, three emails and one WhatsApp.
CREATE TEMP TABLE people ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY id) AS place, id, first_name, phone,
       coalesce(email, 'patient' || id || '@example.ng') AS email
FROM crm_patients WHERE merged_into_id IS NULL;
ANALYZE people;

INSERT INTO crm_communication_logs (id, recipient_type, recipient_id, channel, purpose, status,
    message_type, address, subject, content, reason, error_message, provider, provider_id, parts,
    cost, attempts, who, created_at, updated_at, sent_at, delivered_at, read_at)
SELECT :last + n, 'patient', person.id, channel, purpose, status, purpose::text,
       CASE WHEN channel = 'email' THEN person.email ELSE person.phone END,
       CASE WHEN channel = 'email' THEN 'About your visit' END,
       'Dear ' || person.first_name || ', we look forward to seeing you.',
       CASE status WHEN 'failed' THEN 'undelivered' WHEN 'skipped' THEN 'opted_out'
                   WHEN 'unknown' THEN 'interrupted' END,
       CASE status WHEN 'failed' THEN 'The phone could not be reached.'
                   WHEN 'skipped' THEN 'Asked not to get this.'
                   WHEN 'unknown' THEN 'The worker stopped while handing it over.' END,
       CASE WHEN handed THEN provider END,
       CASE WHEN handed THEN 'made-up-' || :last + n END,
       CASE WHEN channel = 'sms' THEN 1 END,
       CASE WHEN handed THEN CASE channel WHEN 'sms' THEN 4 WHEN 'email' THEN 0.5 ELSE 12 END END,
       CASE WHEN handed THEN 1 ELSE 0 END,
       'command:generate', made, made + interval '1 minute',
       CASE WHEN handed THEN made + interval '5 seconds' END,
       CASE WHEN status IN ('delivered', 'read') THEN made + interval '20 seconds' END,
       CASE WHEN status = 'read' THEN made + interval '1 minute' END
FROM generate_series(1, :messages::bigint) AS n
CROSS JOIN LATERAL (
    SELECT (CASE WHEN pg_temp.r(n, 60) < 0.6 THEN 'sms' WHEN pg_temp.r(n, 60) < 0.9 THEN 'email'
                 ELSE 'whatsapp' END)::crm_channel AS channel,
           (ARRAY['reminder', 'follow_up', 'promotional', 'educational', 'survey', 'custom'])[
               1 + floor(6 * pow(pg_temp.r(n, 61), 1.5))::int]::crm_purpose AS purpose,
           :today::timestamptz - interval '365 days'
               + interval '365 days' * (n::float8 / :messages) AS made,
           1 + floor(pg_temp.r(n, 62) * :people)::bigint AS place, pg_temp.r(n, 63) AS chance
) AS drawn
CROSS JOIN LATERAL (
    SELECT (CASE WHEN chance < 0.03 THEN 'failed' WHEN chance < 0.05 THEN 'skipped'
                 WHEN chance < 0.0501 THEN 'unknown' WHEN chance < 0.09 THEN 'sent'
                 WHEN chance < 0.6 OR channel = 'sms' THEN 'delivered'
                 ELSE 'read' END)::crm_message_status AS status,
           CASE channel WHEN 'sms' THEN 'termii' WHEN 'email' THEN 'smtp'
                        ELSE 'whatsapp' END AS provider
) AS fate
CROSS JOIN LATERAL (SELECT status NOT IN ('skipped', 'unknown') AS handed) AS went
JOIN people person USING (place)
ORDER BY n;

INSERT INTO crm_message_hour_lines
    (hour, channel, provider, status, messages, cost, first_id, last_id)
SELECT date_trunc('hour', sent_at, 'UTC'), channel, provider, status, count(*), sum(cost), min(id),
       max(id)
FROM crm_communication_logs WHERE id > :last AND sent_at IS NOT NULL GROUP BY 1, 2, 3, 4;
SELECT crm_message_hours_add_up();
