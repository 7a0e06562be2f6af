"""Two records of one person become one: their visits come together, and stay sound."""

from itertools import count

import pytest
from sqlalchemy.orm import Session

from crm_core.appointments import service
from crm_core.appointments.invariants import invariants
from crm_core.appointments.queries import get_appointment, latest_of, list_appointments
from crm_core.appointments.schemas import (
    AppointmentFilter,
    AppointmentRead,
    Reschedule,
    StepBack,
    WaitlistCreate,
)
from crm_core.appointments.waiting import get_entry
from crm_core.base.errors import Conflict
from crm_core.loyalty.merging import merge_patients, part_patients
from crm_core.loyalty.merging.schemas import Merge
from crm_core.patients.queries import get_patient
from tests.loyalty.acts import set_figure
from tests.make_appointments import SUPERVISOR, in_days, make_visit
from tests.make_business import make_hospital
from tests.make_patients import DESK, make_patient

WHY = StepBack(reason="a wrong click")
_days = count(2)


def test_visits_go_on_under_the_record_that_stays(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    visits = [make_visit(session, gone.id), make_visit(session, stays.id, day=in_days(3))]
    merge(session, stays.id, gone.id)
    assert {one.id for one in latest_of(session, stays.id)} == {one.id for one in visits}
    for patient_id in (stays.id, gone.id):
        found = list_appointments(AppointmentFilter(patient_id=patient_id)).page(session)
        assert len(found.rows) == 2
    assert list(invariants(session)) == []


def test_two_that_overlap_are_kept_and_shown_until_one_is_moved(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    kept, other = make_visit(session, stays.id), make_visit(session, gone.id, at="10:15")
    merge(session, stays.id, gone.id)
    assert not get_appointment(session, kept.id).overlap_accepted
    assert get_appointment(session, other.id).overlap_accepted
    assert list(invariants(session)) == []
    wanted = {"appointment_date": in_days(2), "appointment_time": "10:20"}
    with pytest.raises(Conflict, match="The patient has"):
        service.reschedule_appointment(
            session, other.id, Reschedule.model_validate(wanted), actor=DESK
        )
    wanted = {"appointment_date": in_days(2), "appointment_time": "10:30"}
    moved = service.reschedule_appointment(
        session, other.id, Reschedule.model_validate(wanted), actor=DESK
    )
    assert not moved.overlap_accepted


def test_a_new_booking_is_refused_beside_either_of_them(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    make_visit(session, stays.id)
    make_visit(session, gone.id, at="10:15")
    merge(session, stays.id, gone.id)
    for patient_id in (stays.id, gone.id):
        with pytest.raises(Conflict):
            make_visit(session, patient_id, at="10:35")


def test_a_booking_for_the_merged_record_is_the_persons(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    merge(session, stays.id, gone.id)
    assert make_visit(session, gone.id).patient_id == stays.id


def test_the_place_on_the_waitlist_goes_along(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    entry = service.join_waitlist(
        session,
        WaitlistCreate(
            patient_id=gone.id,
            hospital_id=make_hospital(session).id,
            from_day=in_days(0),
            to_day=in_days(9),
        ),
        actor=DESK,
    )
    merge(session, stays.id, gone.id)
    assert get_entry(session, entry.id).patient_id == stays.id


def test_a_visit_completed_before_merging_is_undone_after_it(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    visit = completed(session, gone.id)
    merge(session, stays.id, gone.id)
    service.undo(session, visit.id, WHY, actor=SUPERVISOR)
    assert count_of(session, stays.id) == 0
    assert list(invariants(session)) == []


def test_undoing_the_merge_gives_each_record_its_visits_back(session: Session) -> None:
    stays, gone = make_patient(session), make_patient(session)
    own, other = make_visit(session, stays.id), make_visit(session, gone.id, at="10:15")
    merge(session, stays.id, gone.id)
    later = make_visit(session, gone.id, day=in_days(4))
    part_patients(session, gone.id, actor=DESK)
    assert {one.id for one in latest_of(session, stays.id)} == {own.id, later.id}
    [back] = latest_of(session, gone.id)
    assert (back.id, back.overlap_accepted) == (other.id, False)
    assert list(invariants(session)) == []


def test_records_merged_one_after_the_other_come_apart_in_turn(session: Session) -> None:
    first, second, last = (make_patient(session) for _ in range(3))
    visits = [
        make_visit(session, one.id, day=in_days(n + 1))
        for n, one in enumerate((first, second, last))
    ]
    merge(session, second.id, first.id)
    merge(session, last.id, second.id)
    assert {one.id for one in latest_of(session, last.id)} == {visit.id for visit in visits}
    part_patients(session, second.id, actor=DESK)
    assert [one.id for one in latest_of(session, last.id)] == [visits[2].id]
    assert {one.id for one in latest_of(session, second.id)} == {visits[0].id, visits[1].id}
    part_patients(session, first.id, actor=DESK)
    assert [one.id for one in latest_of(session, first.id)] == [visits[0].id]


def test_a_visit_without_points_since_keeps_the_records_merged(session: Session) -> None:
    """Nothing in the ledger speaks of it, and it could be of either."""
    stays, gone = make_patient(session), make_patient(session)
    completed(session, gone.id)
    set_figure(session, "visit_consultation", 0)
    merge(session, stays.id, gone.id)
    completed(session, gone.id)
    with pytest.raises(Conflict, match="could be of either were counted"):
        part_patients(session, gone.id, actor=DESK)
    assert count_of(session, stays.id) == 2


def test_a_visit_without_points_taken_back_since_keeps_the_records_merged(session: Session) -> None:
    set_figure(session, "visit_consultation", 0)
    stays, gone = make_patient(session), make_patient(session)
    visit = completed(session, gone.id)
    merge(session, stays.id, gone.id)
    service.undo(session, visit.id, WHY, actor=SUPERVISOR)
    with pytest.raises(Conflict, match="could be of either were counted"):
        part_patients(session, gone.id, actor=DESK)
    assert count_of(session, stays.id) == 0


def test_a_visit_of_the_one_that_stays_taken_back_since_is_counted_off_there(
    session: Session,
) -> None:
    stays, gone = make_patient(session), make_patient(session)
    visit, _ = completed(session, stays.id), completed(session, gone.id)
    merge(session, stays.id, gone.id)
    service.undo(session, visit.id, WHY, actor=SUPERVISOR)
    part_patients(session, gone.id, actor=DESK)
    assert (count_of(session, stays.id), count_of(session, gone.id)) == (0, 1)
    assert list(invariants(session)) == []


def completed(session: Session, patient_id: int) -> AppointmentRead:
    """A visit that is over."""
    visit = make_visit(session, patient_id, day=in_days(next(_days)))
    for step in (service.arrive, service.start, service.complete):
        step(session, visit.id, actor=DESK)
    return visit


def count_of(session: Session, patient_id: int) -> int:
    """How many visits the record counts."""
    return get_patient(session, patient_id).visit_count


def merge(session: Session, stays_id: int, gone_id: int) -> None:
    """Two records of one person."""
    both = Merge(stays_id=stays_id, gone_id=gone_id)
    merge_patients(session, both, why="same person", actor=DESK)
