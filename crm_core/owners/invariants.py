"""What must always hold of owners, for `verify`: a rule is a statement that finds offenders."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from crm_core.base.rules import broken_rules


def invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule that is broken, naming the first offenders."""
    yield from broken_rules(session, _RULES)


_RULES = {
    # Since midnight an old survey may have dropped out, which the night's job has yet to see.
    "the satisfaction score is not the mean of the surveys and ratings in its window": """
        SELECT o.owner_code FROM crm_owners o
        CROSS JOIN (SELECT make_interval(months => value::int) AS span FROM crm_parameters
                    WHERE name = 'owners.satisfaction_months') w
        LEFT JOIN LATERAL (
            SELECT round(avg(s.score) FILTER (WHERE s.day > crm_lagos_today() - w.span), 2)
                       AS today,
                   round(avg(s.score)
                         FILTER (WHERE s.day > crm_lagos_today() - 1 - w.span), 2)
                       AS yesterday
            FROM crm_owner_marks(o.id) s
        ) m ON true
        WHERE o.satisfaction_score IS DISTINCT FROM m.today
          AND o.satisfaction_score IS DISTINCT FROM m.yesterday
    """,
    "the score's history does not end in the score": """
        SELECT o.owner_code FROM crm_owners o
        LEFT JOIN LATERAL (SELECT score FROM crm_owner_scores
                           WHERE owner_id = o.id ORDER BY as_of DESC LIMIT 1) h ON true
        WHERE o.satisfaction_score IS NOT NULL AND o.satisfaction_score IS DISTINCT FROM h.score
    """,
    "the last contact is older than the latest logged conversation": """
        SELECT o.owner_code FROM crm_owners o
        JOIN (SELECT owner_id, max(contacted_on) AS latest FROM crm_owner_contacts
              GROUP BY owner_id) c ON c.owner_id = o.id
        WHERE o.last_contact_date IS NULL OR o.last_contact_date < c.latest
    """,
    "the NIN is kept only in part": """
        SELECT owner_code FROM crm_owners
        WHERE num_nulls(nin_encrypted, nin_hash, nin_last4) NOT IN (0, 3)
    """,
    "two signed contracts of one owner and hospital hold at the same time": """
        SELECT DISTINCT a.contract_code FROM crm_owner_contracts a
        JOIN crm_owner_contracts b ON b.owner_id = a.owner_id AND b.hospital_id = a.hospital_id
            AND b.id <> a.id AND b.state = 'signed'
            AND b.start_date <= a.end_date AND b.end_date >= a.start_date
        WHERE a.state = 'signed'
    """,
}
