"""What must always hold of the sums of messages, for `verify`: statements that find offenders."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from crm_core.base.rules import broken_rules


def invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule that is broken, naming the first offenders."""
    yield from broken_rules(session, {**_FIGURES})


_FIGURES = {
    "the sums of an hour are not what its messages say": """
        SELECT to_char(coalesce(s.hour, m.hour), 'YYYY-MM-DD HH24:00') || ' '
               || coalesce(s.channel, m.channel) || ' ' || coalesce(s.status, m.status)
        FROM (SELECT * FROM crm_message_health WHERE messages <> 0) s
        FULL JOIN (
            SELECT date_trunc('hour', sent_at, 'UTC') AS hour, channel,
                   coalesce(provider, '') AS provider, status, count(*) AS messages
            FROM crm_communication_logs WHERE sent_at IS NOT NULL
            GROUP BY 1, 2, 3, 4
        ) m USING (hour, channel, provider, status)
        WHERE s.messages IS DISTINCT FROM m.messages
    """,
}
