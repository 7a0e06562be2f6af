"""Visits one by one: booking, moving, and how far they are; free times, the board, figures."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.appointments import boards, figures, queries, service, slots
from crm_core.appointments.schemas import (
    AnswerFilter,
    AnswerRead,
    AnswerSettlement,
    AppointmentCreate,
    AppointmentFilter,
    AppointmentRead,
    AppointmentStats,
    AppointmentUpdate,
    Cancellation,
    Day,
    DayBoard,
    NoticeRead,
    Reschedule,
    Slot,
    SlotFilter,
    StatsFilter,
    StepBack,
    WalkIn,
    WeekCell,
)
from crm_core.base.words import RecordId
from crm_core.people.schemas import Permission

router = APIRouter(
    prefix="/appointments",
    tags=["Appointments"],
    route_class=Route,
    dependencies=[needs(Permission.APPOINTMENTS_READ)],
)
AppointmentId = Annotated[RecordId, Path()]
HospitalId = Annotated[RecordId, Query()]


class AppointmentDetails(BaseModel):
    """A visit, and what the patient was told about it."""

    appointment: AppointmentRead
    notices: list[NoticeRead]


@router.get("")
async def list_appointments(
    reader: ReaderDep, filters: Annotated[AppointmentFilter, Query()]
) -> JsonText[Rows[AppointmentRead]]:
    """Visits by date and time; days are those of Lagos, both included."""
    return JsonText(await queries.list_appointments(filters).fetch(reader))


@router.get("/slots")
def free_slots(db: ReadDb, filters: Annotated[SlotFilter, Query()]) -> Envelope[list[Slot]]:
    """Free times of a hospital's doctors, the first one first; none that has begun."""
    return Envelope(data=slots.free_slots(db, filters))


@router.get("/stats")
def appointment_stats(
    db: ReadDb, filters: Annotated[StatsFilter, Query()]
) -> Envelope[AppointmentStats]:
    """Kept, missed, cancelled, lead time and utilisation by hospital, doctor, weekday or day."""
    return Envelope(data=figures.appointment_stats(db, filters))


@router.get("/board")
def appointment_board(db: ReadDb, hospital_id: HospitalId, day: Day) -> Envelope[DayBoard]:
    """A day of a hospital, a column a doctor."""
    return Envelope(data=boards.day_board(db, hospital_id, day))


@router.get("/week")
def appointment_week(
    db: ReadDb, hospital_id: HospitalId, first: Day, days: Annotated[int, Query(ge=1, le=31)] = 7
) -> Envelope[list[WeekCell]]:
    """So many days of a hospital from the first on: a cell a doctor and day."""
    return Envelope(data=boards.week(db, hospital_id, first, days=days))


@router.get("/answers")
async def list_answers(
    reader: ReaderDep, filters: Annotated[AnswerFilter, Query()]
) -> JsonText[Rows[AnswerRead]]:
    """What patients answered, the latest first; `outcome=to_a_person` for what waits for one."""
    return JsonText(await queries.list_answers(filters).fetch(reader))


@router.post("/answers/{answer_id}/settle")
def settle_answer(
    db: Db, actor: CurrentActor, answer_id: Annotated[RecordId, Path()], data: AnswerSettlement
) -> Done[AnswerRead]:
    """Says what an unclear answer meant, and acts on it."""
    answer = service.settle_answer(db, answer_id, data, actor=actor)
    return Done(message="Answer settled", data=answer)


@router.post("", status_code=201)
def create_appointment(
    db: Db, actor: CurrentActor, data: AppointmentCreate
) -> Done[AppointmentRead]:
    """Books a visit; a confirmation is queued to the patient."""
    visit = service.create_appointment(db, data, actor=actor)
    return Done(message="Appointment created successfully", data=visit)


@router.post("/walk-in", status_code=201)
def walk_in(db: Db, actor: CurrentActor, data: WalkIn) -> Done[AppointmentRead]:
    """Takes somebody in who came without an appointment."""
    visit = service.walk_in(db, data, actor=actor)
    return Done(message="Patient checked in", data=visit)


