"""Visits many at once: changes of state and reminders, as a plan and then a commit."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from crm_core.api.deps import CurrentActor, Db, ReadDb, needs
from crm_core.api.responses import Done, Envelope
from crm_core.api.route import Route
from crm_core.appointments import service
from crm_core.appointments.schemas import (
    ReminderCommit,
    ReminderDay,
    RemindersSent,
    StatusCommit,
    StatusSelection,
)
from crm_core.base.preflight import Plan, Receipt
from crm_core.base.words import RecordId
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/appointments",
    tags=["Appointments in bulk"],
    route_class=Route,
    dependencies=[needs(Permission.APPOINTMENTS_READ)],
)


class VisitIds(BaseModel):
    """Visits chosen for a bulk act."""

    model_config = ConfigDict(extra="forbid")

    ids: list[RecordId] = Field(min_length=1, max_length=5000)


class VisitUndoCommit(VisitIds):
    """Changes to take back, perhaps all of one receipt."""

    fingerprint: Annotated[str, StringConstraints(max_length=50_000)]
    receipt_id: RecordId | None = None


@router.post("/send-reminders")
def send_reminders(
    db: Db, actor: CurrentActor, data: ReminderDay | None = None
) -> Done[RemindersSent]:
    """Reminds everybody who has a visit on the day (tomorrow by itself), each once."""
    sent = service.send_reminders(db, data.date if data else None, actor=actor)
    return Done(message=f"{sent.remindersSent} reminders sent", data=sent)


@router.post("/plan-reminders")
def plan_reminders(
    db: ReadDb, actor: CurrentActor, data: ReminderDay | None = None
) -> Envelope[Plan]:
    """Who would be reminded of a visit on the day, and who not and why."""
    return Envelope(data=service.plan_reminders(db, data.date if data else None, actor=actor))


@router.post("/commit-reminders")
def commit_reminders(db: Db, actor: CurrentActor, data: ReminderCommit) -> Done[Receipt]:
    """Reminds those who were shown."""
    receipt = service.commit_reminders(db, data, actor=actor)
    return Done(message=f"{receipt.changed} patients reminded", data=receipt)


@router.post("/plan-status")
def plan_status(db: ReadDb, actor: CurrentActor, data: StatusSelection) -> Envelope[Plan]:
    """What changing the state of these visits would do."""
    return Envelope(data=service.plan_move(db, data, actor=actor))


@router.post("/commit-status")
def commit_status(db: Db, actor: CurrentActor, data: StatusCommit) -> Done[Receipt]:
    """Changes the visits that were shown."""
    receipt = service.commit_move(db, data, actor=actor)
    return Done(message=f"{receipt.changed} visits changed", data=receipt)


@router.post("/plan-undo")
def plan_status_undo(db: ReadDb, actor: CurrentActor, data: VisitIds) -> Envelope[Plan]:
    """What taking the last step of these visits back would do."""
    return Envelope(data=service.plan_undo(db, data.ids, actor=actor))


@router.post("/commit-undo")
def commit_status_undo(db: Db, actor: CurrentActor, data: VisitUndoCommit) -> Done[Receipt]:
    """Takes back what was shown."""
    receipt = service.commit_undo(
        db, data.fingerprint, data.ids, actor=actor, receipt_id=data.receipt_id
    )
    return Done(message=f"{receipt.changed} changes undone", data=receipt)
