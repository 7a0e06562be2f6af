"""A record as it was at a moment, beside what it is now."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base import db
from crm_core.base.clock import lagos_today, utc_now
from crm_core.base.errors import Forbidden, Invalid, NotFound
from crm_core.insights.past import OPEN, record_as_it_was
from crm_core.insights.schemas import AsOf, FieldThen, RecordThen, Side, Standing
from crm_core.owners import service as owners
from crm_core.owners.schemas import OwnerRead, OwnerUpdate
from crm_core.people.models import Staff
from crm_core.people.schemas import Role
from tests.make import actor_for, make_actor
from tests.make_business import FINANCE, make_owner, make_payout
from tests.make_patients import make_patient
from tests.privacy.acts import erased

VIEWER, ADMIN = make_actor(Role.VIEWER), make_actor(Role.ADMIN)


def then_of(session: Session, owner_id: int, **wanted: object) -> RecordThen:
    asked = AsOf.model_validate(wanted)
    return record_as_it_was(session, "crm_owners", owner_id, asked, actor=VIEWER)


def field(found: RecordThen, name: str) -> FieldThen:
    return next(each for each in found.fields if each.name == name)


def values(found: RecordThen, name: str) -> tuple[Any, Any, bool]:
    return (field(found, name).then, field(found, name).now, field(found, name).differs)


def changes(session: Session, owner_id: int) -> list[tuple[int, datetime]]:
    asked = text(
        "SELECT id, at FROM crm_history WHERE table_name = 'crm_owners' AND record_id = :id"
        " ORDER BY id"
    )
    return [(row.id, row.at) for row in session.execute(asked, {"id": owner_id})]


def renamed(session: Session, *names: str) -> tuple[OwnerRead, list[tuple[int, datetime]]]:
    """An owner called like this one after another, and the changes that made it so."""
    owner = make_owner(session, f"{names[0]} Obi")
    for name in names[1:]:
        owners.update_owner(session, owner.id, OwnerUpdate(first_name=name), actor=FINANCE)
    return owner, changes(session, owner.id)


@contextmanager
def without_triggers(session: Session, table: str) -> Iterator[None]:
    """As the tables' owner, who may switch the history off, or rewrite it."""
    session.execute(text("SET LOCAL ROLE crm_owner"))
    session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    yield
    session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
    session.execute(text("SET LOCAL ROLE crm_app"))


def test_the_record_stands_as_the_last_change_until_then_left_it(session: Session) -> None:
    owner, made = renamed(session, "Ada", "Zainab", "Halima")

    then = then_of(session, owner.id, as_of=made[1][1])

    assert values(then, "first_name") == ("Zainab", "Halima", True)
    assert values(then, "last_name") == ("Obi", "Obi", False)
    assert then.fields[0].differs
    assert then.changed_at == made[1][1]


def test_changes_of_one_transaction_are_told_apart(
    session: Session, staff: Callable[..., Staff]
) -> None:
    db.attribute(session, who=actor_for(person := staff(Role.FINANCE)).key)
    owner, made = renamed(session, "Ada", "Zainab", "Halima")

    before = then_of(session, owner.id, change=made[1][0], side=Side.BEFORE)
    after = then_of(session, owner.id, change=made[1][0], side=Side.AFTER)

    assert values(before, "first_name") == ("Ada", "Halima", True)
    assert values(after, "first_name") == ("Zainab", "Halima", True)
    assert after.changed_by == person.name
    assert person.name in after.sentence


def test_before_it_was_made_it_did_not_exist(session: Session) -> None:
    owner, made = renamed(session, "Ada", "Zainab")

    then = then_of(session, owner.id, as_of=made[0][1] - timedelta(seconds=1))

    assert (then.standing, then.sentence) == (Standing.NOT_YET, "It did not exist yet.")
    assert values(then, "first_name") == (None, "Zainab", True)


def test_a_deleted_record_is_told_before_and_after_it_went(session: Session) -> None:
    owner = make_owner(session)
    with without_triggers(session, "crm_owner_accounts"):
        session.execute(text("DELETE FROM crm_owner_accounts"))
    session.execute(text("SET LOCAL ROLE crm_owner"))
    session.execute(text("DELETE FROM crm_owners WHERE id = :id"), {"id": owner.id})
    session.execute(text("SET LOCAL ROLE crm_app"))
    made = changes(session, owner.id)

    before = then_of(session, owner.id, change=made[-1][0], side=Side.BEFORE)
    after = then_of(session, owner.id)

    assert values(before, "first_name") == ("Ada", None, True)
    assert not before.exists_now
    assert after.standing is Standing.DELETED
    assert after.sentence.startswith("It was deleted: on ")


