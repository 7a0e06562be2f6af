"""The page behind a link for stars: asks, takes two taps once, and ends."""

import re
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crm_core.base.clock import utc_now
from crm_core.base.links import make_link
from crm_core.feedback import queries, service
from crm_core.feedback.schemas import FeedbackFilter, Invitation, QueueRow, SourceType
from tests import make_feedback as make
from tests.api.calls import API
from tests.make_business import make_hospital, make_owner
from tests.make_patients import make_patient
from tests.observe import sql

LINKS = f"{API}/links/feedback"


@pytest.fixture
def link(session: Session) -> str:
    """A link that a patient was sent after a visit."""
    hospital = make_hospital(session, "Lekki <b>General</b>")
    return invited(session, make_patient(session).id, hospital_id=hospital.id, visit_id=41)


def invited(session: Session, patient_id: int, **more: int) -> str:
    data = Invitation(source_type=SourceType.PATIENT, source_id=patient_id, **more)
    sent = service.invite(session, data, actor=make.VIEWER)
    assert sent is not None
    return path_in(sent.content)


def path_in(content: str | None) -> str:
    found = re.search(r"/api/crm-v2/links/feedback/\S+", content or "")
    assert found is not None, content
    return found[0]


def newest(session: Session) -> QueueRow:
    filters = FeedbackFilter.model_validate({"sort": "newest"})
    return queries.list_queue(filters).page(session).rows[0]


def count(session: Session) -> int:
    return int(sql(session, "SELECT count(*) FROM crm_feedback").scalar())


def test_looking_at_the_link_asks_and_keeps_nothing(
    anonymous: TestClient, session: Session, link: str
) -> None:
    assert anonymous.get(link).status_code == 200
    page = anonymous.get(link)
    assert page.status_code == 200
    assert "How was it at Lekki &lt;b&gt;General&lt;/b&gt;?" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert count(session) == 0


@pytest.mark.parametrize(
    ("stars", "comment", "kind", "priority"),
    [
        (1, "", "complaint", "high"),
        (2, "I waited", "complaint", "high"),
        (3, "", "survey_response", "medium"),
        (4, "", "survey_response", "low"),
        (5, "Nurse Ada was kind", "compliment", "low"),
    ],
)
def test_two_taps_are_kept_with_place_and_visit(
    anonymous: TestClient, session: Session, link: str, *,
    stars: int, comment: str, kind: str, priority: str,
) -> None:  # fmt: skip
    page = anonymous.post(link, data={"choice": str(stars), "comment": comment, "action": "send"})
    assert (page.status_code, "Thank you" in page.text) == (200, True)
    row = newest(session)
    piece = queries.get_feedback(session, row.id)
    assert (piece.type, piece.priority, piece.rating) == (kind, priority, stars)
    assert (piece.message, piece.visit_id) == (comment, 41)
    assert piece.hospital_name == "Lekki <b>General</b>"
    assert piece.created_by.startswith("link:feedback:")


def test_it_works_once(anonymous: TestClient, session: Session, link: str) -> None:
    anonymous.post(link, data={"choice": "5"})
    again = anonymous.post(link, data={"choice": "1"})
    assert (again.status_code, "answered already" in again.text) == (409, True)
    assert "answered already" in anonymous.get(link).text
    assert count(session) == 1


@pytest.mark.parametrize("data", [{}, {"choice": "0"}, {"choice": "6"}, {"choice": "<b>"}])
def test_what_are_no_stars_is_refused_in_a_sentence(
    anonymous: TestClient, session: Session, link: str, data: dict[str, str]
) -> None:
    page = anonymous.post(link, data=data)
    assert (page.status_code, "from one to five stars" in page.text) == (400, True)
    assert count(session) == 0


def test_a_hundred_thousand_letters_are_kept_and_one_more_is_refused(
    anonymous: TestClient, session: Session, link: str
) -> None:
    page = anonymous.post(link, data={"choice": "2", "comment": "ọ" * 100_001})
    assert (page.status_code, "at most 100000" in page.text) == (400, True)
    assert anonymous.post(link, data={"choice": "2", "comment": "ọ" * 100_000}).status_code == 200
    assert len(queries.get_feedback(session, newest(session).id).message) == 100_000


def test_a_number_from_0_to_10_is_kept_where_it_was_given(
    anonymous: TestClient, session: Session, link: str
) -> None:
    anonymous.post(link, data={"choice": "4", "nps": "9"})
    assert queries.get_feedback(session, newest(session).id).nps == 9


def test_a_link_that_was_made_up_altered_or_is_over_opens_nothing(
    anonymous: TestClient, session: Session, link: str
) -> None:
    invitation = link.rpartition("/")[2]
    over = make_link("feedback", 1, expires_at=utc_now() - timedelta(minutes=5))
    other = make_link("visit", 1, expires_at=utc_now() + timedelta(days=1))
    nobody = make_link("feedback", 999_999, expires_at=utc_now() + timedelta(days=1))
    wrong = {invitation[:-1] + "~": 404, "x": 404, over: 409, other: 404, nobody: 404}
    for token, status in wrong.items():
        assert anonymous.get(f"{LINKS}/{token}").status_code == status
        assert anonymous.post(f"{LINKS}/{token}", data={"choice": "1"}).status_code == status
    assert count(session) == 0


def test_few_stars_for_how_it_was_resolved_reopen_it(
    anonymous: TestClient, session: Session
) -> None:
    owner = make_owner(session)
    piece = make.make_feedback(session, source_type="owner", source_id=owner.id, rating=2)
    make.resolve(session, piece.id)
    told = path_in(make.sent_about(session, piece.id)[-1]["content"])
    page = anonymous.get(told)
    assert f"content with how we resolved {piece.feedback_code}" in page.text
    assert anonymous.post(told, data={"choice": "1", "comment": "No"}).status_code == 200
    after = queries.get_feedback(session, piece.id)
    assert (after.status, after.satisfaction_rating, after.reopenings) == ("reopened", 1, 1)
    assert anonymous.post(told, data={"choice": "5"}).status_code == 409


def test_many_stars_for_how_it_was_resolved_leave_it_so(
    anonymous: TestClient, session: Session
) -> None:
    piece = make.make_feedback(session)
    make.resolve(session, piece.id)
    told = path_in(make.sent_about(session, piece.id)[-1]["content"])
    anonymous.post(told, data={"choice": "4"})
    after = queries.get_feedback(session, piece.id)
    assert (after.status, after.satisfaction_rating) == ("resolved", 4)
