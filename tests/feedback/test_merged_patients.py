"""Two records of one person become one: what was said under either is theirs."""

from sqlalchemy.orm import Session

from crm_core.feedback import queries
from crm_core.feedback.schemas import FeedbackFilter
from tests.make_feedback import make_feedback
from tests.make_patients import join, make_patient


def test_what_was_said_under_a_merged_record_is_found(session: Session) -> None:
    stays, gone, other = (
        make_patient(session, name) for name in ("Ada Obi", "Ada Obi", "Bola Ade")
    )
    said = [
        make_feedback(session, source_type="patient", source_id=patient.id).id
        for patient in (stays, gone)
    ]
    make_feedback(session, source_type="patient", source_id=other.id)
    join(session, stays.id, gone.id)
    found = queries.list_queue(FeedbackFilter(patient_id=stays.id)).page(session)
    assert sorted(row.id for row in found.rows) == said
