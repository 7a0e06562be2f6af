"""Reads of visits."""

from collections.abc import Sequence

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Date,
    String,
    Text,
    Time,
    and_,
    bindparam,
    cast,
    extract,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from crm_core.appointments.models import Appointment, AppointmentAnswer, AppointmentNotice
from crm_core.appointments.schemas import (
    AnswerFilter,
    AnswerRead,
    AppointmentFilter,
    AppointmentRead,
    NoticeRead,
)
from crm_core.base.read import Listing, Order, Read
from crm_core.hospitals.models import Department, Doctor, Hospital
from crm_core.hospitals.where import in_state
from crm_core.messaging.models import Communication
from crm_core.patients.models import Patient

_IN_LAGOS = func.timezone(literal_column("'Africa/Lagos'"), Appointment.starts_at)
_BEGINS = func.crm_lagos_day(bindparam("date_from", type_=Date), literal_column("0"))
_ENDS = func.crm_lagos_day(bindparam("date_to", type_=Date), literal_column("1"))
# “Sent” means that a provider took it, not that it was put into the outbox.
_REMINDED = (
    select(func.min(Communication.sent_at))
    .join(AppointmentNotice, AppointmentNotice.message_id == Communication.id)
    .where(
        AppointmentNotice.appointment_id == Appointment.id,
        AppointmentNotice.starts_at == Appointment.starts_at,
        literal_column("crm_appointment_notices.kind IN ('early', 'day', 'final')", Boolean),
        literal_column("crm_communication_logs.status IN ('sent', 'delivered', 'read')", Boolean),
    )
    .correlate(Appointment)
    .scalar_subquery()
)
# A limit keeps the planner from reading all notices at once for a page of twenty visits.
_ASKED: ColumnElement[bool] = func.coalesce(
    select(literal_column("true", Boolean))
    .where(
        AppointmentNotice.appointment_id == Appointment.id,
        AppointmentNotice.starts_at == Appointment.starts_at,
        AppointmentNotice.outcome == literal_column("'queued'"),
    )
    .limit(literal_column("1"))
    .correlate(Appointment)
    .scalar_subquery(),
    literal_column("false"),
)
_SURVIVING = (
    select(func.coalesce(Patient.merged_into_id, Patient.id))
    .where(Patient.id == bindparam("patient_id"))
    .scalar_subquery()
)

