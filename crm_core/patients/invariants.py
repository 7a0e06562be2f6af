"""What must always hold of patients, for `verify`: a rule is a statement that finds offenders."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from crm_core.base.rules import broken_rules


def invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule that is broken, naming the first offenders."""
    yield from broken_rules(session, _RULES)


_RULES = {
    "the patient's NIN is kept only in part": """
        SELECT patient_code FROM crm_patients
        WHERE num_nulls(nin_encrypted, nin_hash, nin_last4) NOT IN (0, 3)
    """,
    "a merged record leads to one that was merged itself": """
        SELECT g.patient_code FROM crm_patients g JOIN crm_patients s ON s.id = g.merged_into_id
        WHERE s.merged_into_id <> s.id
    """,
    "a merged record still holds an email address or is still in care": """
        SELECT patient_code FROM crm_patients
        WHERE merged_into_id IS NOT NULL AND (email IS NOT NULL OR status = 'active')
    """,
    "the patient referred themselves": """
        SELECT patient_code FROM crm_patients
        WHERE referred_by_id IN (id, merged_into_id) AND merged_into_id IS NULL
    """,
    "a word of the patient's name is not known to the search": """
        SELECT p.patient_code FROM crm_patients p
        CROSS JOIN LATERAL unnest(string_to_array(btrim(crm_search_text(
            p.first_name || ' ' || p.last_name || ' ' || coalesce(p.middle_name, ''))), ' ')) AS w
        WHERE length(w) > 2 AND NOT EXISTS (SELECT FROM crm_name_words k WHERE k.word = w)
    """,
}
