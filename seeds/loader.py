"""Loads the sample data: the same services that people use, so that what they keep is true.

Dates are laid out around the day of loading. The four payouts and their amounts follow the
sample data of the wire contract; PAY-004 is what makes the third owner's payment overdue.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from crm_core.base.clock import add_months, lagos_today, month_end, month_start
from crm_core.base.db import connect, transaction
from crm_core.base.errors import Conflict
from crm_core.base.migrate import migrate
from crm_core.hospitals import service as hospitals
from crm_core.hospitals.schemas import HospitalCreate, RevenueRecord
from crm_core.owners import contracts
from crm_core.owners import service as owners
from crm_core.owners.models import Owner
from crm_core.owners.schemas import (
    AccountChange,
    ContactCreate,
    ContractCreate,
    OwnerCreate,
    SurveyCreate,
)
from crm_core.payouts import service as payouts
from crm_core.payouts.schemas import (
    Approval,
    DeductionCreate,
    DeductionKind,
    Payment,
    PayoutCreate,
)
from crm_core.people import service as people
from crm_core.people.schemas import Actor, Role, StaffCreate, machine, permissions_of
from seeds.appointments import load_appointments
from seeds.campaigns import load_campaigns
from seeds.feedback import load_feedback
from seeds.files import read_entries
from seeds.messages import load_messages
from seeds.patients import load_patients

WHO = "command:sample"
_TAX = Decimal("0.10")


@dataclass(frozen=True)
class _Placed:
    """An owner of the sample, with the contract that pays them."""

    owner_id: int
    contract_id: int


def load_sample(url: str) -> None:
    """Fills an empty database in one transaction.

    Raises:
        Conflict: there are owners already.
    """
    engine = connect(url)
    try:
        with transaction(who=WHO, why="sample data") as session:
            if session.execute(text("SELECT EXISTS (SELECT FROM crm_owners)")).scalar():
                raise Conflict("This database has owners already: nothing was loaded.")
            _load(session)
    finally:
        engine.dispose()


def reset_sample(url: str) -> None:
    """Throws away everything in the database, history too, and loads the sample data."""
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(text("SET ROLE NONE"))
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    migrate(url)
    load_sample(url)


def _load(session: Session) -> None:
    finance, approver = _people(session)
    placed = {
        entry["code"]: _owner(session, entry, finance) for entry in read_entries("owners.json")
    }
    for entry in read_entries("payouts.json"):
        _payout(session, entry, placed[entry["owner"]], finance=finance, approver=approver)
    load_patients(session, actor=machine(WHO))
    load_appointments(session, actor=machine(WHO))
    load_messages(session, actor=machine(WHO))
    load_feedback(session, actor=machine(WHO))
    load_campaigns(session, worker=machine(WHO))


def _people(session: Session) -> tuple[Actor, Actor]:
    """Creates the sample staff; gives who makes payouts and who approves them."""
    made = {}
    for entry in read_entries("staff.json"):
        staff = people.create_staff(session, StaffCreate(**entry), actor=machine(WHO))
        roles = frozenset(Role(role) for role in entry["roles"])
        key = f"staff:{staff.id}"
        made[staff.email] = Actor(key, key, staff.name, permissions_of(roles), roles)
    return made["finance@crm.local"], made["approver@crm.local"]


def _owner(session: Session, entry: dict[str, Any], actor: Actor) -> _Placed:
    hospital = hospitals.create_hospital(session, HospitalCreate(**entry["hospital"]), actor=actor)
    data = OwnerCreate(
        **entry["owner"], hospital_id=hospital.id, onboarding_date=add_months(lagos_today(), -6)
    )
    owner = owners.create_owner(session, data, actor=actor)
    session.execute(
        update(Owner)
        .where(Owner.id == owner.id)
        .values(opening_value=Decimal(entry["opening_value"]))
    )
    owners.change_account(session, owner.id, AccountChange(**entry["account"]), actor=actor)
    _age_account(session, owner.id)
    _tell(session, owner.id, entry, actor)
    _revenue(session, hospital.id, entry["revenue"], actor)
    return _Placed(owner.id, _contract(session, owner.id, hospital.id, entry["contract"], actor))


def _age_account(session: Session, owner_id: int) -> None:
    """The accounts were given at onboarding: no approver need be warned that they are new."""
    session.execute(
        text(
            "UPDATE crm_owner_accounts SET changed_at = now() - interval '6 months'"
            " WHERE owner_id = :owner_id"
        ),
        {"owner_id": owner_id},
    )


def _tell(session: Session, owner_id: int, entry: dict[str, Any], actor: Actor) -> None:
    for days_ago, score, nps in entry["surveys"]:
        day = lagos_today() - timedelta(days=days_ago)
        survey = SurveyCreate(score=Decimal(score), nps=nps, surveyed_on=day)
        owners.record_survey(session, owner_id, survey, actor=actor)
    days_ago, channel, summary = entry["contact"]
    day = lagos_today() - timedelta(days=days_ago)
    contact = ContactCreate(channel=channel, summary=summary, contacted_on=day)
    owners.log_contact(session, owner_id, contact, actor=actor)


def _revenue(session: Session, hospital_id: int, amounts: list[str], actor: Actor) -> None:
    """The amounts are of the last months that have ended, the latest last."""
    for ago, amount in enumerate(reversed(amounts), start=1):
        month = add_months(lagos_today(), -ago)
        record = RevenueRecord(hospital_id=hospital_id, month=month, gross_revenue=Decimal(amount))
        hospitals.record_revenue(session, record, actor=actor)


def _contract(
    session: Session, owner_id: int, hospital_id: int, terms: dict[str, str], actor: Actor
) -> int:
    begins = add_months(lagos_today(), -3)
    draft = ContractCreate(
        owner_id=owner_id,
        hospital_id=hospital_id,
        start_date=begins,
        end_date=add_months(begins, 24) - timedelta(days=1),
        revenue_share_percent=Decimal(terms["revenue_share_percent"]),
        minimum_guarantee=Decimal(terms["minimum_guarantee"]),
    )
    contract = contracts.draft_contract(session, draft, actor=actor)
    return contracts.sign_contract(session, contract.id, actor=actor).id


def _payout(
    session: Session, entry: dict[str, Any], placed: _Placed, *, finance: Actor, approver: Actor
) -> None:
    gross = Decimal(entry["gross"])
    start, end = _period(entry["period"])
    tax = DeductionCreate(
        kind=DeductionKind.WITHHOLDING_TAX, description="Withholding tax, 10 %", amount=gross * _TAX
    )
    data = PayoutCreate(
        owner_id=placed.owner_id,
        contract_id=placed.contract_id,
        period_start=start,
        period_end=end,
        gross_revenue=gross,
        deduction_items=[tax],
        net_amount=gross - tax.amount,
    )
    payout = payouts.create_payout(session, data, actor=finance)
    if entry["becomes"] != "pending":
        payouts.approve_payout(session, payout.id, Approval(), actor=approver)
    if entry["becomes"] == "paid":
        payment = Payment(bank_reference=entry["bank_reference"])
        payouts.pay_payout(session, payout.id, payment, actor=finance)


def _period(name: str) -> tuple[date, date]:
    """A month that ended yesterday, whose payouts are not late yet; or one that ended before."""
    if name == "earlier":
        first = add_months(lagos_today(), -2)
        return month_start(first), month_end(first)
    return _month_before(lagos_today()), lagos_today() - timedelta(days=1)


def _month_before(day: date) -> date:
    """The same day a month earlier, or that month's last day."""
    first = add_months(day, -1)
    return min(first + timedelta(days=day.day - 1), month_end(first))
