"""Lists by the state of the hospital: rows, the API's text, files, and the record beside."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from crm_core.base.walking import Neighbours, neighbours
from crm_core.hospitals import service as hospitals
from crm_core.hospitals.schemas import HospitalCreate
from crm_core.insights.exports import Format, open_list_export
from crm_core.insights.exports.lists import LISTS
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_appointments import make_visit
from tests.make_business import FINANCE, make_owner, make_payout
from tests.make_feedback import make_feedback

EVERYTHING = make_actor(*Role)

MAKERS: dict[str, Callable[[Session, int], int]] = {
    "owners": lambda session, place: make_owner(session, hospital_id=place).id,
    "payouts": lambda session, place: (
        make_payout(session, make_owner(session, hospital_id=place).id).id
    ),
    "visits": lambda session, place: make_visit(session, hospital_id=place).id,
    "feedback": lambda session, place: make_feedback(session, hospital_id=place).id,
}


def place_in(session: Session, state: str) -> int:
    """A new hospital there."""
    wanted = HospitalCreate(name=f"Hospital of {state}", city=state, state=state)
    return hospitals.create_hospital(session, wanted, actor=FINANCE).id


@pytest.mark.parametrize("name", MAKERS)
def test_a_list_of_a_state_is_of_its_hospitals_alone(session: Session, name: str) -> None:
    here, there = place_in(session, "Kano"), place_in(session, "Lagos")
    also_here = place_in(session, "Kano")
    wanted = {MAKERS[name](session, place) for place in (here, also_here)}
    MAKERS[name](session, there)
    listing = LISTS[name].listing
    asked = LISTS[name].filter_class.model_validate({"state": "Kano"})

    page = listing.read(asked).page(session)
    told = json.loads(listing.read(asked).json(session))
    file = b"".join(
        open_list_export(name, Format.CSV, {"state": "Kano"}, actor=EVERYTHING).chunks()
    )

    assert page.total == 2
    assert {row.id for row in page.rows} == wanted
    assert {row["id"] for row in told["data"]} == wanted
    assert {int(row["id"]) for row in csv.DictReader(io.StringIO(file.decode()))} == wanted
    first, last = (row.id for row in page.rows)
    assert neighbours(session, listing, asked, first) == Neighbours(None, last)
    nowhere = asked.model_copy(update={"state": "Ogun"})
    assert listing.read(nowhere).page(session).rows == []
