"""Patients and their points: the contract's patient calls."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.appointments.queries import latest_of
from crm_core.appointments.schemas import AppointmentRead
from crm_core.base.paging import PageRequest
from crm_core.base.preflight import Plan, Receipt
from crm_core.base.words import RecordId
from crm_core.loyalty import explaining, merging, queries, service
from crm_core.loyalty.merging.schemas import Merge, MergeCommit, MergeUndo, MergeUndoCommit
from crm_core.loyalty.schemas import (
    Adjustment,
    Earn,
    LoyaltyRead,
    MemberFilter,
    MemberRead,
    PatientStats,
    Redeem,
    TierChange,
    TransactionFilter,
    TransactionRead,
)
from crm_core.patients import service as patients
from crm_core.patients.schemas import PatientCreate, PatientUpdate, StatusChange
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/patients",
    tags=["Patients"],
    route_class=Route,
    dependencies=[needs(Permission.PATIENTS_READ)],
)
PatientId = Annotated[RecordId, Path()]
LAST = 10


class PatientPage(MemberRead):
    """A patient with the latest visits and points."""

    model_config = ConfigDict(frozen=True, from_attributes=True, populate_by_name=True)

    appointments: list[AppointmentRead]
    loyalty_transactions: list[TransactionRead] = Field(alias="loyaltyTransactions")


@router.get("")
async def list_patients(
    reader: ReaderDep, filters: Annotated[MemberFilter, Query()]
) -> JsonText[Rows[MemberRead]]:
    """Patients, the newest first; `search` takes names (with a typo), phones, codes, emails."""
    return JsonText(await queries.list_members(filters).fetch(reader))


@router.get("/stats")
def patient_stats(db: ReadDb) -> Envelope[PatientStats]:
    """How many patients, how many of them new, and of which tier."""
    return Envelope(data=queries.patient_stats(db))


@router.post("/register", status_code=201)
def register_patient(db: Db, actor: CurrentActor, data: PatientCreate) -> Done[MemberRead]:
    """Registers a patient, who is a member with the welcome points from then on."""
    member = service.register_patient(db, data, actor=actor)
    return Done(message="Patient registered successfully", data=member)


@router.post("/plan-merge")
def plan_merge(db: ReadDb, actor: CurrentActor, data: Merge) -> Envelope[Plan]:
    """What would become of two records of one person; changes nothing."""
    return Envelope(data=merging.plan_merge(db, data, actor=actor))


@router.post("/commit-merge")
def commit_merge(db: Db, actor: CurrentActor, data: MergeCommit) -> Done[Receipt]:
    """Makes the two one, as was shown: the code of the one that goes leads to the other."""
    receipt = merging.commit_merge(db, data, actor=actor)
    return Done(message="The records are one", data=receipt)


@router.post("/plan-merge-undo")
def plan_merge_undo(db: ReadDb, actor: CurrentActor, data: MergeUndo) -> Envelope[Plan]:
    """Whether the merge of a receipt can be undone: until the points that moved are used."""
    return Envelope(data=merging.plan_merge_undo(db, data, actor=actor))


@router.post("/commit-merge-undo")
def commit_merge_undo(db: Db, actor: CurrentActor, data: MergeUndoCommit) -> Done[Receipt]:
    """Makes them two records again, as was shown."""
    receipt = merging.commit_merge_undo(db, data, actor=actor)
    return Done(message="The merge is undone", data=receipt)


@router.get("/{patient_id}")
def get_patient(db: Db, patient_id: PatientId) -> Envelope[PatientPage]:
    """One patient with the last ten visits and ledger rows; that it was read is kept."""
    member = queries.get_member(db, patient_id)
    patients.note_reading(db, member.id)
    latest = TransactionFilter(patient_id=member.id, limit=LAST)
    page = PatientPage(
        **member.model_dump(),
        appointments=latest_of(db, member.id, limit=LAST),
        loyaltyTransactions=list(queries.list_transactions(latest).page(db).rows),
    )
    return Envelope(data=page)


@router.put("/{patient_id}")
def update_patient(
    db: Db, actor: CurrentActor, patient_id: PatientId, data: PatientUpdate
) -> Done[MemberRead]:
    """Changes what is given; with `version` only if nobody changed the patient since."""
    patient = patients.update_patient(db, patient_id, data, actor=actor)
    return Done(message="Patient updated successfully", data=queries.get_member(db, patient.id))


@router.post("/{patient_id}/status")
def change_status(
    db: Db, actor: CurrentActor, patient_id: PatientId, data: StatusChange
) -> Done[MemberRead]:
    """Active, inactive or deceased, with the reason."""
    patient = patients.change_status(db, patient_id, data, actor=actor)
    return Done(message=f"Patient is {data.status}", data=queries.get_member(db, patient.id))


@router.post("/{patient_id}/loyalty-tier")
def set_tier(
    db: Db, actor: CurrentActor, patient_id: PatientId, data: TierChange
) -> Done[MemberRead]:
    """Sets the tier by hand until the next review; a rise gives its bonus once."""
    service.set_tier(db, patient_id, data, actor=actor)
    member = queries.get_member(db, patient_id)
    return Done(message=f"Loyalty tier is {member.loyalty_tier}", data=member)


@router.get("/{patient_id}/loyalty")
def explain_balance(
    db: ReadDb, patient_id: PatientId, filters: Annotated[PageRequest, Query()]
) -> Envelope[LoyaltyRead]:
    """The balance, the lots it is made of, when they end, the tier and why."""
    return Envelope(data=explaining.explain_balance(db, patient_id, filters))


@router.post("/{patient_id}/loyalty/earn")
def earn(db: Db, actor: CurrentActor, patient_id: PatientId, data: Earn) -> Done[TransactionRead]:
    """Gives points; with a reference they are given once."""
    made = service.earn(db, patient_id, data, actor=actor)
    return Done(message=f"{made.points} points earned", data=made)


@router.post("/{patient_id}/loyalty/redeem")
def redeem(
    db: Db, actor: CurrentActor, patient_id: PatientId, data: Redeem
) -> Done[TransactionRead]:
    """Exchanges points for a reward, or for what is described: all of them or none."""
    made = service.redeem(db, patient_id, data, actor=actor)
    return Done(message=f"{-made.points} points redeemed", data=made)


@router.post("/{patient_id}/loyalty/adjust")
def adjust(
    db: Db, actor: CurrentActor, patient_id: PatientId, data: Adjustment
) -> Done[TransactionRead]:
    """Corrects a balance, with the reason."""
    made = service.adjust(db, patient_id, data, actor=actor)
    return Done(message="Points adjusted", data=made)