def test_a_record_older_than_its_history_is_told_as_far_back_as_is_known(session: Session) -> None:
    with without_triggers(session, "crm_owners"):
        owner = make_owner(session)
    owners.update_owner(session, owner.id, OwnerUpdate(first_name="Zainab"), actor=FINANCE)
    [(change, _)] = changes(session, owner.id)

    then = then_of(session, owner.id, change=change, side=Side.BEFORE)
    earlier = then_of(session, owner.id, as_of=lagos_today() - timedelta(days=400))

    assert values(then, "first_name") == ("Ada", "Zainab", True)
    assert then.sentence.startswith("It is older than its first known change")
    assert earlier.standing is Standing.NOT_YET


def test_what_was_erased_is_said_to_be_erased(session: Session) -> None:
    owner, made = renamed(session, "Ada", "Zainab", "Halima")
    with without_triggers(session, "crm_history"):
        erase = "UPDATE crm_history SET before = NULL, after = NULL WHERE id = :id"
        session.execute(text(erase), {"id": made[1][0]})

    before = then_of(session, owner.id, change=made[0][0])
    after = then_of(session, owner.id, change=made[1][0])

    assert before.standing is Standing.ERASED
    assert "erased" in before.sentence
    assert field(before, "first_name").then is None
    assert values(after, "first_name") == ("Zainab", "Halima", True)


def test_an_erased_person_is_told_as_erased_and_by_nothing_else(session: Session) -> None:
    person = make_patient(session, "Ngozi Eze")
    made = "SELECT min(id) FROM crm_history WHERE table_name = 'crm_patients' AND record_id = :id"
    change = session.execute(text(made), {"id": person.id}).scalar_one()
    erased(session, person.patient_code)

    asked = AsOf(change=change)
    found = record_as_it_was(session, "crm_patients", person.id, asked, actor=ADMIN)

    assert found.standing is Standing.ERASED
    assert "Ngozi" not in str(found)


def test_noise_is_left_out_and_secrets_stay_hidden(session: Session) -> None:
    owner = make_owner(session, nin="12345678901")
    names = {each.name for each in then_of(session, owner.id).fields}

    assert not {"search", "nin_encrypted", "updated_at"} & names
    assert values(then_of(session, owner.id), "nin_last4")[0] == "*******8901"
    assert "12345678901" not in str(then_of(session, owner.id))


def test_amounts_are_in_naira_and_instants_in_utc(session: Session) -> None:
    payout = make_payout(session, make_owner(session).id, "4500000.10")

    found = record_as_it_was(session, "crm_payouts", payout.id, AsOf(), actor=VIEWER)

    assert values(found, "net_amount") == ("4500000.10", "4500000.10", False)
    assert Decimal(field(found, "gross_revenue").then) == Decimal("4500000.10")
    assert field(found, "created_at").then.endswith("Z")
    assert values(found, "account_last4")[0] == "******4579"


def test_a_day_is_meant_as_it_ended(session: Session) -> None:
    owner, _ = renamed(session, "Ada", "Zainab")

    assert values(then_of(session, owner.id, as_of=f"{lagos_today()}"), "first_name") == (
        "Zainab",
        "Zainab",
        False,
    )
    yesterday = lagos_today() - timedelta(days=1)
    assert then_of(session, owner.id, as_of=f"{yesterday}").standing is Standing.NOT_YET


def test_a_moment_to_come_is_refused(session: Session) -> None:
    owner = make_owner(session)

    for coming in (lagos_today() + timedelta(days=1), utc_now() + timedelta(hours=1)):
        with pytest.raises(Invalid, match="still to come"):
            then_of(session, owner.id, as_of=coming)


def test_who_never_was_and_changes_of_others_are_not_found(session: Session) -> None:
    owner, other = make_owner(session), make_owner(session, "Bola Eze")
    [change, *_] = changes(session, other.id)

    with pytest.raises(NotFound, match="never was"):
        then_of(session, 10**12)
    with pytest.raises(NotFound, match="no such change"):
        then_of(session, owner.id, change=change[0])
    with pytest.raises(NotFound, match="no such kind"):
        record_as_it_was(session, "pg_class; --", 1, AsOf(), actor=ADMIN)


def test_records_without_a_page_take_the_permission_of_the_history(session: Session) -> None:
    person = make_patient(session)
    staff = record_as_it_was(session, "crm_parameters", _parameter(session), AsOf(), actor=ADMIN)

    assert staff.standing is Standing.THERE
    for role in Role:
        seen = record_as_it_was(session, "crm_patients", person.id, AsOf(), actor=make_actor(role))
        assert seen.exists_now
    for table in ("crm_parameters", "crm_staff", "crm_api_tokens"):
        assert table not in OPEN
        with pytest.raises(Forbidden):
            record_as_it_was(session, table, 1, AsOf(), actor=FINANCE)
    with pytest.raises(Forbidden, match="patients"):
        record_as_it_was(session, "crm_patients", person.id, AsOf(), actor=make_actor())


def _parameter(session: Session) -> int:
    return int(session.execute(text("SELECT min(id) FROM crm_parameters")).scalar_one())
