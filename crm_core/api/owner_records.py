"""What belongs to an owner: contracts, bank account, surveys, conversations, identity."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict

from crm_core.api.deps import CurrentActor, Db, ReadDb, ReaderDep, needs
from crm_core.api.responses import Done, Envelope, JsonText, Rows
from crm_core.api.route import Route
from crm_core.api.why import Why
from crm_core.base.words import RecordId
from crm_core.owners import contracts, queries, service
from crm_core.owners.schemas import (
    AccountChange,
    AccountRead,
    ContactCreate,
    ContactRead,
    ContractCreate,
    ContractFilter,
    ContractRead,
    SurveyCreate,
    SurveyRead,
)
from crm_core.people.schemas import Permission

router = APIRouter(
    tags=["Owners' records"],
    route_class=Route,
    dependencies=[needs(Permission.OWNERS_READ)],
)
OwnerId = Annotated[RecordId, Path()]
ContractId = Annotated[RecordId, Path()]


class Renewal(BaseModel):
    """How long the same terms go on."""

    model_config = ConfigDict(extra="forbid")

    end_date: date


class Identity(BaseModel):
    """Whole numbers, as far as they are known."""

    nin: str | None = None
    account_number: str | None = None


@router.get("/contracts")
async def list_contracts(
    reader: ReaderDep, filters: Annotated[ContractFilter, Query()]
) -> JsonText[Rows[ContractRead]]:
    """Contracts, the newest first."""
    return JsonText(await contracts.list_contracts(filters).fetch(reader))


@router.post("/contracts", status_code=201)
def draft_contract(db: Db, actor: CurrentActor, data: ContractCreate) -> Done[ContractRead]:
    """Writes a contract down; it pays nothing until it is signed."""
    contract = contracts.draft_contract(db, data, actor=actor)
    return Done(message="Contract created successfully", data=contract)


@router.get("/contracts/{contract_id}")
async def get_contract(
    reader: ReaderDep, contract_id: ContractId
) -> JsonText[Envelope[ContractRead]]:
    """One contract."""
    return JsonText(await contracts.CONTRACTS.find(contract_id).fetch(reader))


@router.post("/contracts/{contract_id}/sign")
def sign_contract(db: Db, actor: CurrentActor, contract_id: ContractId) -> Done[ContractRead]:
    """Puts a draft into force: one contract an owner, hospital and time."""
    contract = contracts.sign_contract(db, contract_id, actor=actor)
    return Done(message="Contract signed", data=contract)


@router.post("/contracts/{contract_id}/renew")
def renew_contract(
    db: Db, actor: CurrentActor, contract_id: ContractId, data: Renewal
) -> Done[ContractRead]:
    """A contract on the same terms from the day after this one ends."""
    contract = contracts.renew_contract(db, contract_id, end_date=data.end_date, actor=actor)
    return Done(message="Contract renewed", data=contract)


@router.post("/contracts/{contract_id}/terminate")
def terminate_contract(db: Db, actor: CurrentActor, contract_id: ContractId) -> Done[ContractRead]:
    """Ends a contract before its time; payouts made of it stay as they are."""
    contract = contracts.terminate_contract(db, contract_id, actor=actor)
    return Done(message="Contract terminated", data=contract)


@router.get("/owners/{owner_id}/account")
def get_account(db: ReadDb, owner_id: OwnerId) -> Envelope[AccountRead]:
    """The bank account that the owner is paid to, masked."""
    queries.get_owner(db, owner_id)
    return Envelope(data=queries.require_account(db, owner_id))


@router.put("/owners/{owner_id}/account")
def change_account(
    db: Db, actor: CurrentActor, owner_id: OwnerId, data: AccountChange
) -> Done[AccountRead]:
    """Sets the bank account; approvers see for a day that it is new."""
    account = service.change_account(db, owner_id, data, actor=actor)
    return Done(message="Bank account changed", data=account)


@router.get("/owners/{owner_id}/surveys")
def list_surveys(db: ReadDb, owner_id: OwnerId) -> Envelope[list[SurveyRead]]:
    """The latest fifty surveys, the newest first."""
    queries.get_owner(db, owner_id)
    return Envelope(data=queries.surveys_of(db, owner_id))


@router.post("/owners/{owner_id}/surveys", status_code=201)
def record_survey(
    db: Db, actor: CurrentActor, owner_id: OwnerId, data: SurveyCreate
) -> Done[SurveyRead]:
    """Keeps an owner's answer and brings the satisfaction score up to date."""
    survey = service.record_survey(db, owner_id, data, actor=actor)
    return Done(message="Survey recorded", data=survey)


@router.get("/owners/{owner_id}/contacts")
def list_contacts(db: ReadDb, owner_id: OwnerId) -> Envelope[list[ContactRead]]:
    """The latest fifty conversations, the newest first."""
    queries.get_owner(db, owner_id)
    return Envelope(data=queries.contacts_of(db, owner_id))


@router.post("/owners/{owner_id}/contacts", status_code=201)
def log_contact(
    db: Db, actor: CurrentActor, owner_id: OwnerId, data: ContactCreate
) -> Done[ContactRead]:
    """Notes a conversation with the owner."""
    contact = service.log_contact(db, owner_id, data, actor=actor)
    return Done(message="Conversation noted", data=contact)


@router.post("/owners/{owner_id}/reveal")
def reveal_identity(
    db: Db, actor: CurrentActor, owner_id: OwnerId, data: Why
) -> Envelope[Identity]:
    """The whole NIN and account number, for those who may; every reveal is in the history."""
    numbers = service.reveal_identity(db, owner_id, why=data.reason, actor=actor)
    return Envelope(data=Identity(**numbers))
