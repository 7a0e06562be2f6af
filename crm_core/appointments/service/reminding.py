"""Reminders: each due person once for each kind and time, however often and where jobs run.

A row of notices is written first, and is unique; whoever writes it sends. Runs that meet wait for
each other's rows and find them written. What a missed run left is sent by the next one: of several
kinds that are due only the nearest, for nobody needs two reminders at once.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from crm_core.appointments.models import Appointment
from crm_core.appointments.queries import APPOINTMENTS
from crm_core.appointments.schemas import (
    AppointmentRead,
    AppointmentStatus,
    NoticeKind,
    ReminderCommit,
    RemindersSent,
)
from crm_core.appointments.service import common, notices
from crm_core.base import parameters
from crm_core.base.acts import Act
from crm_core.base.clock import lagos_today, utc_now
from crm_core.base.errors import Invalid
from crm_core.base.preflight import MOST, Change, Plan, Receipt, Verdict, check_ids, make_plan
from crm_core.messaging.choosing import choose, refusals_of
from crm_core.messaging.contacts import contacts_of
from crm_core.messaging.schemas import SKIP_SENTENCES, Purpose, RecipientType
from crm_core.people.schemas import Actor, Permission

_KINDS = (NoticeKind.EARLY, NoticeKind.DAY, NoticeKind.FINAL)
SLICE = 500
"""So many visits are claimed and written about at a time."""


def send_due_reminders(session: Session, *, actor: Actor, limit: int = 500) -> int:
    """Reminds those who are due; gives how many were looked at, 0 when all is done."""
    made = session.execute(_CLAIM_DUE, {**_hours(session), "limit": limit}).scalars().all()
    notices.send(session, made, actor=actor)
    return len(made)


def send_reminders(session: Session, day: date | None, *, actor: Actor) -> RemindersSent:
    """Reminds everybody who has a visit on a day, tomorrow in Lagos by itself; each once."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    ids = _ahead_on(session, _day(day))
    return RemindersSent(totalAppointments=len(ids), remindersSent=_remind(session, ids, actor))


def plan_reminders(session: Session, day: date | None, *, actor: Actor) -> Plan:
    """Who would be reminded of a visit on that day, and who not and why; writes nothing."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    ids = _ahead_on(session, _day(day), limit=MOST + 1)
    if len(ids) > MOST:
        raise Invalid.field("date", f"More than {MOST:,} visits: remind by the API or the jobs.")
    return _plan(session, APPOINTMENTS.some(session, ids))


def commit_reminders(session: Session, data: ReminderCommit, *, actor: Actor) -> Receipt:
    """Reminds those who were shown and of whom nothing changed since."""
    actor.require(Permission.APPOINTMENTS_WRITE)
    wanted = check_ids(data.ids)
    common.lock_appointments(session, wanted)
    visits = APPOINTMENTS.some(session, wanted)
    act = Act("appointment_reminders", "Reminders sent", data.fingerprint, actor)
    accepted, refused = act.accepted_now(_plan(session, visits, ids=wanted))
    sent = _remind(session, sorted(accepted), actor)
    reminded = [visit for visit in visits if visit.id in set(accepted)]
    return act.conclude(
        session,
        changed=[
            Change(
                id=visit.id, label=common.label_of(visit), before="not reminded", after="reminded"
            )
            for visit in reminded
        ],
        refused=refused,
        totals={"reminded": str(sent)},
    )


def mark_missed(session: Session, *, limit: int = 500) -> int:
    """The job that marks who did not come; gives how many, 0 when all is done.

    Whoever has checked in is in another state and never among them; and what a supervisor set
    back after the time stays as it is.
    """
    minutes = int(parameters.value_of(session, "appointments.no_show_minutes"))
    ids = session.execute(_MISSED, {"minutes": minutes, "limit": limit}).scalars().all()
    if ids:
        session.execute(
            update(Appointment)
            .where(Appointment.id.in_(ids))
            .values(status=AppointmentStatus.NO_SHOW.value),
            execution_options=common.VALUES,
        )
    return len(ids)


def fold_sums(session: Session) -> int:
    """Folds what triggers appended into the sums by day; gives how many rows."""
    folded: int = session.execute(text("SELECT crm_appointments_fold()")).scalar_one()
    return folded


def _day(day: date | None) -> date:
    return day or lagos_today() + timedelta(days=1)


def _hours(session: Session) -> dict[str, int]:
    """How long before a visit each kind is due; 0 where it is switched off."""
    return {
        kind.value: int(parameters.value_of(session, f"appointments.{kind.value}_reminder_hours"))
        for kind in _KINDS
    }


def _far(session: Session) -> int:
    """Beyond so many hours a reminder by hand is the early one: the day's still comes by itself."""
    hours = _hours(session)
    return max(hours[NoticeKind.EARLY], hours[NoticeKind.DAY])


def _ahead_on(session: Session, day: date, *, limit: int | None = None) -> Sequence[int]:
    return session.execute(_AHEAD_ON, {"day": day, "limit": limit}).scalars().all()


def _remind(session: Session, ids: Sequence[int], actor: Actor) -> int:
    """Claims and sends by slices of ids, which are in order; gives how many were not skipped."""
    sent, far = 0, _far(session)
    for first in range(0, len(ids), SLICE):
        part = {"ids": ids[first : first + SLICE], "far": far}
        made = session.execute(_CLAIM, part).scalars().all()
        sent += notices.send(session, made, actor=actor)
    return sent


