"""Patients and rewards to arrange a test with, made by the services."""

from itertools import count

from sqlalchemy.orm import Session

from crm_core.loyalty import merging, service
from crm_core.loyalty.merging.schemas import Merge
from crm_core.loyalty.schemas import MemberRead, RewardCreate, RewardRead
from crm_core.patients.schemas import PatientCreate
from crm_core.people.schemas import Role
from tests.make import make_actor

DESK = make_actor(Role.VIEWER)
"""Who stands at the desk: registers patients and hands out rewards."""
ADJUSTER = make_actor(Role.FINANCE)

_numbers = count(1)


def asked(name: str = "Ada Obi", **more: object) -> dict[str, object]:
    """What a registration form holds, with a phone number of its own."""
    first, _, last = name.partition(" ")
    return {
        "first_name": first,
        "last_name": last,
        "phone": f"0803{next(_numbers):07d}",
        "date_of_birth": "1990-05-15",
        "gender": "female",
        "address": "1 Marina",
        "city": "Lagos",
        "state": "Lagos",
    } | more


def make_patient(session: Session, name: str = "Ada Obi", **more: object) -> MemberRead:
    """A registered patient with the welcome points."""
    data = PatientCreate.model_validate(asked(name, **more))
    return service.register_patient(session, data, actor=DESK)


def make_reward(session: Session, cost: int = 50, **more: object) -> RewardRead:
    """A reward that everybody may take, without end."""
    wanted = {"name": f"Reward {next(_numbers)}", "cost": cost} | more
    return service.create_reward(session, RewardCreate.model_validate(wanted), actor=ADJUSTER)


def join(
    session: Session, stays_id: int, gone_id: int, *, why: str = "the same person"
) -> MemberRead:
    """Two records of one person made one."""
    both = Merge(stays_id=stays_id, gone_id=gone_id)
    return merging.merge_patients(session, both, why=why, actor=DESK)
