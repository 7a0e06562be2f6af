"""Visits driven at random by a state machine that knows the rules: the two never disagree."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service
from crm_core.appointments.invariants import invariants
from crm_core.appointments.queries import get_appointment
from crm_core.appointments.schemas import (
    AHEAD,
    FREE,
    AppointmentStatus,
    Cancellation,
    Reschedule,
    StepBack,
)
from crm_core.base.clock import from_lagos
from crm_core.base.errors import Refusal
from crm_core.loyalty.invariants import invariants as ledger_rules
from tests.make_appointments import SUPERVISOR, asked_for, in_days, make_doctor
from tests.make_patients import DESK, make_patient

WALKS = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
STEPS: dict[AppointmentStatus, Any] = {
    AppointmentStatus.CONFIRMED: service.confirm_appointment,
    AppointmentStatus.ARRIVED: service.arrive,
    AppointmentStatus.IN_PROGRESS: service.start,
    AppointmentStatus.COMPLETED: service.complete,
    AppointmentStatus.CANCELLED: lambda s, i, actor: service.cancel_appointment(
        s, i, Cancellation(), actor=actor
    ),
}
TIMES = st.sampled_from(["09:00", "09:15", "09:30", "10:00", "23:45"])
LENGTHS = st.sampled_from([15, 30, 60])


class Walk(RuleBasedStateMachine):
    """Two doctors, three patients, one day; ``now`` is what each visit must be."""

    visits: Bundle[int] = Bundle("visits")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.nested = session.begin_nested()
        first = make_doctor(session)
        self.hospital = first.hospital_id
        self.doctors = [first.id, make_doctor(session, self.hospital).id, None]
        self.patients = [make_patient(session).id for _ in range(3)]
        self.now: dict[int, AppointmentStatus] = {}
        self.before: dict[int, AppointmentStatus | None] = {}
        self.held: dict[int, tuple[int | None, int, Any, Any]] = {}

    def teardown(self) -> None:
        """Nothing of a walk stays."""
        self.nested.rollback()
        self.session.expunge_all()

    @rule(
        target=visits,
        doctor=st.integers(0, 2),
        patient=st.integers(0, 2),
        at=TIMES,
        minutes=LENGTHS,
    )
    def book(self, doctor: int, patient: int, at: str, minutes: int) -> int:
        """Fits exactly where neither doctor nor patient is taken."""
        wanted = asked_for(
            self.patients[patient],
            self.hospital,
            in_days(3),
            at,
            doctor_id=self.doctors[doctor],
            duration_minutes=minutes,
        )
        held = self._held(self.doctors[doctor], self.patients[patient], at, minutes)
        fits = not any(self._clash(held, other) for other in self._taken())
        made = self._try(
            fits, lambda: service.create_appointment(self.session, wanted, actor=DESK).id
        )
        if made is None:
            return 0
        self.now[made], self.before[made] = AppointmentStatus.SCHEDULED, None
        self.held[made] = held
        return int(made)

    @rule(visit=visits, step=st.sampled_from(sorted(STEPS)))
    def move(self, visit: int, step: AppointmentStatus) -> None:
        """Goes exactly where the table lets it."""
        if not visit:
            return
        allowed = self.now[visit].can_become(step)
        self._try(allowed, lambda: STEPS[step](self.session, visit, actor=DESK))
        if allowed:
            self.now[visit], self.before[visit] = step, self.now[visit]

    @rule(visit=visits, at=TIMES)
    def reschedule(self, visit: int, at: str) -> None:
        """A visit ahead goes to a time that is free but for itself."""
        if not visit:
            return
        doctor, patient, begins, ends = self.held[visit]
        held = self._held(doctor, patient, at, int((ends - begins).total_seconds() // 60))
        others = [other for one, other in self._live() if one != visit]
        fits = self.now[visit] in AHEAD and not any(self._clash(held, other) for other in others)
        wanted = Reschedule.model_validate({"appointment_date": in_days(3), "appointment_time": at})
        self._try(
            fits,
            lambda: service.reschedule_appointment(self.session, visit, wanted, actor=DESK),
        )
        if fits and held != self.held[visit]:
            if self.now[visit] is AppointmentStatus.CONFIRMED:
                self.before[visit] = None
            self.now[visit] = AppointmentStatus.SCHEDULED
            self.held[visit] = held

    @rule(visit=visits)
    def undo(self, visit: int) -> None:
        """One step, and a cancelled visit only where its time is still free."""
        if not visit:
            return
        before = self.before[visit]
        others = [other for one, other in self._live() if one != visit]
        blocked = self.now[visit] in FREE and any(
            self._clash(self.held[visit], other) for other in others
        )
        lawful = before is not None and not blocked
        why = StepBack(reason="a wrong click")
        self._try(lawful, lambda: service.undo(self.session, visit, why, actor=SUPERVISOR))
        if lawful and before is not None:
            self.now[visit], self.before[visit] = before, None

    @rule(visit=consumes(visits))
    def leave_alone(self, visit: int) -> None:
        """Some visits are never touched again."""

    @invariant()
    def both_say_the_same(self) -> None:
        """States, counts of visits and the books of points."""
        for visit, status in self.now.items():
            assert get_appointment(self.session, visit).status is status
        counted = self.session.execute(
            text("SELECT sum(visit_count) FROM crm_patients WHERE id = ANY(:ids)"),
            {"ids": self.patients},
        ).scalar_one()
        completed = [one for one in self.now.values() if one is AppointmentStatus.COMPLETED]
        assert counted == len(completed)
        assert list(invariants(self.session)) == []
        assert list(ledger_rules(self.session)) == []

    def _try(self, lawful: bool, act: Any) -> Any:
        """Does it in a savepoint; refused exactly where it is not lawful."""
        try:
            with self.session.begin_nested():
                done = act()
        except Refusal:
            assert not lawful
            return None
        assert lawful
        return done

    def _held(
        self, doctor: int | None, patient: int, at: str, minutes: int
    ) -> tuple[int | None, int, Any, Any]:
        wanted = asked_for(patient, self.hospital, in_days(3), at)
        begins = from_lagos(wanted.appointment_date, wanted.appointment_time)
        return doctor, patient, begins, begins + timedelta(minutes=minutes)

    def _live(self) -> list[tuple[int, tuple[int | None, int, Any, Any]]]:
        return [(one, held) for one, held in self.held.items() if self.now[one] not in FREE]

    def _taken(self) -> list[tuple[int | None, int, Any, Any]]:
        return [held for _, held in self._live()]

    def _clash(
        self, one: tuple[int | None, int, Any, Any], other: tuple[int | None, int, Any, Any]
    ) -> bool:
        same = (one[0] is not None and one[0] == other[0]) or one[1] == other[1]
        return same and one[2] < other[3] and other[2] < one[3]


def test_rules_and_database_never_disagree(session: Session) -> None:
    class Here(Walk):
        """A walk in this test's transaction."""

        def __init__(self) -> None:
            super().__init__(session)

    run_state_machine_as_test(Here, settings=WALKS)
