"""Merging two records of one person: finding the other, what would move, and doing it."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from crm_core.base.preflight import Receipt, get_receipt
from crm_core.loyalty import merging as joining
from crm_core.loyalty import queries, service
from crm_core.loyalty.merging.schemas import Merge, MergeCommit
from crm_core.loyalty.schemas import Adjustment, MemberRead
from crm_core.patients import queries as patients
from crm_core.patients import service as records
from crm_core.patients.schemas import PatientUpdate
from crm_core.people.schemas import Role
from tests.loyalty.acts import spend
from tests.make_patients import ADJUSTER, DESK, make_patient
from tests.pages.acting import cells, errors, fill, labels, metric, press, texts

Open = Callable[..., AppTest]


@pytest.fixture
def merging(visit: Open) -> Open:
    """``merging(patient, other=…)``: the patient's page at its form for merging."""

    def open_it(patient: MemberRead, **query: object) -> AppTest:
        address = {"patient": patient.id, "do": "merge", **query}
        return visit("pages/patients.py", Role.VIEWER, **address)

    return open_it


@pytest.fixture
def twins(session: Session) -> tuple[MemberRead, MemberRead]:
    """The same person twice: the second record knows the NIN and has 150 points."""
    born = {"date_of_birth": "1990-05-15"}
    first = make_patient(session, "Ada Obi", **born)
    second = make_patient(session, "Ada Obi", nin="12345678901", **born)
    adjustment = Adjustment(points=50, reason="a gift")
    service.adjust(session, second.id, adjustment, actor=ADJUSTER)
    return first, queries.get_member(session, second.id)


def test_who_resembles_the_patient_is_offered(
    merging: Open, session: Session, twins: tuple[MemberRead, MemberRead]
) -> None:
    make_patient(session, "Zainab Bello")

    page = merging(twins[0])

    assert cells(page, "Code") == [twins[1].patient_code]


def test_the_other_record_is_searched_and_never_the_same(
    merging: Open, session: Session, twins: tuple[MemberRead, MemberRead]
) -> None:
    zainab = make_patient(session, "Zainab Bello")

    assert cells(merging(twins[0], find="zainab"), "Code") == [zainab.patient_code]
    assert cells(merging(zainab, find="zainab"), "Code") == []
    assert "Nobody fits." in texts(merging(zainab, find="zainab"))


def test_both_are_shown_with_what_would_become_of_them_and_nothing_is_done(
    merging: Open, session: Session, twins: tuple[MemberRead, MemberRead]
) -> None:
    stays, goes = twins

    page = merging(stays, other=goes.id)

    assert metric(page, "Points that move") == "50"
    assert metric(page, "Points together") == "150"
    assert "100 points end: a person is welcomed once." in texts(page)
    table = next(t.value for t in page.dataframe if "Together" in t.value.columns)
    assert table["Stays"].iloc[0] == stays.patient_code
    assert table["Goes"].iloc[0] == goes.patient_code
    assert "*******8901" in list(table["Together"])
    assert queries.get_member(session, goes.id) == goes
    assert queries.get_member(session, stays.id) == stays


def test_the_records_are_merged_and_the_page_of_the_one_that_stays_opens(
    merging: Open, session: Session, twins: tuple[MemberRead, MemberRead]
) -> None:
    stays, goes = twins
    page = merging(stays, other=goes.id)
    button = f"Merge {goes.patient_code} into {stays.patient_code}"

    press(page, button)
    assert errors(page) == ["Give at least 3 characters."]
    press(fill(page, reason="the same NIN card"), button)

    after = patients.patient_by_code(session, goes.patient_code)
    assert (after.id, after.nin) == (stays.id, "*******8901")
    assert queries.get_member(session, stays.id).loyalty_points == 150
    assert dict(page.query_params) == {"patient": str(stays.id)}
    assert "Done: 2 records changed." in texts(page)


def test_the_other_record_may_be_the_one_that_stays(
    merging: Open, session: Session, twins: tuple[MemberRead, MemberRead]
) -> None:
    opened, other = twins
    page = merging(opened, other=other.id)

    page.selectbox[0].set_value("other").run()
    button = f"Merge {opened.patient_code} into {other.patient_code}"
    press(fill(page, reason="the same NIN card"), button)

    assert patients.surviving_id(session, opened.id) == other.id
    assert page.query_params["patient"] == str(other.id)


def test_what_changed_since_it_was_looked_at_is_not_merged(
    merging: Open, session: Session, twins: tuple[MemberRead, MemberRead]
) -> None:
    stays, goes = twins
    page = fill(merging(stays, other=goes.id), reason="the same NIN card")
    records.update_patient(session, goes.id, PatientUpdate(middle_name="Chidi"), actor=DESK)

    press(page, f"Merge {goes.patient_code} into {stays.patient_code}")

    assert "was changed since you looked" in page.warning[0].value
    assert patients.surviving_id(session, goes.id) == goes.id


def test_a_patient_is_not_merged_with_itself(
    merging: Open, session: Session, twins: tuple[MemberRead, MemberRead]
) -> None:
    assert errors(merging(twins[0], other=twins[0].id)) == ["Choose two different patients."]


def merged(session: Session, twins: tuple[MemberRead, MemberRead]) -> Receipt:
    stays, goes = twins
    both = Merge(stays_id=stays.id, gone_id=goes.id)
    plan = joining.plan_merge(session, both, actor=DESK)
    data = MergeCommit(**both.model_dump(), fingerprint=plan.fingerprint, reason="the same NIN")
    return joining.commit_merge(session, data, actor=DESK)


def test_a_merge_is_undone_from_its_receipt(
    visit: Open, session: Session, twins: tuple[MemberRead, MemberRead]
) -> None:
    receipt = merged(session, twins)
    page = visit("pages/receipts.py", Role.VIEWER, receipt=receipt.receipt_id)

    press(page, "Undo the merge")
    assert metric(page, "Points that go back") == "50"
    press(page, "Make 1 record its own again")

    assert queries.get_member(session, twins[1].id).loyalty_points == 150
    assert get_receipt(session, receipt.receipt_id).undone_at is not None


def test_a_merge_whose_points_were_used_is_not_undone(
    visit: Open, session: Session, twins: tuple[MemberRead, MemberRead]
) -> None:
    receipt = merged(session, twins)
    spend(session, twins[0].id, 120)
    page = visit("pages/receipts.py", Role.VIEWER, receipt=receipt.receipt_id)

    press(page, "Undo the merge")

    assert "used or have ended" in str(cells(page, "Why"))
    (button,) = [each for each in page.button if each.label.startswith("Make")]
    assert button.disabled


def test_who_only_reads_does_not_undo_a_merge(
    visit: Open, session: Session, twins: tuple[MemberRead, MemberRead]
) -> None:
    receipt = merged(session, twins)
    page = visit("pages/receipts.py", Role.ANALYST, receipt=receipt.receipt_id)
    assert "Undo the merge" not in labels(page)