APPOINTMENTS: Listing[AppointmentRead] = Listing(
    schema=AppointmentRead,
    statement=select(
        Appointment.id,
        Appointment.appointment_code,
        Appointment.patient_id,
        Patient.patient_code,
        Patient.first_name,
        Patient.last_name,
        Patient.phone.label("patient_phone"),
        Appointment.hospital_id,
        Hospital.name.label("hospital_name"),
        Appointment.department_id,
        Department.name.label("department_name"),
        Appointment.doctor_id,
        Doctor.name.label("doctor_name"),
        cast(_IN_LAGOS, Date).label("appointment_date"),
        cast(_IN_LAGOS, Time).label("appointment_time"),
        Appointment.starts_at,
        Appointment.ends_at,
        Appointment.duration_minutes,
        Appointment.type,
        Appointment.status,
        Appointment.previous_status,
        Appointment.status_changed_at,
        Appointment.reason,
        Appointment.notes,
        Appointment.walk_in,
        Appointment.override_reason,
        Appointment.overlap_accepted,
        and_(Appointment.status == literal_column("'scheduled'"), _ASKED).label("asked"),
        _REMINDED.isnot(None).label("reminder_sent"),
        _REMINDED.label("reminder_sent_at"),
        Appointment.booked_at,
        Appointment.confirmed_at,
        Appointment.checked_in_at,
        Appointment.started_at,
        Appointment.completed_at,
        Appointment.cancelled_at,
        Appointment.cancellation_reason,
        Appointment.created_by,
        Appointment.version,
        Appointment.created_at,
        Appointment.updated_at,
        # Said as outer joins, so that counting leaves the others alone.
    )
    .outerjoin(Patient, Patient.id == Appointment.patient_id)
    .outerjoin(Hospital, Hospital.id == Appointment.hospital_id)
    .outerjoin(Department, Department.id == Appointment.department_id)
    .outerjoin(Doctor, Doctor.id == Appointment.doctor_id),
    filters={
        "status": Appointment.status == bindparam("status"),
        "statuses": Appointment.status == func.any(bindparam("statuses", type_=ARRAY(String))),
        "type": Appointment.type == bindparam("type"),
        "patient_id": Appointment.patient_id == _SURVIVING,
        "hospital_id": Appointment.hospital_id == bindparam("hospital_id"),
        "state": in_state(Appointment.hospital_id),
        "department_id": Appointment.department_id == bindparam("department_id"),
        "doctor_id": Appointment.doctor_id == bindparam("doctor_id"),
        "without_doctor": and_(
            Appointment.doctor_id.is_(None), bindparam("without_doctor", type_=Boolean)
        ),
        "date_from": Appointment.starts_at >= _BEGINS,
        "date_to": Appointment.starts_at < _ENDS,
        "weekday": extract("isodow", _IN_LAGOS) == bindparam("weekday"),
        "unanswered": and_(
            Appointment.status == literal_column("'scheduled'"),
            Appointment.starts_at > func.now(),
            bindparam("unanswered", type_=Boolean),
        ),
        "search_code": func.lower(Appointment.appointment_code).like(
            func.crm_search_prefix(bindparam("search_code"))
        ),
        "search_words": Appointment.patient_id.in_(
            select(Patient.id).where(
                Patient.search.op("@@")(
                    func.crm_patient_query(bindparam("search_words", type_=Text))
                )
            )
        ),
    },
    orders={
        "time": Order((Appointment.starts_at, Appointment.id), descending=False),
        "latest": Order((Appointment.starts_at, Appointment.id)),
    },
    key=Appointment.id,
    noun="Appointment",
    narrow=frozenset({"patient_id", "search_code", "search_words"}),
    unforeseen=frozenset({"state"}),
)
NOTICES: Listing[NoticeRead] = Listing(
    schema=NoticeRead,
    statement=select(*(getattr(AppointmentNotice, name) for name in NoticeRead.model_fields)),
    filters={},
    orders={"newest": Order((AppointmentNotice.id,))},
    key=AppointmentNotice.id,
    noun="Notice",
)
ANSWERS: Listing[AnswerRead] = Listing(
    schema=AnswerRead,
    statement=select(*(getattr(AppointmentAnswer, name) for name in AnswerRead.model_fields)),
    filters={"outcome": AppointmentAnswer.outcome == bindparam("outcome")},
    orders={"newest": Order((AppointmentAnswer.id,))},
    key=AppointmentAnswer.id,
    noun="Answer",
)


def list_appointments(filters: AppointmentFilter) -> Read[AppointmentRead]:
    """Visits by time, the first one first unless sorted otherwise."""
    return APPOINTMENTS.read(filters)


def get_appointment(session: Session, appointment_id: int) -> AppointmentRead:
    """One visit; ``NotFound`` where there is none."""
    return APPOINTMENTS.one(session, appointment_id)


def latest_of(session: Session, patient_id: int, *, limit: int = 10) -> list[AppointmentRead]:
    """A patient's visits, the latest first."""
    found = session.execute(
        APPOINTMENTS.statement.where(Appointment.patient_id == patient_id)
        .order_by(Appointment.starts_at.desc(), Appointment.id.desc())
        .limit(limit)
    )
    return [AppointmentRead.model_validate(dict(row)) for row in found.mappings()]


def notices_of(session: Session, appointment_id: int) -> list[NoticeRead]:
    """What the patient was told about a visit, the first one first."""
    found = session.execute(
        NOTICES.statement.where(AppointmentNotice.appointment_id == appointment_id)
        .order_by(AppointmentNotice.id)
        .limit(200)
    )
    return [NoticeRead.model_validate(dict(row)) for row in found.mappings()]


def list_answers(filters: AnswerFilter) -> Read[AnswerRead]:
    """Answers of patients, the latest first."""
    return ANSWERS.read(filters)


def some_appointments(session: Session, ids: Sequence[int]) -> list[AppointmentRead]:
    """The visits with these ids, by id."""
    return APPOINTMENTS.some(session, ids)
