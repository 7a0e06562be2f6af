-- Feedback over three years: what is old has ended, a hundredth is still worked on.
CREATE TEMP TABLE said ON COMMIT DROP AS
SELECT n, (ARRAY['Waiting time', 'Staff', 'Billing', 'Cleanliness', 'Food', 'Treatment', 'Pharmacy',
                 'Parking', NULL])[topic] AS category,
       (ARRAY['I waited for hours and nobody told me why.',
              'The people at the desk were kind and quick.',
              'I was charged for a test that was never done.',
              'The ward was clean, and the bathroom was not.',
              'The food came cold on both days.',
              'The doctor took time to explain everything.',
              'The pharmacy had run out of what was prescribed.',
              'There was nowhere to park, so we came late.',
              'Please call before a visit is moved.'])[topic] AS message
FROM (SELECT n, 1 + floor(9 * pow(pg_temp.r(n, 71), 1.6))::int AS topic
      FROM generate_series(:first + 1, :first + :pieces) AS n) AS topics;

CREATE TEMP TABLE pieces ON COMMIT DROP AS
SELECT s.n AS id, s.category, s.message, m.rating, m.kind, m.created_at,
       -- Of the last three weeks most is open, the less the longer ago; the rest has ended.
       pg_temp.r(s.n, 72) < 1 - extract(epoch FROM :today::timestamptz - m.created_at) / 86400 / 21
           AS is_open,
       pg_temp.r(s.n, 73) AS chance,
       CASE WHEN m.kind = 'complaint' AND m.rating = 1 THEN
                (ARRAY['critical', 'high', 'high', 'high'])[1 + floor(4 * pg_temp.r(s.n, 74))::int]
            WHEN m.kind = 'complaint' THEN
                (ARRAY['high', 'medium', 'medium', 'low'])[1 + floor(4 * pg_temp.r(s.n, 74))::int]
            ELSE 'low' END AS priority
FROM said s
CROSS JOIN LATERAL (
    SELECT stars AS rating,
           (CASE WHEN stars <= 2 THEN 'complaint' WHEN stars = 3 THEN 'suggestion'
                WHEN pg_temp.r(s.n, 75) < 0.4 THEN 'compliment' ELSE 'survey_response' END) AS kind,
           -- In the order of the ids, as the years would have brought them.
           :today::timestamptz - interval '1 second' - (1095 * interval '1 day')
               * (1 - (s.n - :first)::float8 / :pieces) AS created_at
    FROM (SELECT 1 + floor(5 * pow(pg_temp.r(s.n, 76), 0.6))::int AS stars) AS rated
) AS m;

INSERT INTO crm_feedback (id, feedback_code, patient_id, owner_id, hospital_id, department_id, type,
    category, rating, nps, subject, message, status, priority, assigned_to, resolution, resolved_at,
    satisfaction_rating, response_from, responded_at, response_minutes, response_late,
    resolution_minutes, resolution_late, created_by, created_at, updated_at)
SELECT p.id, crm_code('FDB', p.id),
       CASE WHEN o.id IS NULL THEN patient.id END, o.id, place.hospital_id, place.department_id,
       p.kind, p.category, p.rating,
       CASE WHEN pg_temp.r(p.id, 77) < 0.3 THEN least(10, p.rating * 2 + floor(3 * pg_temp.r(p.id, 78))::int - 1) END,
       p.category, p.message,
       CASE WHEN NOT p.is_open THEN 'closed'
            ELSE (ARRAY['new', 'acknowledged', 'in_progress', 'in_progress'])[1 + floor(4 * p.chance)::int]
       END,
       p.priority, CASE WHEN p.is_open AND p.chance > 0.25 THEN staff.id END,
       CASE WHEN NOT p.is_open THEN 'We called, and put it right.' END,
       CASE WHEN NOT p.is_open THEN p.created_at + t.resolution * interval '3 minutes' END,
       CASE WHEN NOT p.is_open AND pg_temp.r(p.id, 79) < 0.2 THEN 3 + floor(3 * p.chance)::int END,
       p.created_at,
       CASE WHEN NOT p.is_open OR p.chance >= 0.5
            THEN p.created_at + t.response * interval '3 minutes' END,
       CASE WHEN NOT p.is_open OR p.chance >= 0.5 THEN t.response END,
       CASE WHEN NOT p.is_open OR p.chance >= 0.5 THEN pg_temp.r(p.id, 80) < 0.12 END,
       CASE WHEN NOT p.is_open THEN t.resolution END,
       CASE WHEN NOT p.is_open THEN pg_temp.r(p.id, 81) < 0.18 END,
       'command:generate', p.created_at, p.created_at
FROM pieces p
CROSS JOIN LATERAL (SELECT (10 + 400 * p.chance)::int AS response,
                           (100 + 3000 * p.chance)::int AS resolution) AS t
JOIN places place ON place.place = floor(pg_temp.r(p.id, 82) * :places)::int
JOIN people patient ON patient.kind = 'patient' AND patient.place = floor(pg_temp.r(p.id, 83) * :patients)::int
LEFT JOIN people o ON p.id % 50 = 0 AND o.kind = 'owner' AND o.place = floor(pg_temp.r(p.id, 84) * :owners)::int
LEFT JOIN people staff ON staff.kind = 'staff' AND staff.place = floor(pg_temp.r(p.id, 85) * :staff)::int
ORDER BY p.id;

INSERT INTO crm_feedback_stops (feedback_id, kind, stopped_at)
SELECT id, 'resolved', resolved_at FROM crm_feedback WHERE id > :first AND status = 'closed'
ORDER BY id;

INSERT INTO crm_feedback_entries (feedback_id, kind, body, old_value, new_value, who, who_name, created_at)
SELECT f.id, e.kind, e.body, e.old_value, e.new_value, 'command:generate', 'Generated', e.at
FROM crm_feedback f
CROSS JOIN LATERAL (VALUES
    ('answer', 'We are sorry, and look into it.', NULL, NULL, f.responded_at),
    ('state', coalesce(f.resolution, ''), 'in_progress', 'resolved', f.resolved_at)
) AS e (kind, body, old_value, new_value, at)
WHERE f.id > :first AND e.at IS NOT NULL
ORDER BY f.id, e.at;

INSERT INTO crm_owner_ratings (owner_id, score, source, topic, rated_on)
SELECT owner_id, rating, 'feedback-' || id || '-given', category,
       (created_at AT TIME ZONE 'Africa/Lagos')::date
FROM crm_feedback WHERE id > :first AND owner_id IS NOT NULL;

INSERT INTO crm_feedback_sum_changes (kind, month, hospital_id, department_id, type, name, pieces,
    ratings, stars, satisfied, unsatisfied, nps_answers, promoters, detractors, responded,
    responded_late, response_minutes, resolved, resolved_late, resolution_minutes)
SELECT s.kind, s.month, s.hospital_id, s.department_id, s.type, s.name, sum(s.pieces), sum(s.ratings),
       sum(s.stars), sum(s.satisfied), sum(s.unsatisfied), sum(s.nps_answers), sum(s.promoters),
       sum(s.detractors), sum(s.responded), sum(s.responded_late), sum(s.response_minutes),
       sum(s.resolved), sum(s.resolved_late), sum(s.resolution_minutes)
FROM crm_feedback f, crm_feedback_sum_of(f, 1) AS s
WHERE f.id > :first
GROUP BY 1, 2, 3, 4, 5, 6;
