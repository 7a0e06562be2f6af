"""Made-up visits: as many as asked for, sound, and something to look at."""

import pytest

from crm_core.appointments.boards import week
from crm_core.appointments.figures import appointment_stats
from crm_core.appointments.schemas import StatsFilter
from crm_core.base.clock import lagos_today
from crm_core.base.db import SessionFactory, reading
from crm_core.base.errors import Conflict
from crm_core.generate import generate, generate_appointments
from crm_core.verify import faults
from tests.generate.test_generate import shape
from tests.make_business import make_hospital


@pytest.fixture
def owner(own_database: str) -> str:
    """The address of a database with a hospital and patients, as the owner of the tables."""
    with SessionFactory.begin() as session:
        make_hospital(session)
    url = own_database + "&options=-c%20role%3Dcrm_owner"
    generate(url, patients=60, transactions=100, seed=1, say=lambda _: None)
    return url


def make(owner: str, appointments: int = 1200, doctors: int = 5, seed: int = 1) -> int:
    made = generate_appointments(
        owner, appointments=appointments, doctors=doctors, seed=seed, say=lambda _: None
    )
    return made.rows


def test_what_must_always_hold_holds_and_everything_is_as_before(owner: str) -> None:
    before = shape(owner)
    assert make(owner) == 1200
    assert shape(owner) == before
    with reading() as session:
        assert list(faults(session)) == []


def test_there_is_something_to_look_at(owner: str) -> None:
    make(owner)
    with reading() as session:
        stats = appointment_stats(session, StatsFilter())
        assert stats.total.completed > stats.total.missed > 0
        assert stats.total.utilisation is not None
        [row] = stats.rows
        assert week(session, int(row.key), lagos_today())


def test_they_are_made_once(owner: str) -> None:
    make(owner)
    with pytest.raises(Conflict, match="at the same times"):
        make(owner)


def test_nobody_is_in_two_places(owner: str) -> None:
    with pytest.raises(Conflict, match="fewer patients than doctors"):
        make(owner, doctors=61)
