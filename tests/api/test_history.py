"""The history over HTTP: changes, and records as they were."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.api.app import PREFIX
from crm_core.base.clock import lagos_today
from crm_core.owners import service as owners
from crm_core.owners.schemas import OwnerUpdate
from crm_core.people.schemas import Role
from tests.api.calls import done, refusal, wrong_fields
from tests.api.conftest import SignedIn
from tests.make_business import FINANCE, make_owner
from tests.make_patients import make_patient

HISTORY = f"{PREFIX}/history"


@pytest.fixture
def owner_id(session: Session) -> int:
    """Zainab, who was Ada."""
    owner = make_owner(session, "Ada Obi")
    owners.update_owner(session, owner.id, OwnerUpdate(first_name="Zainab"), actor=FINANCE)
    session.commit()
    return owner.id


def test_a_record_is_read_as_it_was_before_a_change(signed_in: SignedIn, owner_id: int) -> None:
    admin = signed_in(Role.ADMIN)
    wanted = f"table_name=crm_owners&record_id={owner_id}&action=update"
    [change] = done(admin.get(f"{HISTORY}?{wanted}"))

    found = done(
        signed_in(Role.VIEWER).get(
            f"{HISTORY}/crm_owners/{owner_id}", params={"change": change["id"], "side": "before"}
        )
    )

    assert found["fields"][0] == {
        "name": "first_name",
        "kind": "text",
        "then": "Ada",
        "now": "Zainab",
        "differs": True,
    }


def test_a_day_and_an_instant_are_moments_and_nothing_else_is(
    signed_in: SignedIn, owner_id: int
) -> None:
    client, path = signed_in(Role.VIEWER), f"{HISTORY}/crm_owners/{owner_id}"

    day = client.get(path, params={"as_of": f"{lagos_today()}"})
    instant = client.get(path, params={"as_of": "2020-01-01T00:00:00+01:00"})

    assert done(day)["standing"] == "there"
    assert done(instant)["sentence"] == "It did not exist yet."
    for wrong in ("2026-11-03T00:00:00", "yesterday", "2999-01-01"):
        assert wrong_fields(client.get(path, params={"as_of": wrong}), "query")[0].startswith(
            "as_of"
        )


def test_reading_a_patient_as_it_was_is_a_reading(signed_in: SignedIn, session: Session) -> None:
    patient = make_patient(session)
    session.commit()

    done(signed_in(Role.VIEWER).get(f"{HISTORY}/crm_patients/{patient.id}"))

    noted = "SELECT count(*) FROM crm_history WHERE action = 'read' AND record_id = :id"
    assert session.execute(text(noted), {"id": patient.id}).scalar_one() == 1


def test_who_may_not_is_refused_in_a_sentence(signed_in: SignedIn, owner_id: int) -> None:
    viewer = signed_in(Role.VIEWER)

    for path in ("", "/crm_staff/1", "/pg_class/1"):
        assert "admin role" in refusal(viewer.get(f"{HISTORY}{path}"), 403)
    assert "never was" in refusal(viewer.get(f"{HISTORY}/crm_owners/{10**12}"), 404)
