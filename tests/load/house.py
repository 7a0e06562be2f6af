"""A whole house at the benchmark's size: payouts, patients, messages, visits, feedback."""

import os
from pathlib import Path

import psycopg

from crm_core.base.migrate import migrate
from crm_core.generate import (
    generate,
    generate_appointments,
    generate_feedback,
    generate_messages,
)

PATIENTS = int(os.environ.get("CRM_BENCH_PATIENTS", "1000000"))
TRANSACTIONS = int(os.environ.get("CRM_BENCH_TRANSACTIONS", "10000000"))
MESSAGES = int(os.environ.get("CRM_BENCH_MESSAGES", "10000000"))
VISITS = int(os.environ.get("CRM_BENCH_VISITS", "2000000"))
PIECES = int(os.environ.get("CRM_BENCH_FEEDBACK", "1000000"))
DOCTORS = int(os.environ.get("CRM_BENCH_DOCTORS", "500"))


def build(owner: str) -> None:
    """Fills an empty database, at its address with the role of the owner of the tables.

    300 hospitals in 12 states and 2,000 owners with 100,000 payouts come from ``business.sql``;
    the rest is made up by the commands that anybody has.
    """
    migrate(owner)
    with psycopg.connect(owner) as connection:
        connection.execute((Path(__file__).parent / "business.sql").read_bytes())
        connection.execute(_PEOPLE)
    generate(owner, patients=PATIENTS, transactions=TRANSACTIONS, seed=1, say=_quietly)
    generate_messages(owner, messages=MESSAGES, seed=1, say=_quietly)
    generate_appointments(owner, appointments=VISITS, doctors=DOCTORS, seed=1, say=_quietly)
    generate_feedback(owner, pieces=PIECES, seed=1, say=_quietly)


def _quietly(_: str) -> None:
    """A benchmark tells nobody how far it is."""


_PEOPLE = """
INSERT INTO crm_departments (hospital_id, name)
SELECT h.id, d FROM crm_hospitals h, unnest(ARRAY['Pharmacy', 'Surgery', 'Maternity', 'Children',
    'Eyes', 'Emergency', 'Laboratory', 'Heart']) AS d;
INSERT INTO crm_staff (email, name, roles)
SELECT 'desk' || n || '@example.ng', 'Desk ' || n, ARRAY['viewer'] FROM generate_series(1, 30) AS n
"""
