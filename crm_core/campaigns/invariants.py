"""What must always hold of campaigns; `verify` looks for what breaks it."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from crm_core.base.rules import broken_rules


def invariants(session: Session) -> Iterator[str]:
    """Sentences about broken rules, each with the campaigns that break it."""
    yield from broken_rules(session, _RULES)


_RULES = {
    "a campaign was approved by one of its drafters": """
        SELECT 'campaign ' || id FROM crm_campaigns WHERE approved_by = ANY (drafters)
    """,
    "a campaign went on without an approval": """
        SELECT 'campaign ' || id FROM crm_campaigns
        WHERE (approved_by IS NULL OR approved_at IS NULL)
          AND status IN ('approved', 'scheduled', 'active', 'paused', 'completed')
    """,
    "what a campaign's approval binds to is not what it says": """
        SELECT 'campaign ' || id FROM crm_campaigns c WHERE c.digest <> crm_campaign_digest(c)
    """,
    "a campaign under way has no run, or one that is none has": """
        SELECT 'campaign ' || c.id FROM crm_campaigns c
        WHERE (c.status IN ('active', 'paused', 'completed'))
           <> EXISTS (SELECT FROM crm_campaign_runs r WHERE r.campaign_id = c.id)
          AND c.status <> 'cancelled'
    """,
    "a campaign's history has a step that the rules do not know": """
        SELECT DISTINCT 'campaign ' || h.record_id FROM crm_history h
        WHERE h.table_name = 'crm_campaigns' AND h.action = 'update'
          AND h.after->>'status' IS NOT NULL
          AND NOT EXISTS (SELECT FROM crm_campaign_transitions t
              WHERE t.old_status = h.before->>'status' AND t.new_status = h.after->>'status')
    """,
    "a run's numbers are not those of the people in it": """
        SELECT 'run ' || r.id FROM crm_campaign_runs r
        LEFT JOIN (SELECT run_id, count(*) AS people,
                          count(*) FILTER (WHERE outcome = 'queued') AS chosen,
                          count(*) FILTER (WHERE outcome = 'control') AS control
                   FROM crm_campaign_recipients GROUP BY run_id) p ON p.run_id = r.id
        LEFT JOIN (SELECT run_id, jsonb_object_agg(outcome, people) AS outcomes
                   FROM (SELECT run_id, outcome, count(*) AS people FROM crm_campaign_recipients
                         GROUP BY run_id, outcome) AS alike GROUP BY run_id) o ON o.run_id = r.id
        WHERE (r.people, r.chosen, r.control, r.outcomes)
           <> (coalesce(p.people, 0), coalesce(p.chosen, 0), coalesce(p.control, 0),
               coalesce(o.outcomes, '{}'))
    """,
    "a campaign's figures are not those of its messages": """
        SELECT DISTINCT 'campaign ' || campaign_id FROM (
            SELECT campaign_id, channel, status, reason, messages, parts, cost
            FROM crm_campaign_message_counts WHERE status <> 'answered'
            UNION ALL
            SELECT campaign_id, channel, status::text, coalesce(reason, ''), -count(*),
                   -sum(coalesce(parts, 0)), -sum(coalesce(cost, 0))
            FROM crm_communication_logs WHERE campaign_id IS NOT NULL GROUP BY 1, 2, 3, 4
            UNION ALL
            SELECT campaign_id, channel, status::text, coalesce(reason, ''), -messages, 0, 0
            FROM crm_unwritten_messages) AS lines
        GROUP BY campaign_id, channel, status, reason
        HAVING (sum(messages), sum(parts), sum(cost)) <> (0, 0, 0)
    """,
    "somebody got more or fewer of a campaign's messages than was decided": """
        WITH decided AS (
            SELECT r.campaign_id, p.person_id, c.channel, count(*) AS messages
            FROM crm_campaign_runs r JOIN crm_campaign_recipients p ON p.run_id = r.id
            CROSS JOIN LATERAL (VALUES ('sms'::crm_channel, p.sms), ('email', p.email),
                ('whatsapp', p.whatsapp), ('push', p.push), ('call', p.call))
                AS c (channel, fate)
            WHERE r.state = 'done' AND c.fate = 'queued' GROUP BY 1, 2, 3
        ), queued AS (
            SELECT campaign_id, person_id, channel, count(*) AS messages FROM (
                SELECT campaign_id, recipient_id AS person_id, channel
                FROM crm_communication_logs WHERE campaign_id IS NOT NULL
                UNION ALL
                SELECT u.campaign_id, p.person_id, u.channel
                FROM crm_unwritten_messages u JOIN crm_campaign_recipients p ON p.run_id = u.run_id
                    AND p.person_id BETWEEN u.first_person AND u.last_person
                WHERE to_jsonb(p) ->> u.channel::text = 'queued') AS every
            GROUP BY 1, 2, 3
        )
        SELECT DISTINCT 'campaign ' || coalesce(d.campaign_id, q.campaign_id)
        FROM decided d FULL JOIN queued q USING (campaign_id, person_id, channel)
        WHERE coalesce(d.messages, 0) <> coalesce(q.messages, 0)
          AND NOT EXISTS (SELECT FROM crm_campaign_runs r
              WHERE r.campaign_id = coalesce(d.campaign_id, q.campaign_id) AND r.state <> 'done')
    """,
    "a batch counts other messages than its people are to get": """
        SELECT 'batch ' || u.batch_id FROM crm_unwritten_messages u
        WHERE u.messages <> (SELECT count(*) FROM crm_campaign_recipients p
            WHERE p.run_id = u.run_id AND p.person_id BETWEEN u.first_person AND u.last_person
              AND to_jsonb(p) ->> u.channel::text = 'queued')
    """,
    "somebody counts as won over who was in neither group": """
        SELECT DISTINCT 'run ' || v.run_id FROM crm_campaign_conversions v
        LEFT JOIN crm_campaign_recipients p USING (run_id, person_id)
        WHERE p.outcome IS NULL OR p.outcome NOT IN ('queued', 'control')
           OR v.control <> (p.outcome = 'control')
    """,
}
