"""Looking at a merge, and doing exactly what was shown.

What would become of two records is not foretold but done and taken back, so that it is what the
merge itself does.
"""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict
from crm_core.base.preflight import (
    Change,
    Done,
    Plan,
    Receipt,
    Verdict,
    compare,
    make_plan,
    store_receipt,
)
from crm_core.loyalty.merging.joining import join, merge_patients
from crm_core.loyalty.merging.schemas import Merge, MergeCommit
from crm_core.loyalty.queries import get_member
from crm_core.loyalty.schemas import MemberRead
from crm_core.loyalty.service import ledger
from crm_core.people.schemas import Actor, Permission

KIND = "patient_merge"


@dataclass(frozen=True)
class Pair:
    """Two records, and what they would be together."""

    stays: MemberRead
    gone: MemberRead
    after: MemberRead

    @property
    def moved(self) -> int:
        """Points that go along."""
        return self.after.loyalty_points - self.stays.loyalty_points

    @property
    def ended(self) -> int:
        """Points that do not: a person is welcomed once."""
        return self.gone.loyalty_points - self.moved


def plan_merge(session: Session, data: Merge, *, actor: Actor) -> Plan:
    """What would become of both; changes nothing.

    Raises:
        Conflict: one of them was merged before, or withdrawn.
    """
    return plan_of(look_at_merge(session, data, actor=actor))


def look_at_merge(session: Session, data: Merge, *, actor: Actor) -> Pair:
    """Both as they are, and the one record that they would be."""
    actor.require(Permission.PATIENTS_WRITE)
    stays, gone = (get_member(session, one) for one in (data.stays_id, data.gone_id))
    with session.begin_nested() as trial:
        after = merge_patients(session, data, why="looking at a merge", actor=actor)
        trial.rollback()
    return Pair(stays, gone, after)


def commit_merge(session: Session, data: MergeCommit, *, actor: Actor) -> Receipt:
    """Merges what was shown; the receipt can be undone until the points are used.

    Raises:
        Conflict: one of the two was changed since it was looked at.
    """
    actor.require(Permission.PATIENTS_WRITE)
    ledger.lock_accounts(session, [data.stays_id, data.gone_id])
    pair = look_at_merge(session, data, actor=actor)
    now = plan_of(pair)
    if not all(verdict.ok for verdict in compare(data.fingerprint, now)):
        raise Conflict("One of the two was changed since you looked: look again.")
    made = join(session, data, why=data.reason)
    receipt = store_receipt(
        session,
        _done(pair, now),
        who=actor.key,
        who_name=actor.name,
        fingerprint=data.fingerprint,
    )
    made.receipt_id = receipt.receipt_id
    session.flush()
    return receipt


def plan_of(pair: Pair) -> Plan:
    """A verdict for each of the two."""
    ends = f" {pair.ended:,} end: a person is welcomed once." if pair.ended > 0 else ""
    leads = f"Is closed, and its code leads to {pair.stays.patient_code}."
    stays = Verdict(
        id=pair.stays.id,
        label=label_of(pair.stays),
        ok=True,
        code="stays",
        reason=f"Stays, with {_standing(pair.after)}.",
        state=_essence(pair.stays) + _essence(pair.after),
    )
    goes = Verdict(
        id=pair.gone.id,
        label=label_of(pair.gone),
        ok=True,
        code="goes",
        reason=f"{leads} {pair.moved:,} points move.{ends}",
        state=_essence(pair.gone),
    )
    return make_plan([stays, goes], _totals(pair))


def _totals(pair: Pair) -> dict[str, str | int | Decimal]:
    return {
        "points_moved": pair.moved,
        "points_ended": pair.ended,
        "points": pair.after.loyalty_points,
        "tier": pair.after.loyalty_tier.value,
        "visits": pair.after.visit_count,
    }


def label_of(patient: MemberRead) -> str:
    """Code and name."""
    return f"{patient.patient_code} {patient.name}"


def _done(pair: Pair, plan: Plan) -> Done:
    changed = [
        Change(
            id=pair.stays.id,
            label=label_of(pair.stays),
            before=_standing(pair.stays),
            after=_standing(pair.after),
        ),
        Change(
            id=pair.gone.id, label=label_of(pair.gone), before=_standing(pair.gone), after="merged"
        ),
    ]
    title = f"{pair.gone.patient_code} merged into {pair.stays.patient_code}"
    return Done(KIND, title, changed, refused=[], totals=plan.totals)


def _standing(patient: MemberRead) -> str:
    return f"{patient.loyalty_points:,} points, {patient.loyalty_tier}"


def _essence(patient: MemberRead) -> str:
    """All but the instants, which each try sets anew."""
    return patient.model_dump_json(exclude={"updated_at", "version", "consent_at"})
