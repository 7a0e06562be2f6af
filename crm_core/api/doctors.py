"""Departments and doctors: their week, their leave, the secret link of their calendar."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.clock import utc_now
from crm_core.base.words import RecordId
from crm_core.hospitals import doctors as service
from crm_core.hospitals import queries
from crm_core.hospitals.schemas import (
    DepartmentCreate,
    DepartmentRead,
    DoctorCreate,
    DoctorFilter,
    DoctorRead,
    DoctorUpdate,
    LeaveCreate,
    LeaveRead,
    Shift,
    WeekChange,
)
from crm_core.people.schemas import Permission

router = APIRouter(
    tags=["Doctors"],
    route_class=Route,
    dependencies=[needs(Permission.APPOINTMENTS_READ)],
)
DoctorId = Annotated[RecordId, Path()]


class CalendarLink(BaseModel):
    """The secret address of a doctor's calendar, shown once."""

    address: str


@router.get("/departments")
def list_departments(
    db: ReadDb, hospital_id: Annotated[RecordId, Query()]
) -> Envelope[list[DepartmentRead]]:
    """Every department of a hospital, by name."""
    queries.get_hospital(db, hospital_id)
    return Envelope(data=queries.departments_of(db, hospital_id))


@router.post("/departments", status_code=201)
def create_department(db: Db, actor: CurrentActor, data: DepartmentCreate) -> Done[DepartmentRead]:
    """Adds a department to a hospital."""
    department = service.create_department(db, data, actor=actor)
    return Done(message="Department created successfully", data=department)


@router.get("/doctors")
async def list_doctors(
    reader: ReaderDep, filters: Annotated[DoctorFilter, Query()]
) -> JsonText[Rows[DoctorRead]]:
    """Doctors by name."""
    return JsonText(await queries.list_doctors(filters).fetch(reader))


@router.post("/doctors", status_code=201)
def create_doctor(db: Db, actor: CurrentActor, data: DoctorCreate) -> Done[DoctorRead]:
    """Adds a doctor to a hospital."""
    doctor = service.create_doctor(db, data, actor=actor)
    return Done(message="Doctor created successfully", data=doctor)


@router.get("/doctors/{doctor_id}")
async def get_doctor(reader: ReaderDep, doctor_id: DoctorId) -> JsonText[Envelope[DoctorRead]]:
    """One doctor."""
    return JsonText(await queries.DOCTORS.find(doctor_id).fetch(reader))


@router.put("/doctors/{doctor_id}")
def update_doctor(
    db: Db, actor: CurrentActor, doctor_id: DoctorId, data: DoctorUpdate
) -> Done[DoctorRead]:
    """Changes what is given; who is not active any more gets no new visits."""
    doctor = service.update_doctor(db, doctor_id, data, actor=actor)
    return Done(message="Doctor updated successfully", data=doctor)


@router.get("/doctors/{doctor_id}/hours")
def list_hours(db: ReadDb, doctor_id: DoctorId) -> Envelope[list[Shift]]:
    """The shifts of a doctor's week, in Lagos; none: booked at any time."""
    queries.get_doctor(db, doctor_id)
    return Envelope(data=queries.hours_of(db, doctor_id))


@router.put("/doctors/{doctor_id}/hours")
def set_hours(
    db: Db, actor: CurrentActor, doctor_id: DoctorId, data: WeekChange
) -> Done[list[Shift]]:
    """Sets the whole week anew; visits that are booked already stay."""
    hours = service.set_hours(db, doctor_id, data, actor=actor)
    return Done(message="Hours set", data=hours)


@router.get("/doctors/{doctor_id}/leave")
def list_leave(db: ReadDb, doctor_id: DoctorId) -> Envelope[list[LeaveRead]]:
    """Leave that is not over, the first one first."""
    queries.get_doctor(db, doctor_id)
    return Envelope(data=queries.leave_of(db, doctor_id, utc_now()))


@router.post("/doctors/{doctor_id}/leave", status_code=201)
def add_leave(
    db: Db, actor: CurrentActor, doctor_id: DoctorId, data: LeaveCreate
) -> Done[LeaveRead]:
    """The doctor is away; visits that are booked already stay until somebody moves them."""
    leave = service.add_leave(db, doctor_id, data, actor=actor)
    return Done(message="Leave added", data=leave)


@router.post("/doctors/{doctor_id}/leave/{leave_id}/remove")
def remove_leave(
    db: Db, actor: CurrentActor, doctor_id: DoctorId, leave_id: Annotated[RecordId, Path()]
) -> Done[list[LeaveRead]]:
    """The doctor is not away after all."""
    service.remove_leave(db, doctor_id, leave_id, actor=actor)
    return Done(message="Leave removed", data=queries.leave_of(db, doctor_id, utc_now()))


@router.post("/doctors/{doctor_id}/calendar")
def renew_calendar(db: Db, actor: CurrentActor, doctor_id: DoctorId) -> Done[CalendarLink]:
    """A new secret link to subscribe to; the one before ends."""
    secret = service.renew_calendar(db, doctor_id, actor=actor)
    link = CalendarLink(address=service.calendar_address(secret))
    return Done(message="Calendar link made: it is shown once", data=link)
