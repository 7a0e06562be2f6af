"""One search over everything that has a name, a code, a number or a reference.

Each kind of record is looked for by the search of its own list, which has the indexes: names with
a typo, phones in any form, codes, emails, references of payments and the bank's session ids.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from crm_core.appointments.queries import list_appointments
from crm_core.appointments.schemas import AppointmentFilter, AppointmentRead
from crm_core.base.clock import to_lagos
from crm_core.base.money import naira
from crm_core.base.paging import PageRequest
from crm_core.base.read import Read
from crm_core.base.words import Search, code_in
from crm_core.feedback.queries import list_feedback
from crm_core.feedback.schemas import FeedbackFilter, FeedbackRead
from crm_core.hospitals.queries import list_doctors, list_hospitals
from crm_core.hospitals.schemas import DoctorFilter, DoctorRead, HospitalFilter, HospitalRead
from crm_core.loyalty.queries import get_member, list_members
from crm_core.loyalty.schemas import MemberFilter, MemberRead
from crm_core.owners.contracts import list_contracts
from crm_core.owners.queries import list_owners
from crm_core.owners.schemas import ContractFilter, ContractRead, OwnerFilter, OwnerRead
from crm_core.patients.queries import id_of_code
from crm_core.payouts.bank_files import list_files
from crm_core.payouts.queries import list_payouts
from crm_core.payouts.schemas import FileRead, PayoutFilter, PayoutRead
from crm_core.people.schemas import Actor, Permission

Filters = TypeVar("Filters", bound=PageRequest)
Row = TypeVar("Row", bound=BaseModel)

FIRST = 5
"""So many of each kind are shown; their list has the rest."""


class Hit(BaseModel):
    """A record that was found.

    Attributes:
        kind: ``patients``, ``owners`` …: the page that shows it.
        state: as the record has it, for its colour.
        within: the record on whose page it stands, such as a contract's owner.
    """

    model_config = ConfigDict(frozen=True)

    kind: str
    id: int
    code: str
    title: str
    detail: str
    state: str
    within: int | None = None


class Found(BaseModel):
    """What was found of one kind, and how many there are in all, up to a thousand."""

    model_config = ConfigDict(frozen=True)

    kind: str
    total: int
    hits: list[Hit]


class SearchRequest(BaseModel):
    """What somebody looks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    q: Search


@dataclass(frozen=True)
class Kind:
    """A kind of record that can be found, by those who may see it; its codes have the prefix."""

    name: str
    needs: Permission
    find: Callable[[Session, str], tuple[int, Sequence[Hit]]]
    prefix: str


def search(session: Session, words: str, *, actor: Actor) -> list[Found]:
    """Everything that fits, by kind; kinds that the actor may not see are left out."""
    found, words = [], words.strip()
    # A code is of one kind, and nothing else has to be looked through for it.
    named = [kind for kind in KINDS if code_in(words, kind.prefix)]
    for kind in named or KINDS:
        if actor.may(kind.needs):
            total, hits = kind.find(session, words)
            if hits:
                found.append(Found(kind=kind.name, total=total, hits=list(hits)))
    return found


def _finder(
    listing: Callable[[Filters], Read[Row]],
    filter_class: type[Filters],
    hit: Callable[[Row], Hit],
    *,
    field: str = "search",
    only: str = "",
) -> Callable[[Session, str], tuple[int, Sequence[Hit]]]:
    """Looks in a list by its own search; ``only`` for words that begin so."""

    def find(session: Session, words: str) -> tuple[int, Sequence[Hit]]:
        if not words.lower().startswith(only):
            return 0, []
        wanted = filter_class.model_validate({field: words, "limit": FIRST})
        page = listing(wanted).page(session)
        return page.total, [hit(one) for one in page.rows]

    return find


def _patients(session: Session, words: str) -> tuple[int, Sequence[Hit]]:
    """The list's own search, and whose code it is: merged records and friends are named so, too."""
    total, hits = _members(session, words)
    named = id_of_code(session, words)
    if named is None or any(hit.id == named for hit in hits):
        return total, hits
    return total + 1, [_patient(get_member(session, named)), *hits[: FIRST - 1]]


