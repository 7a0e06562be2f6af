"""The sample patients: registered, with points earned and redeemed by the programme's rules."""

from typing import Any

from sqlalchemy.orm import Session

from crm_core.loyalty import service
from crm_core.loyalty.schemas import Earn, Redeem, RewardCreate
from crm_core.patients.schemas import PatientCreate
from crm_core.people.schemas import Actor
from seeds.files import read_entries


def load_patients(session: Session, *, actor: Actor) -> None:
    """Rewards, then patients; every balance is the sum of its ledger."""
    for entry in read_entries("rewards.json"):
        service.create_reward(session, RewardCreate(**entry), actor=actor)
    for entry in read_entries("patients.json"):
        _load(session, entry, actor)


def _load(session: Session, entry: dict[str, Any], actor: Actor) -> None:
    patient = service.register_patient(session, PatientCreate(**entry["patient"]), actor=actor)
    for points, description in entry["earns"]:
        given = Earn(points=points, description=description)
        service.earn(session, patient.id, given, actor=actor)
    if "redeems" in entry:
        points, description = entry["redeems"]
        taken = Redeem(points=points, description=description)
        service.redeem(session, patient.id, taken, actor=actor)
