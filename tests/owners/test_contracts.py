"""Contracts: drafted, signed, renewed, terminated; never two at a time; states by their dates."""

from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.base.parameters import change_parameter
from crm_core.owners import contracts
from crm_core.owners.schemas import ContractCreate, ContractFilter, ContractRead, ContractStatus
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_business import FINANCE, make_contract, make_hospital, make_owner
from tests.observe import executed, refused_by, sql
from tests.together import kinds, together

TODAY = lagos_today()


def draft(
    session: Session, owner_id: int, hospital_id: int, start: date, end: date
) -> ContractRead:
    data = ContractCreate(
        owner_id=owner_id,
        hospital_id=hospital_id,
        revenue_share_percent=Decimal("12.5"),
        minimum_guarantee=Decimal(1000),
        start_date=start,
        end_date=end,
    )
    return contracts.draft_contract(session, data, actor=FINANCE)


def signed(session: Session, days: int) -> ContractRead:
    owner, hospital = make_owner(session), make_hospital(session)
    return make_contract(session, owner.id, hospital.id, days=days)


def test_a_contract_is_a_draft_until_it_is_signed(session: Session) -> None:
    contract = make_contract(session, make_owner(session).id, make_hospital(session).id, days=400)
    assert contract.status is ContractStatus.ACTIVE
    again = draft(session, contract.owner_id, contract.hospital_id, TODAY, TODAY + timedelta(9))
    assert (again.status, again.contract_code[:4]) == (ContractStatus.DRAFT, "CON-")


def test_only_a_draft_can_be_signed(session: Session) -> None:
    contract = signed(session, 400)
    with pytest.raises(Conflict, match="is signed"):
        contracts.sign_contract(session, contract.id, actor=FINANCE)


@pytest.mark.parametrize(
    ("days", "status"),
    [(-1, "expired"), (0, "expiring"), (60, "expiring"), (61, "active")],
)
def test_the_state_of_a_signed_contract_follows_its_end(
    session: Session, days: int, status: str
) -> None:
    assert signed(session, days).status == status


def test_what_counts_as_expiring_is_a_setting(session: Session) -> None:
    contract = signed(session, 61)
    change_parameter(session, "contracts.expiring_days", Decimal(61))
    assert contracts.get_contract(session, contract.id).status is ContractStatus.EXPIRING


def test_a_signed_contract_that_overlaps_is_refused(session: Session) -> None:
    old = signed(session, 30)
    other = draft(session, old.owner_id, old.hospital_id, old.end_date, old.end_date + timedelta(9))
    with pytest.raises(Conflict, match="end or renew that one"), session.begin_nested():
        contracts.sign_contract(session, other.id, actor=FINANCE)


def test_the_day_after_the_end_is_free(session: Session) -> None:
    old = signed(session, 30)
    start = old.end_date + timedelta(1)
    other = draft(session, old.owner_id, old.hospital_id, start, start + timedelta(99))
    contract = contracts.sign_contract(session, other.id, actor=FINANCE)
    assert contract.status is ContractStatus.ACTIVE


def test_drafts_and_terminated_contracts_may_overlap(session: Session) -> None:
    old = signed(session, 30)
    contracts.terminate_contract(session, old.id, actor=FINANCE)
    other = draft(session, old.owner_id, old.hospital_id, old.start_date, old.end_date)
    contract = contracts.sign_contract(session, other.id, actor=FINANCE)
    assert contract.status is ContractStatus.EXPIRING


def test_plain_sql_cannot_make_two_contracts_overlap_either(session: Session) -> None:
    old = signed(session, 30)
    other = draft(session, old.owner_id, old.hospital_id, old.end_date, old.end_date + timedelta(9))
    with refused_by(session, "ex_crm_owner_contracts_one_signed"):
        sql(session, "UPDATE crm_owner_contracts SET state = 'signed' WHERE id = :id", id=other.id)


def test_of_two_signed_at_once_one_stays(own_database: str) -> None:
    with SessionFactory.begin() as session:
        owner, hospital = make_owner(session), make_hospital(session)
        until = TODAY + timedelta(90)
        drafts = [draft(session, owner.id, hospital.id, TODAY, until).id for _ in range(2)]

    def sign(contract_id: int) -> ContractRead:
        with SessionFactory.begin() as session:
            return contracts.sign_contract(session, contract_id, actor=FINANCE)

    outcomes = together([partial(sign, i) for i in drafts])
    assert kinds(outcomes) == ["Conflict", "ContractRead"]


