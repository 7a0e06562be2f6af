"""The pack: everything that is held about a patient, as one document for that person."""

from typing import Any

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger

from crm_core.base import history
from crm_core.base.clock import utc_now
from crm_core.base.errors import NotFound
from crm_core.people.schemas import Actor, Permission
from crm_core.privacy.schemas import PackAsk

# What finds a record and says nothing of the person, or is kept so that nobody reads it.
_LEFT_OUT = "'{search,nin_encrypted,nin_hash,dedupe_key}'::text[]"
_OF_PATIENT = "patient_id = ANY(:ids)"
_FEEDBACK = "SELECT id FROM crm_feedback WHERE patient_id = ANY(:ids)"
_RUNS = """
    SELECT r.id FROM crm_campaign_runs r JOIN crm_campaigns c ON c.id = r.campaign_id
    WHERE c.target_audience <> 'all_owners'
"""
_OF_RUNS = f"run_id IN ({_RUNS}) AND person_id = ANY(:ids)"
_LISTED = """
    campaign_id IN (SELECT id FROM crm_campaigns WHERE target_audience <> 'all_owners')
    AND person_id = ANY(:ids)
"""
_VISITS = "SELECT id FROM crm_appointments WHERE patient_id = ANY(:ids)"
_OFFERS = (
    "SELECT o.id FROM crm_slot_offers o JOIN crm_waitlist w ON w.id = o.waitlist_id"
    " WHERE w.patient_id = ANY(:ids)"
)
PARTS = {
    "patient": ("crm_patients", "id = ANY(:ids)"),
    "loyalty_account": ("crm_loyalty_accounts", "id = ANY(:ids)"),
    "loyalty_transactions": ("crm_loyalty_transactions", _OF_PATIENT),
    "loyalty_points_in_hand": ("crm_loyalty_lots", _OF_PATIENT),
    "tier_movements": ("crm_loyalty_tier_movements", _OF_PATIENT),
    "rewards": ("crm_redemptions", _OF_PATIENT),
    "imported_from": ("crm_patient_import_rows", _OF_PATIENT),
    "visits": ("crm_appointments", _OF_PATIENT),
    "reminders": ("crm_appointment_notices", f"appointment_id IN ({_VISITS})"),
    "answers_to_reminders": (
        "crm_appointment_answers",
        f"appointment_id IN ({_VISITS}) OR offer_id IN ({_OFFERS})",
    ),
    "waitlist": ("crm_waitlist", _OF_PATIENT),
    "messages": (
        "crm_communication_logs",
        "recipient_type = 'patient' AND recipient_id = ANY(:ids)",
    ),
    "replies": ("crm_inbound_messages", _OF_PATIENT),
    "choices": ("crm_contact_choices", "recipient_type = 'patient' AND recipient_id = ANY(:ids)"),
    "feedback": ("crm_feedback", _OF_PATIENT),
    "feedback_entries": ("crm_feedback_entries", f"feedback_id IN ({_FEEDBACK})"),
    "invitations": ("crm_feedback_invitations", _OF_PATIENT),
    "requests_to_be_erased": ("crm_erasures", _OF_PATIENT),
    "merges": ("crm_patient_merges", "stays_id = ANY(:ids) OR gone_id = ANY(:ids)"),
    "campaigns": ("crm_campaign_recipients", _OF_RUNS),
    "campaigns_that_worked": ("crm_campaign_conversions", _OF_RUNS),
    "campaign_lists": ("crm_campaign_lists", _LISTED),
}
"""What a part of the pack is called → its table, and which of its rows are of the patient."""

_ORDER = dict.fromkeys(("crm_campaign_recipients", "crm_campaign_conversions"), "run_id")
"""By what the rows of a part stand where its table has no id."""


def make_pack(session: Session, data: PackAsk, *, actor: Actor) -> dict[str, Any]:
    """All rows about the patient and about the records merged into theirs, by what they are.

    That it was made, for whom and why is in the history. The NIN is told by its last digits:
    whoever hands the pack over need not know it.
    """
    actor.require(Permission.PRIVACY_MANAGE)
    ids = list(session.scalars(_RECORDS, {"code": data.patient_code}))
    if not ids:
        raise NotFound("Patient not found")
    held = {name: session.scalar(_rows(*part), {"ids": ids}) for name, part in PARTS.items()}
    held["changes"] = session.scalar(_CHANGES, {"ids": ids})
    counts = {name: len(rows) for name, rows in held.items()}
    history.note(
        session, "export", "crm_patients", ids[0], {"why": data.reason, "what": "pack", **counts}
    )
    return {
        "patient_code": data.patient_code,
        "made_at": utc_now().isoformat(),
        "made_by": actor.name,
        "rows": counts,
        "held": held,
    }


def _rows(table: str, where: str) -> TextClause:
    # Put together from constants of this module.
    order = _ORDER.get(table, "id")
    statement = f"""
        SELECT coalesce(json_agg(to_jsonb(t) - {_LEFT_OUT} ORDER BY t.{order}), '[]')
        FROM {table} t WHERE {where}
    """  # noqa: S608
    return text(statement).bindparams(_IDS)


_IDS = bindparam("ids", type_=ARRAY(BigInteger))
# The one that stays comes first; a merged code leads to it, and its pack is the same.
_RECORDS = text(
    """
    WITH stays AS (
        SELECT coalesce(merged_into_id, id) AS id FROM crm_patients WHERE patient_code = :code
    )
    SELECT p.id FROM crm_patients p JOIN stays s ON p.id = s.id OR p.merged_into_id = s.id
    ORDER BY p.id <> s.id, p.id
    """
)
_CHANGES = text(
    """
    SELECT coalesce(json_agg(json_build_object(
        'at', at, 'who', who, 'why', why, 'action', action, 'before', before, 'after', after)
        ORDER BY id), '[]')
    FROM crm_history WHERE table_name = 'crm_patients' AND record_id = ANY(:ids)
    """
).bindparams(_IDS)
