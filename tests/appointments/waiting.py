"""People on the waitlist, what they are offered, and what they write back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

from sqlalchemy.orm import Session

from crm_core.appointments import service, waiting
from crm_core.appointments.queries import list_answers
from crm_core.appointments.schemas import (
    AnswerFilter,
    AnswerRead,
    AppointmentRead,
    Cancellation,
    OfferFilter,
    OfferRead,
    WaitlistCreate,
    WaitlistRead,
)
from crm_core.messaging.schemas import Channel, InboundRead
from crm_core.people.schemas import machine
from tests.make_appointments import in_days, make_doctor, make_visit
from tests.make_patients import DESK, make_patient

JOB = machine("job:send_offers")
_numbers = count(1)


def freed_with_one_waiting(session: Session) -> tuple[AppointmentRead, WaitlistRead]:
    """A cancelled visit of a doctor, and somebody who was written to about its time."""
    doctor = make_doctor(session)
    visit = make_visit(session, 0, doctor.hospital_id, doctor_id=doctor.id)
    entry = wait(session, doctor.hospital_id)
    service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    service.send_offers(session, actor=JOB)
    return visit, entry


def freed_of(session: Session, doctors: int) -> list[AppointmentRead]:
    """Visits of so many doctors of one hospital, one after the other."""
    one = make_doctor(session)
    others = [make_doctor(session, one.hospital_id) for _ in range(doctors - 1)]
    return [
        make_visit(session, 0, one.hospital_id, at=f"{10 + n}:00", doctor_id=doctor.id)
        for n, doctor in enumerate((one, *others))
    ]


def free(session: Session, visits: Sequence[AppointmentRead]) -> None:
    """Cancels these visits, and writes to those who wait for their times."""
    for visit in visits:
        service.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    service.send_offers(session, actor=JOB)


def visit_or_offer(session: Session) -> tuple[AppointmentRead, OfferRead, AnswerRead]:
    """A visit and an offer of one patient, and a yes that may mean either."""
    doctor = make_doctor(session)
    freed = make_visit(session, 0, doctor.hospital_id, at="12:00", doctor_id=doctor.id)
    entry = wait(session, doctor.hospital_id)
    mine = make_visit(session, entry.patient_id)
    service.cancel_appointment(session, freed.id, Cancellation(), actor=DESK)
    service.send_offers(session, actor=JOB)
    assert service.take_answer(session, inbound(entry.patient_phone, "yes"))
    [waits] = list_answers(AnswerFilter(outcome="to_a_person")).page(session).rows
    [offer] = offers(session)
    return mine, offer, waits


def wait(session: Session, hospital_id: int, **more: object) -> WaitlistRead:
    """Somebody new on the waitlist."""
    wanted = {
        "patient_id": make_patient(session).id,
        "hospital_id": hospital_id,
        "from_day": in_days(0),
        "to_day": in_days(9),
    } | more
    return service.join_waitlist(session, WaitlistCreate.model_validate(wanted), actor=DESK)


def offers(session: Session) -> list[OfferRead]:
    """Everything that was offered."""
    return list(waiting.list_offers(OfferFilter()).page(session).rows)


def inbound(sender: str, said: str, *, answers_id: int | None = None) -> InboundRead:
    """A message that came in by SMS."""
    return InboundRead(
        id=next(_numbers),
        channel=Channel.SMS,
        provider="sandbox",
        sender=sender,
        text=said,
        answers_id=answers_id,
        patient_id=None,
        received_at=datetime.now(UTC),
    )
