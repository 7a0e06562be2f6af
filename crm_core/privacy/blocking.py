"""What has to come to an end before a person can be erased."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.privacy.person import Person


@dataclass(frozen=True)
class _Blocker:
    """Counts what is in the way; says so of one and of several."""

    count: str
    one: str
    several: str

    def told(self, found: int) -> str:
        return self.one if found == 1 else self.several.format(found)


def blockers(session: Session, person: Person) -> list[str]:
    """A sentence for each thing that is in the way; none where the person can be erased."""
    return list(_told(session, person))


def _told(session: Session, person: Person) -> Iterator[str]:
    for blocker in _BLOCKERS:
        found = session.execute(text(blocker.count), person.values).scalar_one()
        if found:
            yield blocker.told(found)


_BLOCKERS = (
    _Blocker(
        """
        SELECT count(*) FROM crm_appointments WHERE patient_id = ANY(:ids)
            AND status IN ('scheduled', 'confirmed', 'arrived', 'in_progress')
        """,
        "A visit lies ahead or is going on: cancel or complete it first.",
        "{} visits lie ahead or are going on: cancel or complete them first.",
    ),
    _Blocker(
        """
        SELECT count(*) FROM crm_waitlist w WHERE w.patient_id = ANY(:ids) AND (
            w.status = 'waiting' OR EXISTS (SELECT FROM crm_slot_offers o
                WHERE o.waitlist_id = w.id AND o.status IN ('waiting', 'open')))
        """,
        "The patient is on the waitlist: take them off first.",
        "The patient is on the waitlist {} times: take them off first.",
    ),
    _Blocker(
        """
        SELECT count(*) FROM crm_feedback WHERE patient_id = ANY(:ids)
            AND status NOT IN ('resolved', 'closed', 'merged')
        """,
        "A piece of feedback is open: resolve it first.",
        "{} pieces of feedback are open: resolve them first.",
    ),
    _Blocker(
        """
        SELECT (SELECT count(*) FROM crm_communication_logs
                WHERE recipient_type = 'patient' AND recipient_id = ANY(:ids)
                    AND status IN ('pending', 'deferred'))
            + (SELECT count(*) FROM crm_campaigns c
               JOIN crm_campaign_runs r ON r.campaign_id = c.id
               JOIN crm_campaign_recipients p ON p.run_id = r.id
               JOIN crm_unwritten_messages u ON u.run_id = r.id
                   AND p.person_id BETWEEN u.first_person AND u.last_person
               WHERE c.status IN ('active', 'paused') AND c.target_audience <> 'all_owners'
                   AND p.person_id = ANY(:ids) AND u.status IN ('pending', 'deferred')
                   AND to_jsonb(p) ->> u.channel::text = 'queued')
        """,
        "A message to the patient is on its way: wait until it has gone out, or stop its campaign.",
        "{} messages to the patient are on their way: wait until they have gone out, or stop their"
        " campaigns.",
    ),
    _Blocker(
        """
        SELECT count(*) FROM crm_communication_logs
        WHERE recipient_type = 'patient' AND recipient_id = ANY(:ids) AND status = 'unknown'
        """,
        "Nobody knows whether a message to the patient arrived: settle it first.",
        "Nobody knows whether {} messages to the patient arrived: settle them first.",
    ),
    _Blocker(
        """
        SELECT count(*) FROM crm_campaign_runs r
        JOIN crm_campaigns c ON c.id = r.campaign_id
        JOIN crm_campaign_recipients p ON p.run_id = r.id
        WHERE r.state IN ('waiting', 'queueing') AND c.target_audience <> 'all_owners'
            AND p.person_id = ANY(:ids)
        """,
        "A campaign that has chosen the patient is being queued: wait until that is done.",
        "{} campaigns that have chosen the patient are being queued: wait until that is done.",
    ),
    _Blocker(
        """
        SELECT count(*) FROM crm_inbound_messages
        WHERE patient_id = ANY(:ids) AND handled_at IS NULL
        """,
        "A reply of the patient waits for somebody: deal with it first.",
        "{} replies of the patient wait for somebody: deal with them first.",
    ),
    _Blocker(
        """
        SELECT count(*) FROM crm_patient_import_rows WHERE patient_id IS NULL AND verdict = 'ok'
            AND (phone = ANY(:addresses) OR lower(email) = ANY(:addresses) OR nin_hash = ANY(:nins))
        """,
        "A file that waits to be imported holds the patient: import it, or wait until its lines are"
        " forgotten.",
        "{} lines of files that wait to be imported hold the patient: import them, or wait until"
        " they are forgotten.",
    ),
)
