"""Staged lines become patients and members with the welcome, in statements over many lines.

The effect is that of ``register_patient`` for each line in the file's order; a test compares.
"""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base import parameters
from crm_core.base.clock import lagos_today
from crm_core.loyalty.schemas import Rule
from crm_core.loyalty.service import tiers


def enrol(session: Session, import_id: int, lines: range) -> int:
    """Registers the lines that are ok; gives how many.

    A patient with the same email address or NIN who was registered at this very moment is left
    out by the database's own rule, and told as changed.
    """
    values: dict[str, Any] = {
        "import_id": import_id,
        "from_line": lines.start,
        "to_line": lines.stop,
    }
    made = session.execute(_PATIENTS, values).rowcount  # type: ignore[attr-defined] # of a result
    session.execute(_LEFT_OUT, values)
    session.execute(_MEMBERS, values | {"review_on": tiers.year_after(lagos_today())})
    welcome = int(parameters.value_of(session, "loyalty.welcome"))
    if welcome:
        months = int(parameters.value_of(session, "loyalty.lot_months"))
        given = {"points": welcome, "months": months, "rule": Rule.WELCOME.value}
        session.execute(_WELCOME, values | given)
    return int(made)


_LINES = "import_id = :import_id AND line >= :from_line AND line < :to_line"

# These are constants of ours; what a request gives is bound.
_PATIENTS = text(
    f"""
    WITH numbered AS MATERIALIZED (
        SELECT s.*, nextval(pg_get_serial_sequence('crm_patients', 'id')) AS number
        FROM (SELECT * FROM crm_patient_import_rows
              WHERE {_LINES} AND verdict = 'ok' ORDER BY line) s
    ), made AS (
        INSERT INTO crm_patients (id, first_name, last_name, middle_name, phone, alternate_phone,
            email, date_of_birth, gender, blood_group, genotype, address, city, state, lga,
            nin_encrypted, nin_hash, nin_last4, nhis_number, preferred_hospital_id,
            emergency_contact_name, emergency_contact_phone, emergency_contact_relationship,
            allergies, chronic_conditions, communication_preferences, consent_source,
            referred_by_id)
        SELECT n.number, d.first_name, d.last_name, d.middle_name, d.phone, d.alternate_phone,
            d.email, d.date_of_birth, d.gender, d.blood_group, d.genotype, d.address, d.city,
            d.state, d.lga, n.nin_encrypted, n.nin_hash, n.nin_last4, d.nhis_number,
            d.preferred_hospital_id, d.emergency_contact_name, d.emergency_contact_phone,
            d.emergency_contact_relationship, d.allergies, d.chronic_conditions,
            d.communication_preferences, d.consent_source, n.referred_by_id
        FROM numbered n CROSS JOIN LATERAL jsonb_to_record(n.data) AS d(first_name varchar,
            last_name varchar, middle_name varchar, phone varchar, alternate_phone varchar,
            email varchar, date_of_birth date, gender varchar, blood_group varchar,
            genotype varchar, address text, city varchar, state varchar, lga varchar,
            nhis_number varchar, preferred_hospital_id bigint, emergency_contact_name varchar,
            emergency_contact_phone varchar, emergency_contact_relationship varchar,
            allergies varchar[], chronic_conditions varchar[], communication_preferences jsonb,
            consent_source varchar)
        ORDER BY n.line
        ON CONFLICT DO NOTHING RETURNING id
    )
    UPDATE crm_patient_import_rows r
    SET verdict = 'imported', patient_id = made.id, label = '', data = NULL, cells = NULL,
        name = NULL, born = NULL, phone = NULL, email = NULL, nin_encrypted = NULL,
        nin_hash = NULL, nin_last4 = NULL, referral_code = NULL, referred_by_id = NULL
    FROM numbered n JOIN made ON made.id = n.number WHERE r.id = n.id
    """  # noqa: S608
)
_LEFT_OUT = text(
    f"""
    UPDATE crm_patient_import_rows
    SET verdict = 'changed', code = 'registered', data = NULL,
        reason = 'Changed since you looked: somebody was just registered with this email'
                 ' address or NIN.'
    WHERE {_LINES} AND verdict = 'ok'
    """  # noqa: S608
)
_MEMBERS = text(
    f"""
    INSERT INTO crm_loyalty_accounts (id, review_on)
    SELECT patient_id, :review_on FROM crm_patient_import_rows
    WHERE {_LINES} AND verdict = 'imported' ORDER BY line
    """  # noqa: S608
)
_WELCOME = text(
    f"""
    WITH made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule, reference_type, reference_id, counts_for_tier, expiry_date)
        SELECT patient_id, 'earned', :points, :points, 'Welcome bonus', :rule, 'patient',
               CAST(patient_id AS varchar), false,
               CAST(crm_lagos_today() + make_interval(months => :months) AS date)
        FROM crm_patient_import_rows WHERE {_LINES} AND verdict = 'imported' ORDER BY line
        RETURNING id, patient_id, points, expiry_date
    ), lots AS (
        INSERT INTO crm_loyalty_lots (id, patient_id, points, remaining, expires_on)
        SELECT id, patient_id, points, points, expiry_date FROM made
    )
    UPDATE crm_loyalty_accounts a SET balance = a.balance + made.points
    FROM made WHERE a.id = made.patient_id
    """  # noqa: S608
)
