"""What one line cannot say about itself: whether the patient is there already, who referred.

Set-based, over the staged lines: once when the file is looked at, and once more at the commit.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.loyalty.importing.models import PatientImport


def judge(session: Session, import_id: int) -> None:
    """Refuses the lines of a file that repeat another line, a patient, or a wrong referral."""
    analyse(session)
    session.execute(_IN_FILE, {"import_id": import_id})
    values = {
        "import_id": import_id,
        "duplicate": "duplicate",
        "refused": "refused",
        "since": "",
    }
    session.execute(_REGISTERED, values)
    session.execute(_REFERRED, values)


def judge_again(session: Session, import_id: int) -> None:
    """The same under lock: what would no longer be imported has changed since it was shown.

    Once for all lines, before the first of them is registered.
    """
    analyse(session)
    values = {
        "import_id": import_id,
        "duplicate": "changed",
        "refused": "changed",
        "since": "Changed since you looked: ",
    }
    session.execute(_REGISTERED, values)
    session.execute(_REFERRED, values)


def analyse(session: Session) -> None:
    """Lets the planner know how large the tables have become within this transaction."""
    session.execute(text("SELECT crm_analyse_imports()"))


def count_up(session: Session, found: PatientImport) -> None:
    """The totals of the lines, and the fingerprint of what is shown."""
    session.execute(_COUNT, {"import_id": found.id})
    session.refresh(found)


_IN_FILE = text(
    """
    WITH first AS (
        SELECT id, line,
               CASE WHEN email IS NOT NULL THEN min(line) OVER (PARTITION BY lower(email)) END
                   AS email,
               CASE WHEN nin_hash IS NOT NULL THEN min(line) OVER (PARTITION BY nin_hash) END
                   AS nin,
               min(line) OVER (PARTITION BY phone, lower(name), born) AS person
        FROM crm_patient_import_rows WHERE import_id = :import_id AND verdict = 'ok'
    )
    UPDATE crm_patient_import_rows r
    SET verdict = 'duplicate', code = 'line', data = NULL, reason = CASE
            WHEN f.email < r.line THEN 'The same email address as line ' || f.email || '.'
            WHEN f.nin < r.line THEN 'The same NIN as line ' || f.nin || '.'
            ELSE 'The same phone, name and date of birth as line ' || f.person || '.' END
    FROM first f WHERE f.id = r.id AND least(f.email, f.nin, f.person) < r.line
    """
)
_REGISTERED = text(
    """
    WITH found AS (
        SELECT r.id, p.patient_code, p.what FROM crm_patient_import_rows r
        CROSS JOIN LATERAL (
            SELECT patient_code, 'email address' AS what, 1 AS rank
            FROM crm_patients WHERE lower(email) = lower(r.email)
            UNION ALL
            SELECT patient_code, 'NIN', 2
            FROM crm_patients WHERE nin_hash = r.nin_hash AND merged_into_id IS NULL
            UNION ALL
            SELECT patient_code, 'phone, name and date of birth', 3
            -- Not IS NULL, whose index a planner without statistics walks whole for every line.
            FROM crm_patients WHERE phone = r.phone AND date_of_birth = r.born
                AND coalesce(merged_into_id, 0) = 0
                AND lower(first_name || E'\\n' || last_name) = lower(r.name)
            ORDER BY rank, patient_code LIMIT 1) p
        WHERE r.import_id = :import_id AND r.verdict = 'ok'
    )
    UPDATE crm_patient_import_rows r
    SET verdict = :duplicate, code = 'registered', data = NULL,
        reason = :since || 'Registered as ' || f.patient_code || ', with the same ' || f.what || '.'
    FROM found f WHERE f.id = r.id
    """
)
_REFERRED = text(
    """
    WITH found AS (
        SELECT r.id, coalesce(p.merged_into_id, p.id) AS patient_id, CASE
            WHEN p.id IS NULL THEN 'Nobody has this referral code: check it.'
            WHEN p.phone = r.phone OR p.nin_hash = r.nin_hash THEN 'Nobody can refer themselves.'
            END AS reason
        FROM crm_patient_import_rows r
        LEFT JOIN crm_patients p
            ON p.referral_code = r.referral_code AND p.withdrawn_at IS NULL
        WHERE r.import_id = :import_id AND r.verdict = 'ok' AND r.referral_code IS NOT NULL
    )
    UPDATE crm_patient_import_rows r
    SET verdict = CASE WHEN f.reason IS NULL THEN 'ok' ELSE :refused END,
        code = CASE WHEN f.reason IS NULL THEN '' ELSE 'referral' END,
        reason = coalesce(:since || f.reason, ''),
        data = CASE WHEN f.reason IS NULL THEN r.data END,
        referred_by_id = f.patient_id
    FROM found f WHERE f.id = r.id
    """
)
_COUNT = text(
    """
    UPDATE crm_patient_imports i
    SET row_count = c.lines, ok_count = c.ok, refused_count = c.refused,
        duplicate_count = c.duplicates, fingerprint = c.fingerprint
    FROM (
        SELECT count(*) AS lines, count(*) FILTER (WHERE verdict = 'ok') AS ok,
               count(*) FILTER (WHERE verdict = 'refused') AS refused,
               count(*) FILTER (WHERE verdict = 'duplicate') AS duplicates,
               encode(sha256(convert_to(
                   string_agg(concat(id, ' ', line, ' ', verdict, ' ', code), ',' ORDER BY line),
                   'UTF8')), 'hex') AS fingerprint
        FROM crm_patient_import_rows WHERE import_id = :import_id) c
    WHERE i.id = :import_id
    """
)
