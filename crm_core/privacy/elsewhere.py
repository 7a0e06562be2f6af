"""What holds a person in tables that are about others: found by what it says, and emptied there."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.privacy.person import Person
from crm_core.privacy.praise import call_off_praise
from crm_core.privacy.registry import HELD


def searches_of(session: Session, person: Person) -> list[int]:
    """Lines of the history about exports whose search would have found the person, and about
    saved views that were called by them.

    To be asked before anything is erased: the person's own words tell.
    """
    tables = [held.table for held in HELD]
    found = [*session.scalars(_EXPORTS, {"ids": person.ids, "tables": tables})]
    return [*found, *session.scalars(_CALLED, {"marks": _patterns(person.marks)})]


def erase_elsewhere(session: Session, person: Person) -> dict[str, list[int]]:
    """Takes the person out of views, receipts and answers that are kept; which rows, by table.

    To be asked before anything is erased.
    """
    values: dict[str, Any] = {
        "ids": person.ids,
        "names": _patterns(person.names),
        "marks": _patterns(person.marks),
        "visits": list(session.scalars(_VISITS_OF, {"ids": person.ids})),
        "messages": list(session.scalars(_MESSAGES_TO, {"ids": person.ids})),
    }
    return {
        table: list(session.scalars(statement, values)) for table, statement in _ELSEWHERE.items()
    } | {"crm_communication_logs": call_off_praise(session, person.values)}


def lines_of(session: Session, rows: dict[str, list[int]]) -> list[int]:
    """The lines of the history about these rows of other tables."""
    found: list[int] = []
    for table in _TOLD:
        values = {"table": table, "ids": rows.get(table, [])}
        found.extend(session.scalars(_LINES, values))
    return found


def forget_names(session: Session, words: Sequence[str]) -> int:
    """The search forgets the words that nobody else is called by."""
    return int(session.execute(_FORGET_NAMES, {"words": list(words)}).scalar_one())


def _patterns(marks: Sequence[str]) -> list[str]:
    return [f"%{_literally(mark)}%" for mark in marks]


def _literally(mark: str) -> str:
    for sign in ("\\", "%", "_"):
        mark = mark.replace(sign, "\\" + sign)
    return mark


def _finds(search: str) -> str:
    """The condition that this search would have found one of the person's records.

    A name that others have as well says nothing of the person: it stays.
    """
    digits = f"regexp_replace({search}, '\\D', '', 'g')"
    return f"""NOT EXISTS (SELECT FROM crm_patients o WHERE o.id <> ALL(:ids)
        AND o.merged_into_id IS NULL AND o.search @@ crm_search_query({search}))
        AND EXISTS (SELECT FROM crm_patients p WHERE p.id = ANY(:ids) AND (
        p.search @@ crm_search_query({search}) OR lower(p.email) = lower({search})
        OR p.nin_last4 = {search} OR length({digits}) >= 4 AND (
            p.phone LIKE '%' || right({digits}, 10)
            OR p.alternate_phone LIKE '%' || right({digits}, 10))))"""  # noqa: S608


# The id of an element is that of what the act was about; lines of imports have none of the person.
_ITS_IDS = """CASE
    WHEN r.kind LIKE 'patient_merge%' THEN p.id = ANY(:ids)
    WHEN r.kind LIKE 'appointment%' THEN p.id = ANY(:visits)
    WHEN r.kind LIKE 'message%' THEN p.id = ANY(:messages)
    WHEN r.kind = 'patient_import' THEN p.label ILIKE ANY(:names) END"""


def _without_them(column: str) -> str:
    """The elements of a receipt, with those about the person named anew."""
    return f"""(SELECT coalesce(jsonb_agg(CASE WHEN {_ITS_IDS}
            THEN p.element || jsonb_build_object('label', 'Erased person')
              || CASE WHEN p.element ? 'reason' THEN jsonb_build_object('reason', '')
                 ELSE '{{}}' END
            ELSE p.element END ORDER BY p.position), '[]')
        FROM (SELECT e.element, e.position, (e.element ->> 'id')::bigint AS id,
                     e.element ->> 'label' AS label
              FROM jsonb_array_elements(r.{column}) WITH ORDINALITY AS e(element, position)) p)
    """  # noqa: S608


_RECEIPTS = f"""
    UPDATE crm_receipts r
    SET title = CASE WHEN r.kind = 'patient_merge_undo' THEN 'A merge undone' ELSE r.title END,
        changed = {_without_them("changed")}, refused = {_without_them("refused")}
    WHERE r.kind SIMILAR TO '(patient|appointment|message)%' AND EXISTS (
        SELECT FROM (SELECT (e ->> 'id')::bigint AS id, e ->> 'label' AS label
                     FROM jsonb_array_elements(r.changed || r.refused) AS e) p
        WHERE {_ITS_IDS})
    RETURNING r.id
