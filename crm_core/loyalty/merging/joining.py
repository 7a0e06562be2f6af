"""The merge itself: the person's points and all that is known go to the record that stays."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.errors import Invalid
from crm_core.loyalty.merging.models import PatientMerge
from crm_core.loyalty.merging.schemas import Merge
from crm_core.loyalty.queries import get_member
from crm_core.loyalty.schemas import MemberRead
from crm_core.loyalty.service import ledger, tiers
from crm_core.loyalty.service.moving import move_points
from crm_core.patients import merging as records
from crm_core.patients import service as patients
from crm_core.people.schemas import Actor, Permission


def merge_patients(session: Session, data: Merge, *, why: str, actor: Actor) -> MemberRead:
    """Two records of one person become one: points go along, the welcome given twice does not."""
    actor.require(Permission.PATIENTS_WRITE)
    join(session, data, why=why)
    return get_member(session, data.stays_id)


def join(session: Session, data: Merge, *, why: str) -> PatientMerge:
    """The same; gives what undoing it must know."""
    if data.stays_id == data.gone_id:
        raise Invalid.field("gone_id", "Choose two different patients.")
    ledger.lock_accounts(session, [data.stays_id, data.gone_id])
    stays, gone = (patients.lock_patient(session, i) for i in (data.stays_id, data.gone_id))
    note = {"merged": gone.patient_code, "why": why}
    history.note(session, "merge", "crm_patients", stays.id, note)
    first_visit_on = ledger.lock_account(session, stays.id).first_visit_on
    _merge_accounts(session, data, why=why)
    before = records.mark_merged(session, gone, stays)
    tiers.raise_tier(session, ledger.lock_account(session, stays.id))
    made = PatientMerge(
        stays_id=stays.id,
        gone_id=gone.id,
        before=before.model_dump(mode="json"),
        first_visit_on=first_visit_on,
        last_row_id=session.execute(_LAST_ROW, data.model_dump()).scalar_one(),
    )
    session.add(made)
    session.flush()
    return made


def _merge_accounts(session: Session, data: Merge, *, why: str) -> None:
    gone = ledger.lock_account(session, data.gone_id)
    move_points(session, data.stays_id, gone, why=why)
    session.refresh(gone)
    gone.merged = True
    # The first visit of either was this person's first: nobody is thanked for the second.
    stays = ledger.lock_account(session, data.stays_id)
    visits = [day for day in (stays.first_visit_on, gone.first_visit_on) if day is not None]
    stays.first_visit_on = min(visits, default=None)
    session.flush()


_LAST_ROW = text(
    "SELECT coalesce(max(id), 0) FROM crm_loyalty_transactions"
    " WHERE patient_id IN (:stays_id, :gone_id)"
)
