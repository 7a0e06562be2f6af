"""Undoing a merge: lawful until the points that moved were used, or have ended."""

from datetime import date
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, NotFound
from crm_core.base.preflight import (
    Change,
    Done,
    Plan,
    Receipt,
    Verdict,
    compare,
    make_plan,
    mark_undone,
    store_receipt,
)
from crm_core.loyalty.merging.models import PatientMerge
from crm_core.loyalty.merging.schemas import MergeUndo, MergeUndoCommit
from crm_core.loyalty.models import LoyaltyAccount
from crm_core.loyalty.service import ledger
from crm_core.patients import merging as records
from crm_core.patients.models import Patient
from crm_core.people.schemas import Actor, Permission

KIND = "patient_merge_undo"


def plan_merge_undo(session: Session, data: MergeUndo, *, actor: Actor) -> Plan:
    """Whether the merge of this receipt can be undone, and what moves back; changes nothing."""
    actor.require(Permission.PATIENTS_WRITE)
    return _plan(session, _of_receipt(session, data.receipt_id))


def commit_merge_undo(session: Session, data: MergeUndoCommit, *, actor: Actor) -> Receipt:
    """Makes the two records two again, as was shown.

    Raises:
        Conflict: points that moved were used, or something changed since it was looked at.
    """
    actor.require(Permission.PATIENTS_WRITE)
    merge = _of_receipt(session, data.receipt_id)
    _lock(session, merge)
    plan = _plan(session, merge)
    _refuse(plan)
    if not all(verdict.ok for verdict in compare(data.fingerprint, plan)):
        raise Conflict("This merge was changed since you looked: look again.")
    _part(session, merge)
    mark_undone(session, data.receipt_id, who=actor.key)
    done = _done(merge, plan)
    return store_receipt(
        session, done, who=actor.key, who_name=actor.name, fingerprint=data.fingerprint
    )


def part_patients(session: Session, gone_id: int, *, actor: Actor) -> None:
    """The same for a record that was merged, whatever its receipt."""
    actor.require(Permission.PATIENTS_WRITE)
    merge = session.scalars(
        select(PatientMerge).where(
            PatientMerge.gone_id == gone_id, PatientMerge.undone_at.is_(None)
        )
    ).one_or_none()
    if merge is None:
        raise NotFound("Merge not found")
    _lock(session, merge)
    _refuse(_plan(session, merge))
    _part(session, merge)


def _refuse(plan: Plan) -> None:
    for verdict in plan.verdicts:
        if not verdict.ok:
            raise Conflict(verdict.reason)


