-- Doctors and their visits. Every figure follows from the seed and the numbers of doctor, day and
-- half hour. In one half hour each doctor sees another patient, so that nobody is seen twice at once.
CREATE TEMP TABLE made_doctors ON COMMIT DROP AS
SELECT n, nextval(pg_get_serial_sequence('crm_doctors', 'id')) AS id,
       hospitals.ids[1 + (n - 1) % cardinality(hospitals.ids)] AS hospital_id,
       'Dr ' || home.first_names[1 + floor(pg_temp.r(n, 41) * cardinality(home.first_names))::int]
           || ' ' || home.last_names[1 + floor(pg_temp.r(n, 42) * cardinality(home.last_names))::int]
           AS name
FROM generate_series(1, :doctors) AS n
CROSS JOIN (SELECT array_agg(id ORDER BY id) AS ids FROM crm_hospitals) AS hospitals
JOIN homes AS home ON home.place = floor(pg_temp.r(n, 40) * (SELECT count(*) FROM homes))::int;

INSERT INTO crm_doctors (id, hospital_id, name, specialty)
SELECT id, hospital_id, name, (ARRAY['General medicine', 'Paediatrics', 'Surgery', 'Obstetrics'])[
    1 + floor(pg_temp.r(n, 43) * 4)::int]
FROM made_doctors ORDER BY n;
INSERT INTO crm_doctor_hours (doctor_id, weekday, opens, closes)
SELECT id, weekday, '08:00', '16:00' FROM made_doctors, generate_series(1, 6) AS weekday;

-- Working days around today: nine of ten lie behind.
CREATE TEMP TABLE made_days ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY day) AS t, day FROM (
    (SELECT day::date FROM generate_series(:today::date - 2 * :days - 7, :today::date - 1,
                                           interval '1 day') AS day
     WHERE extract(isodow FROM day) < 7 ORDER BY day DESC LIMIT :days - :days / 10)
    UNION ALL
    (SELECT day::date FROM generate_series(:today::date, :today::date + 2 * :days + 7,
                                           interval '1 day') AS day
     WHERE extract(isodow FROM day) < 7 ORDER BY day LIMIT :days / 10)
) AS days;

CREATE TEMP TABLE made_people ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY id) - 1 AS n, id
FROM crm_patients WHERE merged_into_id IS NULL AND status = 'active';
CREATE UNIQUE INDEX ON made_people (n);
ANALYZE made_people;

CREATE TEMP TABLE made_visits ON COMMIT DROP AS
SELECT v.*, CASE
           WHEN v.day < :today::date THEN CASE WHEN v.chance < 0.74 THEN 'completed'
               WHEN v.chance < 0.86 THEN 'no_show' ELSE 'cancelled' END
           WHEN v.chance < 0.55 THEN 'scheduled' WHEN v.chance < 0.9 THEN 'confirmed'
           ELSE 'cancelled' END AS status
FROM (
    SELECT d.n AS doctor, d.id AS doctor_id, d.hospital_id, days.t, days.day, k,
           (days.day + time '08:00' + k * interval '30 minutes') AT TIME ZONE 'Africa/Lagos'
               AS starts_at,
           (floor(pg_temp.r(days.t * 16 + k, 44) * people.many)::bigint + d.n) % people.many AS person,
           pg_temp.r((days.t * 16 + k) * 100000 + d.n, 45) AS chance,
           pg_temp.r((days.t * 16 + k) * 100000 + d.n, 46) AS other
    FROM made_days AS days CROSS JOIN generate_series(0, 15) AS k CROSS JOIN made_doctors AS d
    CROSS JOIN (SELECT count(*) AS many FROM made_people) AS people
    WHERE (k + d.n + days.t) % 4 <> 0
) AS v;

INSERT INTO crm_appointments (patient_id, hospital_id, doctor_id, starts_at, type, status,
    previous_status, status_changed_at, booked_at, confirmed_at, checked_in_at, started_at,
    completed_at, cancelled_at, cancellation_reason, created_by, created_at, updated_at)
SELECT p.id, v.hospital_id, v.doctor_id, v.starts_at,
       (ARRAY['consultation', 'follow_up', 'procedure', 'telemedicine', 'emergency'])[
           1 + floor(5 * pow(other, 2.5))::int],
       v.status, CASE WHEN v.status <> 'scheduled' THEN 'scheduled' END,
       least(v.starts_at, now()), booked.at,
       CASE WHEN v.status = 'confirmed' THEN booked.at + interval '1 hour' END,
       CASE WHEN v.status = 'completed' THEN v.starts_at - interval '5 minutes' END,
       CASE WHEN v.status = 'completed' THEN v.starts_at END,
       CASE WHEN v.status = 'completed' THEN v.starts_at + interval '25 minutes' END,
       CASE WHEN v.status = 'cancelled' THEN booked.at + interval '2 hours' END,
       CASE WHEN v.status = 'cancelled' THEN
           CASE WHEN other < 0.6 THEN 'patient' ELSE 'hospital' END END,
       'generate', booked.at, booked.at
FROM made_visits AS v JOIN made_people AS p ON p.n = v.person
CROSS JOIN LATERAL (
    SELECT least(now(), v.starts_at) - (1 + floor(20 * pow(v.other, 3))) * interval '1 day' AS at
) AS booked
ORDER BY v.t, v.k, v.doctor;

INSERT INTO crm_appointment_notices (appointment_id, kind, starts_at, outcome, skip_reason, created_at)
SELECT id, 'booked', starts_at, 'skipped', 'Made up: nothing was sent.', created_at
FROM crm_appointments WHERE created_by = 'generate' AND starts_at > :today::date - 30;

INSERT INTO crm_appointment_sum_changes (hospital_id, day, doctor_id, visits, ahead, here, completed,
    missed, cancelled, minutes, booked, lead_minutes)
SELECT a.hospital_id, (a.starts_at AT TIME ZONE 'Africa/Lagos')::date, a.doctor_id, count(*),
       count(*) FILTER (WHERE a.status IN ('scheduled', 'confirmed')), 0,
       count(*) FILTER (WHERE a.status = 'completed'),
       count(*) FILTER (WHERE a.status = 'no_show'),
       count(*) FILTER (WHERE a.status = 'cancelled'),
       sum(CASE WHEN a.status IN ('cancelled', 'no_show') THEN 0 ELSE a.duration_minutes END),
       count(*), sum(crm_lead_minutes(a))
FROM crm_appointments AS a JOIN made_doctors AS d ON d.id = a.doctor_id GROUP BY 1, 2, 3;
SELECT crm_appointments_fold();