def _plan(session: Session, visits: Sequence[AppointmentRead], *, ids: Sequence[int] = ()) -> Plan:
    asked = {"ids": [visit.id for visit in visits], "far": _far(session)}
    reminded = set(session.execute(_REMINDED, asked).scalars().all())
    unreachable = _unreachable(session, visits)
    verdicts = common.missing(ids, visits)
    for visit in visits:
        code, reason = _judge(visit, reminded, unreachable)
        verdicts.append(
            Verdict(
                id=visit.id,
                label=common.label_of(visit),
                ok=code == "remind",
                code=code,
                reason=reason,
                state=str(visit.version),
            )
        )
    count = sum(verdict.ok for verdict in verdicts)
    totals = {"count": count, "messages": count, "refused": len(verdicts) - count}
    return make_plan(verdicts, totals)


def _judge(
    visit: AppointmentRead, reminded: set[int], unreachable: dict[int, str]
) -> tuple[str, str]:
    if visit.status not in (AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED):
        return "state", f"{visit.appointment_code} is {common.words_of(visit.status)} by now."
    if visit.starts_at <= utc_now():
        return "begun", "The visit has begun."
    if visit.id in reminded:
        return "reminded", "Was reminded of this visit already."
    if visit.patient_id in unreachable:
        return "unreachable", unreachable[visit.patient_id]
    return "remind", "Will be reminded."


def _unreachable(session: Session, visits: Sequence[AppointmentRead]) -> dict[int, str]:
    """Patients who cannot be written to, with the reason in a sentence."""
    contacts = contacts_of(session, {(RecipientType.PATIENT, visit.patient_id) for visit in visits})
    refusals = refusals_of(session, list(contacts.values()))
    found: dict[int, str] = {}
    for (_, patient_id), contact in contacts.items():
        _, reason = choose(contact, Purpose.REMINDER, refusals, wanted=None)
        if reason is not None:
            found[patient_id] = SKIP_SENTENCES[reason]
    return found


_CLAIM_DUE = text(
    """
    WITH kinds AS (
        SELECT kind, hours FROM (VALUES ('early', CAST(:early AS int)), ('day', CAST(:day AS int)),
                                        ('final', CAST(:final AS int))) AS k (kind, hours)
        WHERE hours > 0
    ), due AS (
        SELECT a.id, a.starts_at, k.kind,
               row_number() OVER (PARTITION BY a.id ORDER BY k.hours) AS n
        FROM crm_appointments a
        JOIN kinds k ON a.starts_at <= now() + make_interval(hours => k.hours)
        WHERE a.status IN ('scheduled', 'confirmed') AND a.starts_at > now()
          AND a.starts_at <= now() + make_interval(hours => (SELECT max(hours) FROM kinds))
          -- Who booked later than this one was due has just been told.
          AND a.booked_at <= a.starts_at - make_interval(hours => k.hours)
          AND NOT EXISTS (
              SELECT FROM crm_appointment_notices n JOIN kinds later ON later.kind = n.kind
              WHERE n.appointment_id = a.id AND n.starts_at = a.starts_at
                AND later.hours <= k.hours)
    )
    INSERT INTO crm_appointment_notices (appointment_id, kind, starts_at)
    SELECT id, kind, starts_at FROM due WHERE n = 1 ORDER BY id LIMIT :limit
    ON CONFLICT (appointment_id, kind, starts_at)
        WHERE kind <> 'booked' AND kind <> 'moved' AND kind <> 'cancelled'
        DO NOTHING
    RETURNING id
    """
)
_BY_HAND = """
    CASE WHEN a.starts_at > now() + make_interval(hours => :far) THEN 'early' ELSE 'day' END
"""
_CLAIM = text(
    f"""
    INSERT INTO crm_appointment_notices (appointment_id, kind, starts_at)
    SELECT id, {_BY_HAND}, starts_at FROM crm_appointments a
    WHERE id = ANY(:ids) AND status IN ('scheduled', 'confirmed') AND starts_at > now() ORDER BY id
    ON CONFLICT (appointment_id, kind, starts_at)
        WHERE kind <> 'booked' AND kind <> 'moved' AND kind <> 'cancelled'
        DO NOTHING
    RETURNING id
    """  # noqa: S608 # a constant of ours
)
_REMINDED = text(
    f"""
    SELECT a.id FROM crm_appointments a JOIN crm_appointment_notices n
        ON n.appointment_id = a.id AND n.starts_at = a.starts_at AND n.kind = {_BY_HAND}
    WHERE a.id = ANY(:ids)
    """  # noqa: S608
)
_AHEAD_ON = text(
    """
    SELECT id FROM crm_appointments
    WHERE status IN ('scheduled', 'confirmed')
      AND starts_at >= crm_lagos_day(:day, 0) AND starts_at < crm_lagos_day(:day, 1)
    ORDER BY id LIMIT :limit
    """
)
_MISSED = text(
    """
    SELECT id FROM crm_appointments
    WHERE status IN ('scheduled', 'confirmed')
      AND starts_at < now() - make_interval(mins => :minutes)
      AND status_changed_at < starts_at + make_interval(mins => :minutes)
    ORDER BY starts_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    """
)
