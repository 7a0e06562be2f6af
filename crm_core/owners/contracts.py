"""Contracts: what an owner gets of a hospital's revenue; drafted, signed, renewed, terminated."""

from contextlib import AbstractContextManager
from datetime import date, timedelta

from sqlalchemy import String, Text, bindparam, case, cast, func, select
from sqlalchemy.orm import Session

from crm_core.base.db import refusing_violations
from crm_core.base.errors import Conflict, Invalid, NotFound
from crm_core.base.parameters import Parameter
from crm_core.base.read import Listing, Order, Read
from crm_core.hospitals.models import Hospital
from crm_core.owners.models import Owner, OwnerContract
from crm_core.owners.schemas import (
    LAST_CONTRACT_DAY,
    ContractCreate,
    ContractFilter,
    ContractRead,
)
from crm_core.people.schemas import Actor, Permission

_EXPIRING_DAYS = (
    select(cast(Parameter.value, OwnerContract.id.type))
    .where(Parameter.name == "contracts.expiring_days")
    .scalar_subquery()
)
# In a query of its own it is worked out once, not once a row.
_TODAY = select(func.crm_lagos_today(type_=OwnerContract.start_date.type)).scalar_subquery()
_STATUS = cast(
    case(
        (OwnerContract.state != "signed", OwnerContract.state),
        (OwnerContract.end_date < _TODAY, "expired"),
        (OwnerContract.end_date - _TODAY <= _EXPIRING_DAYS, "expiring"),
        else_="active",
    ),
    String,
)

CONTRACTS: Listing[ContractRead] = Listing(
    schema=ContractRead,
    statement=select(
        OwnerContract.id,
        OwnerContract.contract_code,
        OwnerContract.owner_id,
        cast(Owner.first_name + " " + Owner.last_name, Text).label("owner_name"),
        OwnerContract.hospital_id,
        Hospital.name.label("hospital_name"),
        OwnerContract.revenue_share_percent,
        OwnerContract.minimum_guarantee,
        OwnerContract.start_date,
        OwnerContract.end_date,
        _STATUS.label("status"),
        OwnerContract.renewed_from_id,
        OwnerContract.notes,
        OwnerContract.created_at,
    )
    .join(Owner, Owner.id == OwnerContract.owner_id)
    .join(Hospital, Hospital.id == OwnerContract.hospital_id),
    filters={
        "owner_id": OwnerContract.owner_id == bindparam("owner_id"),
        "hospital_id": OwnerContract.hospital_id == bindparam("hospital_id"),
        "status": bindparam("status", type_=String) == _STATUS,
        "code": OwnerContract.contract_code == func.upper(bindparam("code", type_=Text)),
    },
    orders={"newest": Order((OwnerContract.created_at, OwnerContract.id))},
    key=OwnerContract.id,
    noun="Contract",
)


def list_contracts(filters: ContractFilter) -> Read[ContractRead]:
    """Contracts, newest first."""
    return CONTRACTS.read(filters)


def get_contract(session: Session, contract_id: int) -> ContractRead:
    """One contract; ``NotFound`` where there is none."""
    return CONTRACTS.one(session, contract_id)


def draft_contract(session: Session, data: ContractCreate, *, actor: Actor) -> ContractRead:
    """Writes a contract down; it pays nothing until it is signed."""
    actor.require(Permission.OWNERS_WRITE)
    contract = OwnerContract(**data.model_dump())
    session.add(contract)
    with _refusing():
        session.flush()
    return get_contract(session, contract.id)


def sign_contract(session: Session, contract_id: int, *, actor: Actor) -> ContractRead:
    """Puts a draft into force; one signed contract an owner, hospital and time."""
    actor.require(Permission.OWNERS_WRITE)
    contract = _locked(session, contract_id)
    if contract.state != "draft":
        raise Conflict(f"Only a draft can be signed: {contract.contract_code} is {contract.state}.")
    contract.state = "signed"
    with _refusing():
        session.flush()
    return get_contract(session, contract_id)


def terminate_contract(session: Session, contract_id: int, *, actor: Actor) -> ContractRead:
    """Ends a contract before its time; payouts made of it stay as they are."""
    actor.require(Permission.OWNERS_WRITE)
    contract = _locked(session, contract_id)
    if contract.state == "terminated":
        raise Conflict(f"{contract.contract_code} is terminated already.")
    contract.state = "terminated"
    session.flush()
    return get_contract(session, contract_id)


def renew_contract(
    session: Session, contract_id: int, *, end_date: date, actor: Actor
) -> ContractRead:
    """A signed contract on the same terms from the day after the old one ends."""
    actor.require(Permission.OWNERS_WRITE)
    old = _locked(session, contract_id)
    if old.state != "signed":
        raise Conflict(f"Only a signed contract can be renewed: this one is {old.state}.")
    if end_date <= old.end_date + timedelta(days=1):
        raise Invalid.field("end_date", "Give an end after the present contract's end.")
    if end_date > LAST_CONTRACT_DAY:
        raise Invalid.field("end_date", f"Give an end until {LAST_CONTRACT_DAY:%Y}.")
    renewed = OwnerContract(
        owner_id=old.owner_id,
        hospital_id=old.hospital_id,
        revenue_share_percent=old.revenue_share_percent,
        minimum_guarantee=old.minimum_guarantee,
        start_date=old.end_date + timedelta(days=1),
        end_date=end_date,
        state="signed",
        renewed_from_id=old.id,
    )
    session.add(renewed)
    with _refusing():
        session.flush()
    return get_contract(session, renewed.id)


def _locked(session: Session, contract_id: int) -> OwnerContract:
    contract = session.get(OwnerContract, contract_id, with_for_update=True, populate_existing=True)
    if contract is None:
        raise NotFound("Contract not found")
    return contract


def _refusing() -> AbstractContextManager[None]:
    return refusing_violations(
        ex_crm_owner_contracts_one_signed="This owner has a signed contract for this hospital in"
        " that time: end or renew that one.",
        fk_crm_owner_contracts_owner_id="There is no such owner.",
        fk_crm_owner_contracts_hospital_id="There is no such hospital.",
    )
