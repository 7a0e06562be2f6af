"""Correcting how a piece is filed: its place as a whole, and what cannot be emptied."""

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.base.errors import Invalid
from crm_core.feedback import queries, service
from crm_core.feedback.schemas import FeedbackRead, FeedbackUpdate
from crm_core.hospitals import doctors
from crm_core.hospitals.schemas import DepartmentCreate
from crm_core.people.schemas import Role
from tests import make_feedback as make
from tests.feedback.acts import get
from tests.make import make_actor
from tests.make_business import make_hospital
from tests.observe import executed, history_of

Place = tuple[int | None, int | None]


def department(session: Session, hospital_id: int) -> int:
    data = DepartmentCreate(hospital_id=hospital_id, name="Pharmacy")
    return doctors.create_department(session, data, actor=make_actor(Role.APPROVER)).id


@pytest.fixture
def places(session: Session) -> list[Place]:
    """Two hospitals, each with a department."""
    hospitals = [make_hospital(session).id for _ in range(2)]
    return [(hospital, department(session, hospital)) for hospital in hospitals]


@pytest.fixture
def piece(session: Session, places: list[Place]) -> FeedbackRead:
    """What was said of the first department."""
    return make.make_feedback(session, hospital_id=places[0][0], department_id=places[0][1])


def put(session: Session, feedback_id: int, **given: object) -> FeedbackRead:
    data = FeedbackUpdate.model_validate(given)
    return service.update_feedback(session, feedback_id, data, actor=make.VIEWER)


@pytest.mark.parametrize(
    ("hospital", "with_department"), [(1, True), (1, False), (None, False), (0, False)]
)
def test_a_piece_moves_to_another_place_in_one_step(
    session: Session,
    places: list[Place],
    piece: FeedbackRead,
    hospital: int | None,
    with_department: bool,
) -> None:
    wanted = (
        None if hospital is None else places[hospital][0],
        places[hospital][1] if hospital is not None and with_department else None,
    )
    before = len(history_of(session, "crm_feedback", piece.id))
    after = put(session, piece.id, hospital_id=wanted[0], department_id=wanted[1])
    assert (after.hospital_id, after.department_id) == wanted
    assert after.version == piece.version + 1
    assert len(history_of(session, "crm_feedback", piece.id)) == before + 1
    told = {line.body for line in queries.thread_of(session, piece.id) if line.kind == "changed"}
    moved = {"hospital_id"} if wanted[0] != piece.hospital_id else set()
    assert told == moved | {"department_id"}


def test_a_department_never_stands_beside_another_hospital_or_none(
    session: Session, places: list[Place], piece: FeedbackRead
) -> None:
    for hospital, said in ((places[1][0], "in this hospital"), (None, "Name the hospital")):
        with pytest.raises(Invalid, match=said), session.begin_nested():
            put(session, piece.id, hospital_id=hospital)
    session.expire_all()
    assert get(session, piece.id) == piece


def test_any_number_of_corrections_is_one_change_of_the_piece(
    session: Session, piece: FeedbackRead
) -> None:
    with executed(session) as seen:
        put(session, piece.id, category="Food", subject="Lunch", department_id=None)
    changes = [each for each in seen if each.statement.startswith("UPDATE crm_feedback SET")]
    assert len(changes) == 1


@pytest.mark.parametrize("field", ["type", "priority"])
def test_what_every_piece_has_cannot_be_emptied(field: str) -> None:
    with pytest.raises(ValidationError, match="cannot be empty"):
        FeedbackUpdate.model_validate({field: None})
