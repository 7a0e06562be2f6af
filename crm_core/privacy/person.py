"""Whom an erasure is about: their records, and by what they are found in other places."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.loyalty import service as loyalty
from crm_core.patients import service as patients


@dataclass(frozen=True)
class Person:
    """A patient and the records merged into theirs, as they are before anything is erased.

    Attributes:
        stays: the record that the others were merged into.
        addresses: telephone numbers and email addresses, also those they had before.
        names: each record's first and last name, as labels have them, also those of before.
        words: the words of the names, as the search knows them.
        marks: what only they are called by: codes, addresses and names.
    """

    ids: list[int]
    stays: int
    addresses: list[str]
    nins: list[bytes]
    names: list[str]
    words: list[str]
    marks: list[str]

    @property
    def values(self) -> dict[str, Any]:
        """What statements about the person are bound to."""
        return {
            "ids": self.ids,
            "stays": self.stays,
            "addresses": self.addresses,
            "nins": self.nins,
        }


def find_person(session: Session, patient_id: int) -> Person:
    """The person whose record it is."""
    found = session.execute(_PERSON, {"id": patient_id}).mappings().one()
    values: dict[str, Any] = {name: value or [] for name, value in found.items()}
    return Person(**values)


def lock_person(session: Session, person: Person) -> None:
    """Their accounts, then their records: the order in which everybody locks."""
    loyalty.lock_members(session, person.ids)
    patients.lock_whole(session, person.ids)


_PERSON = text(
    """
    WITH records AS (
        SELECT * FROM crm_patients WHERE id = :id OR merged_into_id = :id ORDER BY id
    ), merged AS (
        SELECT m.before ->> 'email' AS email FROM crm_patient_merges m
        WHERE m.gone_id IN (SELECT id FROM records)
    ), past AS (
        SELECT r.first_name, r.last_name, was.image
        FROM records r
        JOIN crm_history h ON h.table_name = 'crm_patients' AND h.record_id = r.id
        CROSS JOIN LATERAL (VALUES (h.before), (h.after)) AS was(image)
        WHERE r.erased_at IS NULL AND was.image IS NOT NULL
    ), reached AS (
        SELECT phone AS address FROM records UNION SELECT alternate_phone FROM records
        UNION SELECT email FROM records UNION SELECT email FROM merged
        UNION SELECT image ->> 'phone' FROM past UNION SELECT image ->> 'alternate_phone' FROM past
        UNION SELECT image ->> 'email' FROM past
        UNION SELECT address FROM crm_communication_logs
            WHERE recipient_type = 'patient' AND recipient_id IN (SELECT id FROM records)
    ), addresses AS (
        SELECT array_agg(DISTINCT them) AS them
        FROM reached CROSS JOIN LATERAL (VALUES (address), (lower(address))) AS both_cases(them)
        WHERE address <> ''
    ), codes AS (
        SELECT patient_code AS code FROM records
        UNION ALL SELECT appointment_code FROM crm_appointments
            WHERE patient_id IN (SELECT id FROM records)
        UNION ALL SELECT feedback_code FROM crm_feedback
            WHERE patient_id IN (SELECT id FROM records)
    ), named AS (
        SELECT first_name || ' ' || last_name AS name,
               crm_search_text(concat_ws(' ', first_name, last_name, middle_name)) AS words
        FROM records WHERE erased_at IS NULL
        UNION
        SELECT coalesce(image ->> 'first_name', first_name) || ' '
                   || coalesce(image ->> 'last_name', last_name),
               crm_search_text(concat_ws(' ', image ->> 'first_name', image ->> 'last_name',
                                         image ->> 'middle_name'))
        FROM past WHERE image ?| '{first_name,last_name,middle_name}'
    )
    SELECT (SELECT array_agg(id) FROM records) AS ids, CAST(:id AS bigint) AS stays,
           (SELECT them FROM addresses) AS addresses,
           (SELECT array_agg(nin_hash) FROM records WHERE nin_hash IS NOT NULL) AS nins,
           (SELECT array_agg(name) FROM named) AS names,
           (SELECT array_agg(DISTINCT w) FROM named, string_to_table(btrim(words), ' ') AS w
            WHERE length(w) > 2) AS words,
           array_cat((SELECT them FROM addresses), array_cat(
               (SELECT array_agg(CAST(name AS varchar)) FROM named),
               (SELECT array_agg(code) FROM codes))) AS marks
    """
)
