"""Patients by chance, and the plain way of telling whether one matches a segment."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.campaigns.segments.schemas import Condition, Criteria, Group
from crm_core.patients.schemas import age_on

STATES: dict[str, list[str | None]] = {
    "Lagos": ["Eti-Osa", "Ikeja"],
    "Kano": ["Dala", None],
    "FCT": [None],
}
ILLNESSES = ["diabetes", "Hypertension", "Sickle Cell", "asthma"]


@dataclass(frozen=True)
class Facts:
    """What there is to know of a patient in care."""

    id: int
    born: date
    sex: str
    state: str
    lga: str | None
    hospital: int | None
    tier: str
    points: int
    lots: list[tuple[date, int]]
    last_visit: date | None
    visits: int
    no_shows: int
    booked: list[date]
    conditions: list[str]
    consent: frozenset[str]
    campaigns: frozenset[int]


def make_crowd(session: Session, people: int, seed: int = 1) -> None:
    """Patients whose every property is drawn by lot, written as plain rows."""
    lot, today = random.Random(seed), lagos_today()
    hospital = session.execute(
        text(
            "INSERT INTO crm_hospitals (name, city, state)"
            " VALUES ('H', 'Lagos', 'Lagos') RETURNING id"
        )
    ).scalar_one()
    campaign = _make_past_campaign(session)
    for number in range(people):
        _make_patient(session, lot, today, number, hospital, campaign)
    # Two who are never in a segment, whatever it says.
    session.execute(
        text("UPDATE crm_patients SET status = 'deceased' WHERE phone = '+2348000000000'")
    )
    session.execute(
        text("UPDATE crm_patients SET status = 'inactive' WHERE phone = '+2348000000001'")
    )


def _make_past_campaign(session: Session) -> int:
    found: int = session.execute(
        text(
            "INSERT INTO crm_campaigns (name, type, target_audience, channels, message_template,"
            " created_by, created_by_name, drafters) VALUES ('Past', 'educational', 'all_patients',"
            " '{sms}', 'Hello', 'staff:1', 'Ada', '{staff:1}') RETURNING id"
        )
    ).scalar_one()
    return found


def _make_patient(
    session: Session, lot: random.Random, today: date, number: int, *places: int
) -> None:
    hospital, campaign = places
    state = lot.choice(list(STATES))
    patient = session.execute(
        text(
            "INSERT INTO crm_patients (first_name, last_name, phone, date_of_birth, gender,"
            " address, city, state, lga, preferred_hospital_id, last_visit_date, visit_count,"
            " chronic_conditions, communication_preferences) VALUES ('A', 'B', :phone, :born, :sex,"
            " 'x', 'x', :state, :lga, :hospital, :last_visit, :visits, :conditions,"
            " CAST(:consent AS jsonb)) RETURNING id"
        ),
        {
            "phone": f"+234800000{number:04d}",
            "born": today - timedelta(days=lot.randrange(0, 36_000)),
            "sex": lot.choice(["male", "female", "other"]),
            "state": state,
            "lga": lot.choice(STATES[state]),
            "hospital": lot.choice([hospital, None]),
            "last_visit": lot.choice([None, today - timedelta(days=lot.randrange(0, 400))]),
            "visits": lot.randrange(0, 12),
            "conditions": lot.sample(ILLNESSES, lot.randrange(0, 3)),
            "consent": "{"
            + ", ".join(
                f'"{c}": {"true" if lot.random() < 0.6 else "false"}'
                for c in ("sms", "email", "whatsapp", "push")
            )
            + "}",
        },
    ).scalar_one()
    _make_points(session, lot, today, patient)
    _make_visits(session, lot, today, patient, hospital)
    if lot.random() < 0.4:
        session.execute(
            text(
                "WITH run AS (INSERT INTO crm_campaign_runs (campaign_id, day)"
                " VALUES (:c, '2020-01-01')"
                " ON CONFLICT (campaign_id, day) DO UPDATE SET people = 0 RETURNING id)"
                " INSERT INTO crm_campaign_recipients (run_id, person_id, outcome)"
                " SELECT id, :p, CAST(:o AS crm_fate) FROM run"
            ),
            {"c": campaign, "p": patient, "o": lot.choice(["queued", "control", "no_consent"])},
        )


def _make_points(session: Session, lot: random.Random, today: date, patient: int) -> None:
    session.execute(
        text(
            "INSERT INTO crm_loyalty_accounts (id, balance, tier, review_on)"
            " VALUES (:id, :balance, :tier, :today)"
        ),
        {
            "id": patient,
            "balance": lot.choice([0, 50, 500, 1200]),
            "tier": lot.choice(["bronze", "silver", "gold", "platinum"]),
            "today": today,
        },
    )
    for _ in range(lot.randrange(0, 3)):
        session.execute(
            text(
                "WITH row AS (INSERT INTO crm_loyalty_transactions (patient_id, transaction_type,"
                " points, balance_after, description, rule)"
                " VALUES (:id, 'earned', 100, 100, 'x', 'x')"
                " RETURNING id) INSERT INTO crm_loyalty_lots (id, patient_id, points, remaining,"
                " expires_on) SELECT id, :id, 100, :remaining, :expires FROM row"
            ),
            {
                "id": patient,
                "remaining": lot.choice([0, 40, 100]),
                "expires": today + timedelta(days=lot.randrange(-5, 60)),
            },
        )


def _make_visits(
    session: Session, lot: random.Random, today: date, patient: int, hospital: int
) -> None:
    for number in range(lot.randrange(0, 3)):
        session.execute(
            text(
                "INSERT INTO crm_appointments (patient_id, hospital_id, starts_at, type, status,"
                " booked_at, created_by)"
                " VALUES (:p, :h, CAST(:day AS date) + make_interval(hours => :n),"
                " 'consultation', :status, CAST(:day AS date) + interval '12 hours', 'staff:1')"
            ),
            {
                "p": patient,
                "h": hospital,
                "n": number,
                "day": today - timedelta(days=lot.randrange(0, 100)),
                "status": lot.choice(["scheduled", "no_show"]),
            },
        )


def read_facts(session: Session) -> list[Facts]:
    """Everybody in care, read in the plainest way."""
    rows = session.execute(text(_FACTS)).mappings()
    return [
        Facts(
            **{
                **row,
                "lots": [(date.fromisoformat(d), n) for d, n in row["lots"] or []],
                "booked": [date.fromisoformat(d) for d in row["booked"] or []],
                "consent": frozenset(name for name, yes in row["consent"].items() if yes),
                "campaigns": frozenset(row["campaigns"] or []),
            }
        )
        for row in rows
    ]


def matches(part: Criteria | Group | Condition, facts: Facts, today: date) -> bool:
    """Whether the segment holds for the patient."""
    if isinstance(part, Condition):
        return _holds(part, facts, today)
    inner = [matches(one, facts, today) for one in part.conditions]
    return not inner or (all(inner) if part.match == "all" else any(inner))


def _holds(condition: Condition, facts: Facts, today: date) -> bool:
    value: Any = condition.value
    numbers = {
        "age": age_on(facts.born, today),
        "points": facts.points,
        "visits": facts.visits,
        "no_shows": facts.no_shows,
    }
    if condition.field not in numbers:
        return bool(_OTHERS[condition.field](facts, condition.operator, value, today))
    number = numbers[condition.field]
    if condition.operator == "between":
        return bool(value[0] <= number <= value[1])
    return bool(number >= value if condition.operator == "at_least" else number <= value)


def _one_of(found: object, operator: str, value: Any) -> bool:
    return (found in value) == (operator == "is_any_of")


def _last_visit(facts: Facts, operator: str, value: Any, today: date) -> bool:
    day = facts.last_visit
    if operator == "never" or day is None:
        return operator == "never" and day is None
    if operator.endswith("_days"):
        within = (today - day).days <= value
        return bool(within if operator == "within_days" else not within)
    limit = date.fromisoformat(value)
    return day >= limit if operator == "on_or_after" else day <= limit


def _included(found: frozenset[str], operator: str, value: Any) -> bool:
    shared = found & set(value)
    if operator == "includes_all_of":
        return shared == set(value)
    return bool(shared) == (operator == "includes_any_of")


_OTHERS: dict[str, Any] = {
    "sex": lambda f, o, v, _: _one_of(f.sex, o, v),
    "state": lambda f, o, v, _: _one_of(f.state, o, v),
    "lga": lambda f, o, v, _: _one_of(f"{f.state}: {f.lga or ''}", o, v),
    "hospital": lambda f, o, v, _: _one_of(f.hospital, o, v),
    "tier": lambda f, o, v, _: _one_of(f.tier, o, v),
    "points_expiring": lambda f, _, v, today: (
        sum(n for day, n in f.lots if 0 <= (day - today).days <= v["days"]) >= v["points"]
    ),
    "last_visit": _last_visit,
    "booked": lambda f, o, v, _: (
        any(day >= date.fromisoformat(v) for day in f.booked) == (o == "since")
    ),
    "conditions": lambda f, o, v, _: _included(frozenset(c.casefold() for c in f.conditions), o, v),
    "consent": lambda f, o, v, _: _included(f.consent, o, v),
    "campaign": lambda f, o, v, _: bool(f.campaigns & set(v)) == (o == "took_part"),
}
_FACTS = """
    SELECT p.id, p.date_of_birth AS born, p.gender AS sex, p.state, p.lga,
           p.preferred_hospital_id AS hospital, a.tier, a.balance AS points,
           p.last_visit_date AS last_visit, p.visit_count AS visits,
           p.chronic_conditions AS conditions, p.communication_preferences AS consent,
           (SELECT json_agg(json_build_array(l.expires_on, l.remaining))
            FROM crm_loyalty_lots l WHERE l.patient_id = p.id) AS lots,
           (SELECT count(*) FROM crm_appointments v
            WHERE v.patient_id = p.id AND v.status = 'no_show') AS no_shows,
           (SELECT json_agg((v.booked_at AT TIME ZONE 'Africa/Lagos')::date)
            FROM crm_appointments v WHERE v.patient_id = p.id) AS booked,
           (SELECT array_agg(r.campaign_id) FROM crm_campaign_recipients c
            JOIN crm_campaign_runs r ON r.id = c.run_id
            WHERE c.person_id = p.id AND c.outcome = 'queued') AS campaigns
    FROM crm_patients p JOIN crm_loyalty_accounts a ON a.id = p.id
    WHERE p.status = 'active' AND p.merged_into_id IS NULL
"""
