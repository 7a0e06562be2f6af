"""Reads of hospitals, their revenue, departments and doctors."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Boolean, Text, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Session

from crm_core.base.read import Listing, Order, Read
from crm_core.hospitals.models import (
    Department,
    Doctor,
    DoctorHours,
    DoctorLeave,
    Hospital,
    HospitalRevenue,
)
from crm_core.hospitals.schemas import (
    DepartmentRead,
    DoctorFilter,
    DoctorRead,
    HospitalFilter,
    HospitalRead,
    LeaveRead,
    RevenueRead,
    Shift,
)

HOSPITALS: Listing[HospitalRead] = Listing(
    schema=HospitalRead,
    statement=select(
        Hospital.id,
        Hospital.hospital_code,
        Hospital.name,
        Hospital.city,
        Hospital.state,
        Hospital.created_at,
    ),
    filters={
        "search_words": Hospital.search.op("@@")(func.crm_search_query(bindparam("search_words"))),
        "search_code": Hospital.hospital_code == func.upper(bindparam("search_code", type_=Text)),
    },
    orders={"newest": Order((Hospital.created_at, Hospital.id))},
    key=Hospital.id,
    noun="Hospital",
)

# As its index has it.
_DOCTOR_WORDS = literal_column("to_tsvector('simple', crm_search_text(crm_doctors.name))", TSVECTOR)

DOCTORS: Listing[DoctorRead] = Listing(
    schema=DoctorRead,
    statement=select(
        Doctor.id,
        Doctor.doctor_code,
        Doctor.hospital_id,
        Hospital.name.label("hospital_name"),
        Doctor.department_id,
        Department.name.label("department_name"),
        Doctor.name,
        Doctor.specialty,
        Doctor.active,
        Doctor.created_at,
    )
    .join(Hospital, Hospital.id == Doctor.hospital_id)
    .outerjoin(Department, Department.id == Doctor.department_id),
    filters={
        "hospital_id": Doctor.hospital_id == bindparam("hospital_id"),
        "department_id": Doctor.department_id == bindparam("department_id"),
        "active": Doctor.active == bindparam("active", type_=Boolean),
        "search_words": _DOCTOR_WORDS.op("@@")(func.crm_search_query(bindparam("search_words"))),
        "search_code": Doctor.doctor_code == func.upper(bindparam("search_code", type_=Text)),
    },
    orders={"name": Order((Doctor.name, Doctor.id), descending=False)},
    key=Doctor.id,
    noun="Doctor",
)


def list_hospitals(filters: HospitalFilter) -> Read[HospitalRead]:
    """Hospitals, newest first."""
    return HOSPITALS.read(filters)


def get_hospital(session: Session, hospital_id: int) -> HospitalRead:
    """One hospital; ``NotFound`` where there is none."""
    return HOSPITALS.one(session, hospital_id)


def all_hospitals(session: Session) -> list[HospitalRead]:
    """For a choice on a form: every hospital by name (the group runs some hundreds at most)."""
    found = session.execute(HOSPITALS.statement.order_by(Hospital.name, Hospital.id).limit(1000))
    return [HospitalRead.model_validate(dict(row)) for row in found.mappings()]


def revenue_of(session: Session, hospital_ids: Sequence[int], since: date) -> list[RevenueRead]:
    """Monthly revenue of these hospitals from ``since`` on, oldest first."""
    found = session.scalars(
        select(HospitalRevenue)
        .where(HospitalRevenue.hospital_id.in_(hospital_ids), HospitalRevenue.month >= since)
        .order_by(HospitalRevenue.month, HospitalRevenue.hospital_id)
    )
    return [RevenueRead.model_validate(revenue) for revenue in found]


def departments_of(session: Session, hospital_id: int) -> list[DepartmentRead]:
    """Every department of a hospital by name, those that are closed too."""
    found = session.scalars(
        select(Department)
        .where(Department.hospital_id == hospital_id)
        .order_by(Department.name, Department.id)
        .limit(1000)
    )
    return [DepartmentRead.model_validate(department) for department in found]


def list_doctors(filters: DoctorFilter) -> Read[DoctorRead]:
    """Doctors by name."""
    return DOCTORS.read(filters)


def get_doctor(session: Session, doctor_id: int) -> DoctorRead:
    """One doctor; ``NotFound`` where there is none."""
    return DOCTORS.one(session, doctor_id)


def doctors_of(session: Session, hospital_id: int) -> list[DoctorRead]:
    """For a choice on a form: the doctors who work at a hospital, by name."""
    found = session.execute(
        DOCTORS.statement.where(Doctor.hospital_id == hospital_id, Doctor.active)
        .order_by(Doctor.name, Doctor.id)
        .limit(1000)
    )
    return [DoctorRead.model_validate(dict(row)) for row in found.mappings()]


def hours_of(session: Session, doctor_id: int) -> list[Shift]:
    """The shifts of a doctor's week."""
    found = session.scalars(
        select(DoctorHours)
        .where(DoctorHours.doctor_id == doctor_id)
        .order_by(DoctorHours.weekday, DoctorHours.opens)
    )
    return [Shift(weekday=row.weekday, opens=row.opens, closes=row.closes) for row in found]


def leave_of(session: Session, doctor_id: int, since: datetime) -> list[LeaveRead]:
    """A doctor's leave that ends after ``since``, the first one first."""
    found = session.scalars(
        select(DoctorLeave)
        .where(DoctorLeave.doctor_id == doctor_id, DoctorLeave.ends_at > since)
        .order_by(DoctorLeave.starts_at, DoctorLeave.id)
        .limit(200)
    )
    return [LeaveRead.model_validate(leave) for leave in found]


def doctor_by_calendar(session: Session, calendar_hash: bytes) -> DoctorRead | None:
    """The doctor whose secret link has this hash."""
    found = session.scalars(select(Doctor.id).where(Doctor.calendar_hash == calendar_hash)).first()
    return None if found is None else get_doctor(session, found)