def _bank_files(session: Session, words: str) -> tuple[int, Sequence[Hit]]:
    if code_in(words, "BNK") is None:
        return 0, []
    files = list_files(session, limit=1, code=words)
    return len(files), [_bank_file(each) for each in files]


def _patient(one: MemberRead) -> Hit:
    return Hit(
        kind="patients",
        id=one.id,
        code=one.patient_code,
        title=one.name,
        detail=f"{one.phone}, {one.city}",
        state=one.status,
    )


def _owner(one: OwnerRead) -> Hit:
    return Hit(
        kind="owners",
        id=one.id,
        code=one.owner_code,
        title=one.name,
        detail=f"{one.phone}, {one.email}",
        state=one.status,
    )


def _payout(one: PayoutRead) -> Hit:
    return Hit(
        kind="payouts",
        id=one.id,
        code=one.payout_code,
        title=one.owner_name,
        detail=f"{naira(one.net_amount)}, {one.period_end:%B %Y}",
        state=one.status,
    )


def _bank_file(one: FileRead) -> Hit:
    return Hit(
        kind="bank-files",
        id=one.id,
        code=one.file_code,
        title=f"Bank file of {to_lagos(one.created_at):%d %b %Y}",
        detail=f"{naira(one.control_total)}, {one.payout_count:,} in it, {one.paid:,} paid",
        state="processing" if one.open else "completed",
    )


def _contract(one: ContractRead) -> Hit:
    return Hit(
        kind="contracts",
        id=one.id,
        code=one.contract_code,
        title=f"{one.owner_name}, {one.hospital_name}",
        detail=f"{one.start_date:%d %b %Y} to {one.end_date:%d %b %Y}",
        state=one.status,
        within=one.owner_id,
    )


def _hospital(one: HospitalRead) -> Hit:
    return Hit(
        kind="hospitals",
        id=one.id,
        code=one.hospital_code,
        title=one.name,
        detail=f"{one.city}, {one.state}",
        state="",
    )


def _doctor(one: DoctorRead) -> Hit:
    return Hit(
        kind="doctors",
        id=one.id,
        code=one.doctor_code,
        title=one.name,
        detail=", ".join(each for each in (one.specialty, one.hospital_name) if each),
        state="active" if one.active else "inactive",
    )


def _visit(one: AppointmentRead) -> Hit:
    return Hit(
        kind="visits",
        id=one.id,
        code=one.appointment_code,
        title=one.patient_name,
        detail=f"{one.appointment_date:%d %b %Y} {one.appointment_time:%H:%M}, {one.hospital_name}",
        state=one.status,
    )


def _case(one: FeedbackRead) -> Hit:
    return Hit(
        kind="feedback",
        id=one.id,
        code=one.feedback_code,
        title=one.subject or one.message[:60],
        detail=f"{one.type.replace('_', ' ').capitalize()} of {one.created_at:%d %b %Y}",
        state=one.status,
    )


_members = _finder(list_members, MemberFilter, _patient)
KINDS = (
    Kind("patients", Permission.PATIENTS_READ, _patients, "PAT"),
    Kind("owners", Permission.OWNERS_READ, _finder(list_owners, OwnerFilter, _owner), "OWN"),
    # By code alone: the contracts of an owner are one click from the owner.
    Kind(
        "contracts",
        Permission.OWNERS_READ,
        _finder(list_contracts, ContractFilter, _contract, field="code", only="con-"),
        "CON",
    ),
    Kind(
        "hospitals",
        Permission.OWNERS_READ,
        _finder(list_hospitals, HospitalFilter, _hospital),
        "HOS",
    ),
    Kind(
        "doctors", Permission.APPOINTMENTS_READ, _finder(list_doctors, DoctorFilter, _doctor), "DOC"
    ),
    Kind("payouts", Permission.PAYOUTS_READ, _finder(list_payouts, PayoutFilter, _payout), "PAY"),
    Kind("bank-files", Permission.PAYOUTS_READ, _bank_files, "BNK"),
    Kind(
        "feedback", Permission.FEEDBACK_READ, _finder(list_feedback, FeedbackFilter, _case), "FDB"
    ),
    # By code alone: the visits of a person are one click from the person.
    Kind(
        "visits",
        Permission.APPOINTMENTS_READ,
        _finder(list_appointments, AppointmentFilter, _visit, only="apt-"),
        "APT",
    ),
)