"""  # noqa: S608
_VIEWS = f"""
    UPDATE crm_saved_views v
    SET query = CASE WHEN w.finds THEN v.query - 'q' ELSE v.query END,
        name = CASE WHEN w.names THEN 'Erased view ' || v.id ELSE v.name END
    FROM (SELECT v.id, v.name ILIKE ANY(:marks) AS names,
                 v.query ? 'q' AND {_finds("(v.query ->> 'q')")} AS finds
          FROM crm_saved_views v) w
    WHERE w.id = v.id AND (w.names OR w.finds)
    RETURNING v.id
"""  # noqa: S608
# Whoever asks the same again within the day is told that it was done, without the words.
_ANSWERS = """
    UPDATE crm_idempotency_keys SET answer = NULL WHERE answer ILIKE ANY(:marks) RETURNING id
"""
# What another system was answered about a visit is given again when it tells of it again.
_EVENTS = """
    UPDATE crm_integration_events v
    SET answer = v.answer || '{"first_name": "Erased", "last_name": "person",
            "patient_phone": "", "reason": null, "notes": null, "override_reason": null,
            "cancellation_reason": null}',
        body = CASE v.state WHEN 'done' THEN v.body
               ELSE jsonb_build_object('event_id', v.event_id) END,
        digest = CASE v.state WHEN 'done' THEN v.digest ELSE '' END,
        refusal = CASE WHEN v.refusal IS NOT NULL THEN '[erased]' END
    WHERE v.source = 'visits' AND CASE v.state
        WHEN 'done' THEN (v.answer ->> 'patient_id')::bigint = ANY(:ids)
        ELSE v.body ->> 'patient_id' = ANY(CAST(CAST(:ids AS bigint[]) AS text[]))
             OR v.body::text ILIKE ANY(:marks) OR v.refusal ILIKE ANY(:marks) END
    RETURNING v.id
"""
_TOLD = ("crm_saved_views", "crm_receipts", "crm_suppressed_addresses", "crm_appointment_answers")
_ELSEWHERE = {
    "crm_integration_events": text(_EVENTS),
    "crm_receipts": text(_RECEIPTS),
    "crm_saved_views": text(_VIEWS),
    "crm_idempotency_keys": text(_ANSWERS),
}
_EXPORTS = text(
    f"""
    SELECT h.id FROM crm_history h
    WHERE h.table_name = ANY(:tables)
      AND h.record_id IS NULL AND h.action = 'export'
      AND h.after -> 'filters' ->> 'search' IS NOT NULL
      AND {_finds("(h.after -> 'filters' ->> 'search')")}
    """  # noqa: S608
)
_CALLED = text(
    "SELECT id FROM crm_history WHERE table_name = 'crm_saved_views'"
    " AND (before ->> 'name' ILIKE ANY(:marks) OR after ->> 'name' ILIKE ANY(:marks))"
)
_LINES = text("SELECT id FROM crm_history WHERE table_name = :table AND record_id = ANY(:ids)")
_FORGET_NAMES = text("SELECT crm_forget_names(:words)")
_VISITS_OF = text("SELECT id FROM crm_appointments WHERE patient_id = ANY(:ids)")
_MESSAGES_TO = text(
    "SELECT id FROM crm_communication_logs"
    " WHERE recipient_type = 'patient' AND recipient_id = ANY(:ids)"
)