@router.get("/{appointment_id}")
async def get_appointment(
    reader: ReaderDep, appointment_id: AppointmentId
) -> JsonText[Envelope[AppointmentRead]]:
    """One visit."""
    return JsonText(await queries.APPOINTMENTS.find(appointment_id).fetch(reader))


@router.get("/{appointment_id}/details")
def appointment_details(db: ReadDb, appointment_id: AppointmentId) -> Envelope[AppointmentDetails]:
    """A visit with what the patient was told and what they answered."""
    details = AppointmentDetails(
        appointment=queries.get_appointment(db, appointment_id),
        notices=queries.notices_of(db, appointment_id),
    )
    return Envelope(data=details)


@router.put("/{appointment_id}")
def update_appointment(
    db: Db, actor: CurrentActor, appointment_id: AppointmentId, data: AppointmentUpdate
) -> Done[AppointmentRead]:
    """Corrects what is given; a new time, length or doctor moves the visit."""
    visit = service.update_appointment(db, appointment_id, data, actor=actor)
    return Done(message="Appointment updated successfully", data=visit)


@router.post("/{appointment_id}/confirm")
def confirm_appointment(
    db: Db, actor: CurrentActor, appointment_id: AppointmentId
) -> Done[AppointmentRead]:
    """The patient will come."""
    visit = service.confirm_appointment(db, appointment_id, actor=actor)
    return Done(message="Appointment confirmed", data=visit)


@router.post("/{appointment_id}/arrive")
def arrive_appointment(
    db: Db, actor: CurrentActor, appointment_id: AppointmentId
) -> Done[AppointmentRead]:
    """The patient is here."""
    visit = service.arrive(db, appointment_id, actor=actor)
    return Done(message="Patient checked in", data=visit)


@router.post("/{appointment_id}/start")
def start_appointment(
    db: Db, actor: CurrentActor, appointment_id: AppointmentId
) -> Done[AppointmentRead]:
    """The patient is with the doctor."""
    visit = service.start(db, appointment_id, actor=actor)
    return Done(message="Visit started", data=visit)


@router.post("/{appointment_id}/complete")
def complete_appointment(
    db: Db, actor: CurrentActor, appointment_id: AppointmentId
) -> Done[AppointmentRead]:
    """The visit is over: it brings its points and counts."""
    visit = service.complete(db, appointment_id, actor=actor)
    return Done(message="Visit completed", data=visit)


@router.post("/{appointment_id}/cancel")
def cancel_appointment(
    db: Db,
    actor: CurrentActor,
    appointment_id: AppointmentId,
    data: Cancellation | None = None,
) -> Done[AppointmentRead]:
    """The visit will not be; its time is offered to those who wait."""
    given = data or Cancellation()
    visit = service.cancel_appointment(db, appointment_id, given, actor=actor)
    return Done(message="Appointment cancelled", data=visit)


@router.post("/{appointment_id}/no-show")
def mark_no_show(
    db: Db, actor: CurrentActor, appointment_id: AppointmentId
) -> Done[AppointmentRead]:
    """The patient did not come."""
    visit = service.mark_no_show(db, appointment_id, actor=actor)
    return Done(message="Patient did not come", data=visit)


@router.post("/{appointment_id}/reschedule")
def reschedule_appointment(
    db: Db, actor: CurrentActor, appointment_id: AppointmentId, data: Reschedule
) -> Done[AppointmentRead]:
    """Gives the visit another time; the patient is told and asked anew."""
    visit = service.reschedule_appointment(db, appointment_id, data, actor=actor)
    return Done(message="Appointment rescheduled", data=visit)


@router.post("/{appointment_id}/undo")
def undo_appointment(
    db: Db, actor: CurrentActor, appointment_id: AppointmentId, data: StepBack
) -> Done[AppointmentRead]:
    """Takes the last step back, on the same day, by a supervisor."""
    visit = service.undo(db, appointment_id, data, actor=actor)
    return Done(message=f"Appointment is {visit.status} again", data=visit)
