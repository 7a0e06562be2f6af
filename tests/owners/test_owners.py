"""Owners: adding and changing them, what is kept secret, and where their money goes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today
from crm_core.base.db import SessionFactory
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.owners import queries, service
from crm_core.owners.schemas import AccountChange, OwnerCreate, OwnerUpdate
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_business import FINANCE, GOOD_ACCOUNT, make_owner
from tests.observe import history_of, refused_by, sql
from tests.together import kinds, together

VIEWER = make_actor(Role.VIEWER)


def asked(**more: object) -> OwnerCreate:
    plain = {"first_name": "Ada", "last_name": "Obi", "phone": "0803 123 4567"}
    return OwnerCreate.model_validate({**plain, "email": "ada@example.ng", **more})


def update(session: Session, owner_id: int, **changes: object) -> Any:
    data = OwnerUpdate.model_validate(changes)
    return service.update_owner(session, owner_id, data, actor=FINANCE)


def test_a_new_owner_has_a_code_and_starts_at_nothing(session: Session) -> None:
    owner = service.create_owner(session, asked(), actor=FINANCE)
    assert owner.owner_code.startswith("OWN-")
    assert owner.phone == "+2348031234567"
    assert (owner.status, owner.payment_status, owner.version) == ("active", "current", 1)
    assert (owner.lifetime_value, owner.total_payouts, owner.payout_count) == (
        Decimal(0),
        None,
        "0",
    )
    assert owner.onboarding_date == lagos_today()
    assert (owner.satisfaction_score, owner.last_contact_date, owner.nin) == (None, None, None)


def test_a_change_touches_only_what_was_given(session: Session) -> None:
    before = service.create_owner(session, asked(notes="calls on Mondays"), actor=FINANCE)
    after = update(session, before.id, last_name="Eze")
    assert after.model_dump(exclude={"last_name", "version", "updated_at"}) == before.model_dump(
        exclude={"last_name", "version", "updated_at"}
    )
    assert (after.last_name, after.version) == ("Eze", 2)


def test_what_may_be_empty_can_be_emptied(session: Session) -> None:
    owner = service.create_owner(session, asked(notes="x", nin="12345678901"), actor=FINANCE)
    after = update(session, owner.id, notes=None, nin=None, hospital_id=None)
    assert (after.notes, after.nin, after.hospital_id) == (None, None, None)


@pytest.mark.parametrize(
    "field", ["first_name", "last_name", "email", "phone", "status", "onboarding_date"]
)
def test_what_every_owner_has_cannot_be_emptied(field: str) -> None:
    with pytest.raises(ValidationError, match="this cannot be empty"):
        OwnerUpdate.model_validate({field: None})


def test_an_edit_of_what_somebody_changed_is_refused(session: Session) -> None:
    owner = service.create_owner(session, asked(), actor=FINANCE)
    update(session, owner.id, notes="first", version=1)
    with pytest.raises(Conflict, match="Somebody changed this owner"):
        update(session, owner.id, notes="second", version=1)
    assert update(session, owner.id, notes="third", version=2).notes == "third"


def test_payouts_and_surveys_do_not_make_an_open_edit_stale(session: Session) -> None:
    owner = make_owner(session)
    sql(session, "UPDATE crm_owners SET payouts_count = 3, satisfaction_score = 4")
    assert update(session, owner.id, notes="x", version=owner.version).notes == "x"


@pytest.mark.parametrize("email", ["ada@example.ng", "ADA@Example.ng"])
def test_an_email_address_belongs_to_one_owner(session: Session, email: str) -> None:
    service.create_owner(session, asked(), actor=FINANCE)
    other = service.create_owner(session, asked(email="other@example.ng"), actor=FINANCE)
    with pytest.raises(Conflict, match="email"), session.begin_nested():
        service.create_owner(session, asked(email=email), actor=FINANCE)
    with pytest.raises(Conflict, match="email"), session.begin_nested():
        update(session, other.id, email=email)


def test_of_two_owners_made_at_once_with_one_address_one_stays(own_database: str) -> None:
    def create() -> int:
        with SessionFactory.begin() as session:
            return service.create_owner(session, asked(), actor=FINANCE).id

    assert kinds(together([create] * 4)) == ["Conflict", "Conflict", "Conflict", "int"]


def test_of_two_edits_at_once_the_later_is_stale(own_database: str) -> None:
    with SessionFactory.begin() as session:
        owner = make_owner(session)

    def edit() -> int:
        with SessionFactory.begin() as session:
            return int(update(session, owner.id, notes="mine", version=1).version)

    assert kinds(together([edit] * 3)) == ["Conflict", "Conflict", "int"]


def test_an_unknown_hospital_is_refused_in_words(session: Session) -> None:
    with pytest.raises(Invalid, match="no such hospital"), session.begin_nested():
        service.create_owner(session, asked(hospital_id=999_999), actor=FINANCE)


def test_an_unknown_owner_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        update(session, 999_999, notes="x")
    with pytest.raises(NotFound):
        queries.get_owner(session, 999_999)


def test_those_who_only_read_change_nothing(session: Session) -> None:
    owner = make_owner(session)
    with pytest.raises(Forbidden):
        service.create_owner(session, asked(), actor=VIEWER)
    with pytest.raises(Forbidden):
        service.update_owner(session, owner.id, OwnerUpdate(notes="x"), actor=VIEWER)
    with pytest.raises(Forbidden):
        service.change_account(session, owner.id, GOOD_ACCOUNT, actor=VIEWER)
    with pytest.raises(Forbidden):
        service.reveal_identity(session, owner.id, why="curious", actor=VIEWER)


def test_a_nin_is_encrypted_masked_and_findable(session: Session) -> None:
    one = service.create_owner(session, asked(nin="12345678901"), actor=FINANCE)
    two = service.create_owner(session, asked(nin="12345678901", email="b@b.ng"), actor=FINANCE)
    assert one.nin == "*******8901"
    rows = sql(session, "SELECT nin_encrypted, nin_hash FROM crm_owners ORDER BY id").all()
    assert all(b"12345678901" not in bytes(value) for row in rows for value in row)
    assert rows[0].nin_hash == rows[1].nin_hash
    assert rows[0].nin_encrypted != rows[1].nin_encrypted
    told = repr(history_of(session, "crm_owners", two.id))
    assert "12345678901" not in told
    assert "hidden" in told


@pytest.mark.parametrize("nin", ["1234567890", "123456789012", "1234567890a", "١٢٣٤٥٦٧٨٩٠١"])
def test_a_nin_has_eleven_digits(nin: str) -> None:
    with pytest.raises(ValidationError):
        asked(nin=nin)


def test_revealing_gives_the_numbers_and_is_logged_with_its_reason(session: Session) -> None:
    owner = service.create_owner(session, asked(nin="12345678901"), actor=FINANCE)
    service.change_account(session, owner.id, GOOD_ACCOUNT, actor=FINANCE)
    told = service.reveal_identity(session, owner.id, why="bank asked", actor=FINANCE)
    assert told == {"nin": "12345678901", "account_number": "0000014579"}
    last = history_of(session, "crm_owners", owner.id)[-1]
    assert (last["action"], last["after"]) == ("reveal", {"why": "bank asked"})


def test_revealing_what_is_not_there_gives_nothing(session: Session) -> None:
    owner = service.create_owner(session, asked(), actor=FINANCE)
    assert service.reveal_identity(session, owner.id, why="bank asked", actor=FINANCE) == {}
    with pytest.raises(NotFound):
        service.reveal_identity(session, 999_999, why="bank asked", actor=FINANCE)


def test_a_new_account_is_masked_checked_and_marked_as_new(session: Session) -> None:
    owner = service.create_owner(session, asked(), actor=FINANCE)
    account = service.change_account(session, owner.id, GOOD_ACCOUNT, actor=FINANCE)
    assert (account.account_number, account.bank_code) == ("******4579", "011")
    assert account.nuban_ok
    kept = sql(session, "SELECT account_encrypted FROM crm_owner_accounts").scalar()
    assert b"0000014579" not in bytes(kept)


def test_only_another_number_or_bank_sets_the_mark_again(session: Session) -> None:
    owner = make_owner(session)
    sql(session, "UPDATE crm_owner_accounts SET changed_at = now() - interval '3 days'")
    old = queries.require_account(session, owner.id).changed_at
    renamed = GOOD_ACCOUNT.model_copy(update={"account_name": "ADA N. OBI"})
    same = service.change_account(session, owner.id, renamed, actor=FINANCE)
    assert (same.changed_at, same.account_name) == (old, "ADA N. OBI")
    moved = AccountChange(bank_name="058", account_number="0000014579", account_name="ADA OBI")
    changed = service.change_account(session, owner.id, moved, actor=FINANCE)
    assert changed.changed_at - old > timedelta(days=2)
    assert (changed.bank_name, changed.nuban_ok) == ("GTBank", False)


def test_an_owner_with_an_account_cannot_be_deleted(session: Session) -> None:
    owner = make_owner(session)
    with refused_by(session, "fk_crm_owner_accounts_owner_id"):
        sql(session, "DELETE FROM crm_owners WHERE id = :id", id=owner.id)
