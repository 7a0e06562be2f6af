"""Offers, visits and the waitlist of a hospital, all at one moment: nobody deadlocks."""

from collections.abc import Callable
from functools import partial
from typing import Any

from crm_core.appointments import service
from crm_core.appointments.queries import notices_of
from crm_core.appointments.schemas import AppointmentRead, Cancellation, Meaning, Reschedule
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Refusal
from tests.appointments.waiting import free, freed_of, offers, wait
from tests.make_appointments import SUPERVISOR, make_visit
from tests.make_patients import DESK
from tests.together import together


def test_crossing_answers_to_two_freed_times_do_not_deadlock(own_database: str) -> None:
    """Each yes closes what the other holds: one of them must come first."""
    for _ in range(12):
        with SessionFactory.begin() as session:
            visits = freed_of(session, 2)
            entries = [wait(session, visits[0].hospital_id) for _ in range(2)]
            free(session, visits)
            offered = {(o.waitlist_id, o.doctor_id): o.id for o in offers(session)}
        ids = [
            offered[entry.id, visit.doctor_id or 0]
            for entry, visit in zip(entries, visits, strict=True)
        ]
        outcomes = together([partial(_say_yes, one) for one in ids])
        assert [str(one) for one in outcomes] == ["booked", "booked"]


def test_leaving_the_list_while_others_say_yes_does_not_deadlock(own_database: str) -> None:
    for _ in range(12):
        with SessionFactory.begin() as session:
            visits = freed_of(session, 2)
            leaving, staying = (wait(session, visits[0].hospital_id) for _ in range(2))
            free(session, visits)
            mine = [o.id for o in offers(session) if o.waitlist_id == staying.id]
        outcomes = together([partial(_leave, leaving.id), *(partial(_say_yes, i) for i in mine)])
        assert sorted(map(str, outcomes)) == ["booked", "gone", "left"]


def test_undoing_many_while_somebody_leaves_or_says_yes_does_not_deadlock(
    own_database: str,
) -> None:
    """The later visit was freed first: by the place of visits and by that of offers is not one."""
    for _ in range(12):
        with SessionFactory.begin() as session:
            visits = freed_of(session, 3)
            leaving, staying = (wait(session, visits[0].hospital_id) for _ in range(2))
            free(session, visits[::-1])
            [mine] = [
                o.id
                for o in offers(session)
                if (o.waitlist_id, o.doctor_id) == (staying.id, visits[0].doctor_id)
            ]
        jobs: list[Callable[[], Any]] = [
            partial(_undo, [visit.id for visit in visits[1:]]),
            partial(_leave, leaving.id),
            partial(_say_yes, mine),
        ]
        assert [str(one) for one in together(jobs)] == ["2", "left", "booked"]


def _say_yes(offer_id: int) -> Any:
    with SessionFactory.begin() as session:
        return service.answer_offer(session, offer_id, Meaning.YES)


def test_a_hospital_where_all_happens_at_once_refuses_and_does_not_deadlock(
    own_database: str,
) -> None:
    """Times are freed, moved, offered, taken and given back, of three doctors to four patients."""
    for _ in range(8):
        with SessionFactory.begin() as session:
            visits = freed_of(session, 3)
            later = [
                make_visit(session, 0, each.hospital_id, at="16:00", doctor_id=each.doctor_id)
                for each in visits
            ]
            entries = [wait(session, visits[0].hospital_id) for _ in range(4)]
            free(session, visits[::-1])
            mine = {offer.waitlist_id: offer.id for offer in offers(session)}
        jobs = [
            partial(_undo, [visit.id for visit in visits]),
            partial(_leave, entries[0].id),
            *(partial(_say_yes, mine[entry.id]) for entry in entries[1:3]),
            partial(_move, later[0], later[1]),
            partial(_cancel, later[1].id),
            partial(_book, visits[0]),
            partial(_refuse, later[2]),
        ]
        odd = [one for one in together(jobs) if isinstance(one, Exception)]
        assert [one for one in odd if not isinstance(one, Refusal)] == []


def _undo(ids: list[int]) -> Any:
    with SessionFactory.begin() as session:
        plan = service.plan_undo(session, ids, actor=SUPERVISOR)
        done = service.commit_undo(session, plan.fingerprint, ids, actor=SUPERVISOR)
        return done.changed


def _leave(waitlist_id: int) -> Any:
    with SessionFactory.begin() as session:
        return service.leave_waitlist(session, waitlist_id, actor=DESK).status


def _move(visit: AppointmentRead, to: AppointmentRead) -> Any:
    """To the same doctor as another visit, two hours before it."""
    at = {"appointment_date": visit.appointment_date, "appointment_time": "14:00"}
    wanted = Reschedule.model_validate({**at, "doctor_id": to.doctor_id})
    with SessionFactory.begin() as session:
        return service.reschedule_appointment(session, visit.id, wanted, actor=DESK)


def _cancel(appointment_id: int) -> Any:
    with SessionFactory.begin() as session:
        return service.cancel_appointment(session, appointment_id, Cancellation(), actor=DESK)


def _book(like: AppointmentRead) -> Any:
    """Somebody new at the same time, and with the same doctor."""
    with SessionFactory.begin() as session:
        return make_visit(session, 0, like.hospital_id, doctor_id=like.doctor_id)


def _refuse(visit: AppointmentRead) -> Any:
    """The patient says no by the link."""
    with SessionFactory.begin() as session:
        notice = notices_of(session, visit.id)[0].id
        return service.answer_visit(session, notice, Meaning.NO)