def _of_receipt(session: Session, receipt_id: int) -> PatientMerge:
    found = session.scalars(
        select(PatientMerge)
        .where(PatientMerge.receipt_id == receipt_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("Merge not found")
    return found


def _lock(session: Session, merge: PatientMerge) -> None:
    """Accounts and then patients, each by id: as every other command does."""
    both = [merge.stays_id, merge.gone_id]
    ledger.lock_accounts(session, both)
    for each in sorted(both):
        session.get(Patient, each, with_for_update={"key_share": True}, populate_existing=True)
    session.refresh(merge, with_for_update=True)


def _plan(session: Session, merge: PatientMerge) -> Plan:
    row = session.execute(_LOOK, {"merge_id": merge.id}).one()
    reason = _why_not(merge, row) if merge.before else _ERASED
    verdict = Verdict(
        id=merge.gone_id,
        label=f"{row.gone_code} {row.gone_name}",
        ok=reason is None,
        code="undo" if reason is None else "used",
        reason=reason
        or f"Is a record of its own again; {row.moved:,} points go back to it from"
        f" {row.stays_code}. A tier that the merge raised holds until the yearly review.",
        state=f"{row.gone_version}|{row.stays_version}|{row.moved}",
    )
    return make_plan([verdict], {"points_moved": row.moved, "stays": row.stays_code})


def _why_not(merge: PatientMerge, row: Row[*tuple[Any, ...]]) -> str | None:
    if merge.undone_at is not None:
        return "This merge was undone already."
    if row.gone_into != merge.stays_id:
        return "The record that stayed was merged into another since: undo that first."
    if row.visited:
        return "A visit was completed since, and it could be of either: it stays merged."
    if row.recounted:
        return "Visits that could be of either were counted or taken back since: it stays merged."
    if row.used or row.owed_gone < 0 or row.owed_stays < 0:
        return "Points of the merged record were used or have ended since: it stays merged."
    return None


def _part(session: Session, merge: PatientMerge) -> None:
    values = {"merge_id": merge.id, "stays": merge.stays_id, "gone": merge.gone_id}
    owed = session.execute(_LOOK, {"merge_id": merge.id}).one()
    taken = list(session.execute(_TAKEN, values).scalars())
    session.execute(_TAKE_BACK, values)
    _part_accounts(session, merge, int(owed.owed_gone), int(owed.owed_stays))
    for transaction_id in taken:
        gone = ledger.lock_record(session, merge.gone_id)
        ledger.give_back(session, gone, transaction_id, description="The merge was undone")
    stays, gone_record = (session.get_one(Patient, i) for i in (merge.stays_id, merge.gone_id))
    records.mark_apart(session, gone_record, stays, records.Before.model_validate(merge.before))
    merge.undone_at = utc_now()
    note = {"parted": gone_record.patient_code}
    history.note(session, "unmerge", "crm_patients", stays.id, note)
    session.flush()
    # Lots that have ended in the meantime end again at once.
    ledger.lock_record(session, merge.gone_id)


def _part_accounts(session: Session, merge: PatientMerge, owed_gone: int, owed_stays: int) -> None:
    stays, gone = (
        session.get_one(LoyaltyAccount, i, populate_existing=True)
        for i in (merge.stays_id, merge.gone_id)
    )
    gone.merged = False
    gone.owed, stays.owed = owed_gone, owed_stays
    stays.first_visit_on = _first_visit(stays.first_visit_on, gone.first_visit_on, merge)
    session.flush()


def _first_visit(now: date | None, of_gone: date | None, merge: PatientMerge) -> date | None:
    """What the one that stays had, unless it has been to a first visit of its own since."""
    return merge.first_visit_on if now == of_gone else now


def _done(merge: PatientMerge, plan: Plan) -> Done:
    [verdict] = plan.verdicts
    change = Change(id=merge.gone_id, label=verdict.label, before="merged", after="active")
    title = f"Merge of {verdict.label} undone"
    return Done(KIND, title, [change], refused=[], totals=plan.totals)


_ERASED = "The person was erased on request: what the records were is no longer known."
# What was moved: rows that took points from the one that went and were not given back, and the
# lots that they became. Debts are what each record's own undone visits left less what it paid.
_MOVED = """
    taken AS (
        SELECT t.id FROM m JOIN crm_loyalty_transactions t ON t.patient_id = m.gone_id
        WHERE t.rule = 'merged' AND t.points < 0 AND t.reference_type IS NULL
          AND NOT EXISTS (SELECT FROM crm_loyalty_transactions b
                          WHERE b.patient_id = t.patient_id AND b.rule = 'returned'
                            AND b.reference_type = 'transaction' AND b.reference_id = t.id::text)
    ), moved AS (
        SELECT l.id, l.points, l.remaining FROM m
        JOIN crm_loyalty_transactions t ON t.patient_id = m.stays_id
        JOIN crm_loyalty_lots l ON l.id = t.id
        WHERE t.rule = 'merged' AND t.reference_type = 'lot'
          AND split_part(t.reference_id, '/', 2) IN (SELECT id::text FROM taken)
    )
"""
# A visit that brought no points is not in the ledger: only the count of both tells that there was
# one, or that one was taken back. Those of the one that stays that brought points are known.
_LOOK = text(
    f"""
    WITH m AS (SELECT * FROM crm_patient_merges WHERE id = :merge_id), {_MOVED},
    of_gone AS (
        SELECT p.id FROM m JOIN crm_patients p ON p.id = m.gone_id
        UNION SELECT jsonb_array_elements_text(before -> 'followers')::bigint FROM m
    ), of_both AS (
        SELECT p.id FROM m JOIN crm_patients p ON m.stays_id IN (p.id, p.merged_into_id)
    ), owed AS (
        SELECT coalesce(sum(o.points) FILTER (WHERE o.id IN (SELECT id FROM of_gone)), 0) AS gone,
               coalesce(sum(o.points), 0) AS both
        FROM (SELECT t.patient_id AS id,
                     CASE t.rule WHEN 'paid_back' THEN t.points ELSE u.owed END AS points
              FROM crm_loyalty_transactions t
              LEFT JOIN crm_loyalty_undone_visits u ON u.id = t.id
              WHERE t.patient_id IN (SELECT id FROM of_both)
                AND (t.rule = 'paid_back' OR u.id IS NOT NULL)) AS o
    )
    SELECT g.patient_code AS gone_code, g.first_name || ' ' || g.last_name AS gone_name,
           s.patient_code AS stays_code, g.version AS gone_version, s.version AS stays_version,
           g.merged_into_id AS gone_into,
           owed.gone AS owed_gone, owed.both - owed.gone AS owed_stays,
           (SELECT coalesce(sum(points), 0) FROM moved) AS moved,
           EXISTS (SELECT FROM crm_loyalty_transactions t
                   WHERE t.patient_id = m.stays_id AND t.id > m.last_row_id AND t.rule = 'visit')
               AS visited,
           coalesce(s.visit_count <> (m.before ->> 'visit_count')::int
                    - (SELECT count(*) FROM crm_loyalty_undone_visits u
                       JOIN crm_loyalty_transactions t ON t.id = u.id
                       WHERE t.patient_id = m.stays_id AND u.created_at >= m.created_at), false)
               AS recounted,
           EXISTS (SELECT FROM moved WHERE remaining <> points)
               OR EXISTS (SELECT FROM crm_loyalty_undone_visits u
                          JOIN crm_loyalty_transactions t ON t.id = u.id
                          WHERE t.patient_id IN (SELECT id FROM of_gone)
                            AND u.created_at >= m.created_at) AS used
    FROM m JOIN crm_patients g ON g.id = m.gone_id JOIN crm_patients s ON s.id = m.stays_id, owed
    """  # noqa: S608 # constants of ours
)
_TAKEN = text(
    f"""
    WITH m AS (SELECT * FROM crm_patient_merges WHERE id = :merge_id), {_MOVED}
    SELECT id FROM taken ORDER BY id
    """  # noqa: S608
)
_TAKE_BACK = text(
    f"""
    WITH m AS (SELECT * FROM crm_patient_merges WHERE id = :merge_id), {_MOVED},
    made AS (
        INSERT INTO crm_loyalty_transactions (patient_id, transaction_type, points, balance_after,
            description, rule, reference_type, reference_id)
        SELECT a.id, 'adjusted', -total.points, a.balance - total.points, 'The merge was undone',
               'merged', 'merge', CAST(:merge_id AS varchar)
        FROM crm_loyalty_accounts a, (SELECT sum(points)::int AS points FROM moved) AS total
        WHERE a.id = :stays AND total.points > 0
        RETURNING id, points
    ), consumed AS (
        INSERT INTO crm_loyalty_consumptions (lot_id, transaction_id, points)
        SELECT moved.id, made.id, moved.points FROM moved, made
    ), emptied AS (
        UPDATE crm_loyalty_lots l SET remaining = 0 FROM moved WHERE l.id = moved.id
    )
    UPDATE crm_loyalty_accounts a SET balance = a.balance + made.points
    FROM made WHERE a.id = :stays
    """  # noqa: S608
)