def test_renewing_goes_on_the_day_after_on_the_same_terms(session: Session) -> None:
    old = signed(session, 30)
    end = old.end_date + timedelta(365)
    new = contracts.renew_contract(session, old.id, end_date=end, actor=FINANCE)
    assert (new.start_date, new.end_date) == (old.end_date + timedelta(1), end)
    assert new.renewed_from_id == old.id
    assert (new.revenue_share_percent, new.minimum_guarantee) == (
        old.revenue_share_percent,
        old.minimum_guarantee,
    )
    assert contracts.get_contract(session, old.id).status is ContractStatus.EXPIRING


def test_a_contract_is_renewed_once(session: Session) -> None:
    old = signed(session, 30)
    end = old.end_date + timedelta(365)
    contracts.renew_contract(session, old.id, end_date=end, actor=FINANCE)
    with pytest.raises(Conflict), session.begin_nested():
        contracts.renew_contract(session, old.id, end_date=end, actor=FINANCE)


@pytest.mark.parametrize("days", [-10, 0, 1])
def test_a_renewal_ends_after_it_begins(session: Session, days: int) -> None:
    old = signed(session, 30)
    with pytest.raises(Invalid, match="after the present contract's end"):
        contracts.renew_contract(
            session, old.id, end_date=old.end_date + timedelta(days), actor=FINANCE
        )


def test_a_renewal_for_thousands_of_years_is_refused(session: Session) -> None:
    old = signed(session, 30)
    with pytest.raises(Invalid):
        contracts.renew_contract(session, old.id, end_date=date.max, actor=FINANCE)


def test_a_draft_or_a_terminated_contract_cannot_be_renewed(session: Session) -> None:
    old = signed(session, 30)
    contracts.terminate_contract(session, old.id, actor=FINANCE)
    with pytest.raises(Conflict, match="this one is terminated"):
        contracts.renew_contract(session, old.id, end_date=date(2090, 1, 1), actor=FINANCE)


def test_a_contract_is_terminated_once(session: Session) -> None:
    contract = signed(session, 30)
    ended = contracts.terminate_contract(session, contract.id, actor=FINANCE)
    assert ended.status is ContractStatus.TERMINATED
    with pytest.raises(Conflict, match="terminated already"):
        contracts.terminate_contract(session, contract.id, actor=FINANCE)


def test_bad_terms_are_refused_in_words(session: Session) -> None:
    plain = {
        "owner_id": 1,
        "hospital_id": 1,
        "revenue_share_percent": 10,
        "start_date": "2026-01-01",
        "end_date": "2026-12-31",
    }
    for wrong in (
        {"end_date": "2026-01-01"},
        {"revenue_share_percent": 0},
        {"revenue_share_percent": "100.01"},
        {"revenue_share_percent": "10.001"},
        {"minimum_guarantee": -1},
        {"start_date": "0001-01-01"},
        {"end_date": "9999-12-31"},
    ):
        with pytest.raises(ValidationError):
            ContractCreate.model_validate(plain | wrong)
    with pytest.raises(Invalid, match="no such"), session.begin_nested():
        data = ContractCreate.model_validate(plain | {"owner_id": 999_999})
        contracts.draft_contract(session, data, actor=FINANCE)


def test_contracts_are_listed_by_owner_hospital_and_state(session: Session) -> None:
    wanted, other = signed(session, 30), signed(session, 400)
    for filters in (
        {"owner_id": wanted.owner_id},
        {"hospital_id": wanted.hospital_id},
        {"status": "expiring"},
    ):
        page = contracts.list_contracts(ContractFilter.model_validate(filters)).page(session)
        assert [row.id for row in page.rows] == [wanted.id]
    with executed(session) as seen:
        page = contracts.list_contracts(ContractFilter()).page(session)
    assert ([row.id for row in page.rows], len(seen)) == ([other.id, wanted.id], 1)


def test_an_unknown_contract_is_not_found_and_viewers_change_none(session: Session) -> None:
    with pytest.raises(NotFound):
        contracts.sign_contract(session, 999_999, actor=FINANCE)
    contract = signed(session, 30)
    with pytest.raises(Forbidden):
        contracts.terminate_contract(session, contract.id, actor=make_actor(Role.VIEWER))
