-- Patients. Every figure follows from the seed and the number of the patient. They have no
-- NIN: each would have to be encrypted one by one.
INSERT INTO crm_patients (id, first_name, last_name, email, phone, date_of_birth, gender, blood_group,
    genotype, address, city, state, lga, registration_date, last_visit_date,
    visit_count, preferred_hospital_id, status, communication_preferences, consent_source,
    created_at, updated_at, consent_at, referral_code)
SELECT base.first + n,
       home.first_names[1 + floor(pg_temp.r(n, 1) * cardinality(home.first_names))::int],
       home.last_names[1 + floor(pg_temp.r(n, 2) * cardinality(home.last_names))::int],
       CASE WHEN pg_temp.r(n, 3) < 0.6 THEN 'patient' || base.first + n || '@example.ng' END,
       '+234' || (ARRAY['803', '805', '806', '810', '813', '816', '703', '706', '901', '905'])[
           1 + floor(pg_temp.r(n, 4) * 10)::int]
           || lpad(floor(pg_temp.r(n, 5) * 10000000)::int::text, 7, '0'),
       registered - (365 * (1 + 70 * pow(pg_temp.r(n, 6), 1.3)))::int,
       CASE WHEN pg_temp.r(n, 7) < 0.55 THEN 'female' WHEN pg_temp.r(n, 7) < 0.995 THEN 'male'
            ELSE 'other' END,
       (ARRAY['O+', 'A+', 'B+', 'O-', 'AB+', 'A-', 'B-'])[1 + floor(7 * pow(pg_temp.r(n, 8), 2))::int],
       (ARRAY['AA', 'AS', 'AC', 'SS', 'SC'])[1 + floor(5 * pow(pg_temp.r(n, 9), 3))::int],
       1 + floor(pg_temp.r(n, 10) * 150)::int || ' '
           || (ARRAY['Ahmadu Bello Way', 'Awolowo Road', 'Aba Road', 'Ogui Road', 'Zik Avenue',
                     'Herbert Macaulay Street'])[1 + floor(pg_temp.r(n, 11) * 6)::int],
       home.state, home.state,
       home.areas[1 + floor(pg_temp.r(n, 12) * cardinality(home.areas))::int],
       registered,
       CASE WHEN pg_temp.r(n, 14) < 0.85 THEN
           registered + floor(pg_temp.r(n, 15) * (:today::date - registered))::int END,
       floor(20 * pow(pg_temp.r(n, 14), 2))::int,
       hospitals.ids[1 + floor(pg_temp.r(n, 16) * cardinality(hospitals.ids))::int],
       CASE WHEN pg_temp.r(n, 17) < 0.92 THEN 'active' WHEN pg_temp.r(n, 17) < 0.99 THEN 'inactive'
            ELSE 'deceased' END,
       (ARRAY['{"sms": false, "email": false, "whatsapp": false, "push": false}',
              '{"sms": true, "email": false, "whatsapp": false, "push": false}',
              '{"sms": false, "email": true, "whatsapp": false, "push": false}',
              '{"sms": true, "email": true, "whatsapp": false, "push": false}',
              '{"sms": false, "email": false, "whatsapp": true, "push": false}',
              '{"sms": true, "email": false, "whatsapp": true, "push": false}',
              '{"sms": false, "email": true, "whatsapp": true, "push": false}',
              '{"sms": true, "email": true, "whatsapp": true, "push": false}']::jsonb[])[
           1 + (pg_temp.r(n, 18) < 0.9)::int + 2 * (pg_temp.r(n, 19) < 0.7)::int
             + 4 * (pg_temp.r(n, 20) < 0.5)::int],
       'registration', registered + time '10:00', registered + time '10:00',
       registered + time '10:00',
       'G' || upper(lpad(to_hex(base.first + n), 7, '0'))
FROM generate_series(1, :patients) AS n
CROSS JOIN (SELECT coalesce(max(id), 0) AS first FROM crm_patients) AS base
CROSS JOIN (SELECT array_agg(id ORDER BY id) AS ids FROM crm_hospitals) AS hospitals
CROSS JOIN LATERAL (SELECT :today::date - 1
    - floor(1460 * pow((:patients - n)::float8 / :patients, 1.2))::int AS registered) AS dates
JOIN homes AS home ON home.place = floor(pg_temp.r(n, 21) * :places)::int;

INSERT INTO crm_name_words
SELECT DISTINCT w FROM homes, unnest(first_names || last_names) AS name,
    unnest(string_to_array(btrim(crm_search_text(name)), ' ')) AS w
WHERE length(w) > 2 ON CONFLICT DO NOTHING;
INSERT INTO crm_name_neighbours
SELECT s, word FROM crm_name_words, crm_shorter(word) AS s ON CONFLICT DO NOTHING;
