"""What must always hold of feedback, for `verify`: a rule is a statement that finds offenders."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.base.rules import SHOWN, broken_rules
from crm_core.feedback import clocks
from crm_core.feedback.models import MEASURES, Feedback
from crm_core.feedback.schemas import OPEN

_AT_ONCE = 5000


def invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule that is broken, naming the first offenders."""
    yield from broken_rules(session, _RULES)
    wrong = _wrong_clocks(session)
    if wrong:
        more = " and more" if len(wrong) > SHOWN else ""
        yield f"it is not due when its clock says: {', '.join(wrong[:SHOWN])}{more}"


def _wrong_clocks(session: Session) -> list[str]:
    """Open cases whose due times are not what working hours, targets and stops make them.

    Those that a changed setting has yet to reach are left out: a job sees to them.
    """
    basis, last, wrong = clocks.read_basis(session), 0, list[str]()
    states = [status.value for status in OPEN]
    while cases := session.scalars(
        select(Feedback)
        .where(Feedback.status.in_(states), Feedback.id > last, Feedback.clock_basis == basis.name)
        .order_by(Feedback.id)
        .limit(_AT_ONCE)
    ).all():
        last = cases[-1].id
        stops = clocks.stops_of(session, [case.id for case in cases])
        wrong += [
            case.feedback_code
            for case in cases
            if clocks.due_times(case, stops.get(case.id, []), basis)
            != (case.response_due_at, case.resolution_due_at)
        ]
        session.expunge_all()
    return wrong


def _sum_rule() -> str:
    """The sums are what the pieces make, kind by kind, whatever is folded yet."""
    counted = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)
    named = ", ".join(MEASURES)
    zeros = ", ".join("0" for _ in MEASURES)
    keys = "kind, month, hospital_id, department_id, type, name"
    # Names of our own columns.
    return f"""
        SELECT concat_ws(' ', {keys}) FROM (
            SELECT {keys}, {counted} FROM (
                SELECT {keys}, {named} FROM crm_feedback_sums
                UNION ALL SELECT {keys}, {named} FROM crm_feedback_sum_changes
                UNION ALL SELECT s.* FROM crm_feedback f, crm_feedback_sum_of(f, -1) AS s
            ) c GROUP BY {keys}
        ) t WHERE ({named}) <> ({zeros})
    """  # noqa: S608


_RULES = {
    "the charts' sums are not the sums of the pieces": _sum_rule(),
    "its history has a step that the rules do not know": """
        SELECT DISTINCT f.feedback_code FROM crm_feedback f
        JOIN crm_history h ON h.table_name = 'crm_feedback' AND h.record_id = f.id
            AND h.action = 'update' AND h.after->>'status' IS NOT NULL
        WHERE NOT EXISTS (SELECT FROM crm_feedback_transitions t
            WHERE t.old_status = h.before->>'status' AND t.new_status = h.after->>'status')
    """,
    "its clock stands or runs against its state": """
        SELECT f.feedback_code FROM crm_feedback f
        LEFT JOIN crm_feedback_stops s ON s.feedback_id = f.id AND s.resumed_at IS NULL
        WHERE s.kind IS DISTINCT FROM CASE f.status WHEN 'waiting' THEN 'waiting'
            WHEN 'resolved' THEN 'resolved' WHEN 'closed' THEN 'resolved' END
    """,
    "two of its clock's stops overlap": """
        SELECT DISTINCT f.feedback_code FROM crm_feedback f
        JOIN crm_feedback_stops a ON a.feedback_id = f.id
        JOIN crm_feedback_stops b ON b.feedback_id = f.id AND b.id > a.id
            AND tstzrange(a.stopped_at, a.resumed_at) && tstzrange(b.stopped_at, b.resumed_at)
    """,
    "it was merged into one that is merged itself or has another giver": """
        SELECT f.feedback_code FROM crm_feedback f JOIN crm_feedback g ON g.id = f.merged_into_id
        LEFT JOIN crm_patients p ON p.id = f.patient_id
        LEFT JOIN crm_patients q ON q.id = g.patient_id
        WHERE g.status = 'merged' OR f.source_type <> g.source_type
           -- Two records of a patient may have become one since, or have been one for a time.
           OR coalesce(p.merged_into_id, f.source_id) <> coalesce(q.merged_into_id, g.source_id)
              AND NOT EXISTS (SELECT FROM crm_patient_merges m WHERE m.undone_at IS NOT NULL
                  AND m.gone_id IN (p.id, q.id, p.merged_into_id, q.merged_into_id))
    """,
    "it is resolved and nobody was ever answered": """
        SELECT feedback_code FROM crm_feedback
        WHERE status IN ('resolved', 'closed') AND (responded_at IS NULL
            OR response_minutes IS NULL OR resolution_minutes IS NULL)
    """,
    "it speaks of harm, nobody has looked at that, and it is not critical": """
        SELECT feedback_code FROM crm_feedback
        WHERE cardinality(alarm_words) > 0 AND NOT priority_held AND priority <> 'critical'
    """,
    "an owner's stars do not count towards the owner's score": """
        SELECT f.feedback_code FROM crm_feedback f
        LEFT JOIN crm_owner_ratings r ON r.source = 'feedback-' || f.id || '-given'
        WHERE f.owner_id IS NOT NULL AND f.rating IS NOT NULL AND f.status <> 'merged'
          AND (r.score IS DISTINCT FROM f.rating OR r.owner_id <> f.owner_id)
    """,
    "a visit's link was answered, and there is no feedback of it": """
        SELECT id::text FROM crm_feedback_invitations
        WHERE answered_at IS NOT NULL AND feedback_id IS NULL
    """,
}
