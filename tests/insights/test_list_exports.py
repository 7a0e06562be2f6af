"""Every list as a file: the rows that its pages show, and nothing that the role may not know."""

import csv
import io

import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Forbidden, Invalid, NotFound
from crm_core.insights.exports import LISTS, Format, list_exports, open_list_export
from crm_core.people.schemas import Actor, Role
from tests.make import make_actor
from tests.make_business import make_owner, make_payout
from tests.make_messages import make_message
from tests.make_patients import make_patient

EVERYTHING = make_actor(*Role)
ANALYST = make_actor(Role.ANALYST)


def rows(
    name: str, actor: Actor = EVERYTHING, kind: Format = Format.CSV, **filters: object
) -> list[dict[str, str]]:
    """The file's rows, as CSV says them."""
    content = b"".join(open_list_export(name, kind, filters, actor=actor).chunks())
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.fixture
def busy(session: Session) -> None:
    """A row in the lists that have one easily."""
    make_payout(session, make_owner(session).id)
    patient = make_patient(session, "=Ada Obi", email="ada@example.ng", allergies=["Peanuts"])
    make_message(session, patient.id)


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("kind", Format)
def test_every_list_comes_as_every_file(name: str, kind: Format) -> None:
    content = b"".join(open_list_export(name, kind, {}, actor=EVERYTHING).chunks())
    begins = {Format.CSV: b"id", Format.XLSX: b"PK", Format.PARQUET: b"PAR1"}[kind]
    assert content.startswith(begins)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER, Role.CAMPAIGNER, Role.ADMIN])
def test_who_may_not_export_takes_nothing_away(connection: object, name: str, role: Role) -> None:
    with pytest.raises(Forbidden):
        open_list_export(name, Format.CSV, {}, actor=make_actor(role))


def test_an_analyst_does_not_take_the_history_away(connection: object) -> None:
    with pytest.raises(Forbidden, match="history"):
        open_list_export("history", Format.CSV, {}, actor=ANALYST)


@pytest.mark.usefixtures("busy")
def test_an_analyst_takes_no_names_away() -> None:
    [row] = rows("patients", ANALYST)
    assert row["patient_code"].startswith("PAT-")
    assert {"first_name", "phone", "email", "date_of_birth", "nin"}.isdisjoint(row)
    assert "content" not in rows("messages", ANALYST)[0]


@pytest.mark.usefixtures("busy")
def test_health_is_for_those_who_may_know_it() -> None:
    finance = make_actor(Role.FINANCE)
    assert "allergies" not in rows("patients", finance)[0]
    assert rows("patients", EVERYTHING)[0]["allergies"] == "{Peanuts}"


@pytest.mark.usefixtures("busy")
def test_no_cell_runs_as_a_formula() -> None:
    assert rows("patients")[0]["first_name"] == "'=Ada"


def test_the_filters_on_the_list_are_on_the_file(session: Session) -> None:
    owner = make_owner(session)
    mine, other = make_payout(session, owner.id), make_payout(session, make_owner(session).id)
    assert [row["id"] for row in rows("payouts", owner_id=str(owner.id))] == [str(mine.id)]
    assert [row["id"] for row in rows("payouts")] == [str(other.id), str(mine.id)]
    assert [row["net_amount"] for row in rows("payouts", owner_id=owner.id)] == [
        f"{mine.net_amount:.2f}"
    ]


def test_a_filter_that_the_list_does_not_have_is_refused(connection: object) -> None:
    with pytest.raises(Invalid) as refused:
        open_list_export("owners", Format.CSV, {"colour": "red"}, actor=EVERYTHING)
    assert [problem.path for problem in refused.value.problems] == ["colour"]


def test_there_is_no_such_list(connection: object) -> None:
    with pytest.raises(NotFound, match="no list called salaries"):
        open_list_export("salaries", Format.CSV, {}, actor=EVERYTHING)


@pytest.mark.usefixtures("busy")
def test_who_took_what_stays_in_the_history(session: Session) -> None:
    rows("payouts", ANALYST, status="pending")
    [taken] = list_exports(session, actor=ANALYST)
    assert (taken.dataset, taken.rows, taken.filters, taken.complete) == (
        "payouts",
        1,
        {"status": "pending"},
        True,
    )
