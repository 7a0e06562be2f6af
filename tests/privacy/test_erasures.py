"""Erasures: asked for by one, approved by another, blocked while something must end first."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.appointments import service as visits
from crm_core.appointments.schemas import Cancellation
from crm_core.base.clock import lagos_today
from crm_core.base.db import reading, transaction
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.campaigns import service as campaigns
from crm_core.campaigns.schemas import CampaignCancellation
from crm_core.insights.search import search as search_everything
from crm_core.loyalty import merging
from crm_core.loyalty import queries as members
from crm_core.loyalty.merging.schemas import MergeUndoCommit
from crm_core.loyalty.schemas import MemberFilter
from crm_core.patients.queries import get_patient, patient_by_code
from crm_core.people.schemas import Role
from crm_core.privacy import erasures
from crm_core.privacy.schemas import ErasureApproval, ErasureFilter, ErasureState
from tests.make import make_actor
from tests.make_appointments import asked_for, make_visit
from tests.make_business import make_hospital
from tests.make_campaigns import LAUNCHER, make_queued
from tests.make_feedback import make_feedback
from tests.make_messages import make_message
from tests.make_patients import DESK, make_patient
from tests.observe import executed, history_of, refused_by, sql
from tests.privacy.acts import (
    APPROVER,
    DESK_ADMIN,
    approved,
    change,
    erased,
    merged,
    refused,
    requested,
)
from tests.together import kinds, together

BOTH = make_actor(Role.ADMIN, Role.APPROVER)
VIEWER = make_actor(Role.VIEWER)


def test_a_person_is_to_be_answered_within_a_month_of_asking(session: Session) -> None:
    long_ago = lagos_today() - timedelta(days=31)
    late = requested(session, make_patient(session).patient_code, asked_on=long_ago)
    requested(session, make_patient(session).patient_code)

    assert (late.due_on - late.asked_on, late.overdue) == (timedelta(days=30), True)
    found = erasures.list_erasures(ErasureFilter(overdue=True), actor=APPROVER).page(session)
    assert [each.id for each in found.rows] == [late.id]


def test_what_lies_ahead_was_not_asked_for_yet(session: Session) -> None:
    code = make_patient(session).patient_code
    with pytest.raises(Invalid):
        requested(session, code, asked_on=lagos_today() + timedelta(days=1))
    with pytest.raises(NotFound):
        requested(session, "PAT-999999")


def test_nobody_approves_what_they_asked_for(session: Session) -> None:
    asked = requested(session, make_patient(session).patient_code, actor=BOTH)

    with pytest.raises(Forbidden, match="Somebody else"):
        approved(session, asked, actor=BOTH)
    through_a_token = make_actor(Role.APPROVER, person=BOTH.person)
    with pytest.raises(Forbidden):
        approved(session, asked, actor=through_a_token)
    assert approved(session, asked).state is ErasureState.DONE


def test_each_step_takes_its_permission(session: Session) -> None:
    patient = make_patient(session)
    asked = requested(session, patient.patient_code)

    with pytest.raises(Forbidden):
        requested(session, patient.patient_code, actor=APPROVER)
    with pytest.raises(Forbidden):
        approved(session, asked, actor=DESK_ADMIN)
    with pytest.raises(Forbidden):
        refused(session, asked, actor=DESK_ADMIN)
    with pytest.raises(Forbidden):
        erasures.list_erasures(ErasureFilter(), actor=VIEWER)
    with pytest.raises(Forbidden):
        erasures.look_at_erasure(session, asked.id, actor=VIEWER)


def test_the_database_holds_the_four_eyes(session: Session) -> None:
    asked = requested(session, make_patient(session).patient_code)
    decided = "decided_by_name = 'x', decided_at = now()"

    with refused_by(session, "ck_crm_erasures_four_eyes"):
        change(session, asked.id, f"state = 'approved', decided_by = requested_by, {decided}")
    with refused_by(session, "erasure_transition"):
        change(session, asked.id, f"state = 'done', decided_by = 'staff:0', {decided}")
    with refused_by(session, "erasure_fixed"):
        change(session, asked.id, "requested_by = 'staff:0'")
    with refused_by(session, "erasure_begins_requested"):
        sql(
            session,
            "INSERT INTO crm_erasures (patient_id, asked_by, reason, state, asked_on, due_on,"
            " requested_by, requested_by_name) SELECT patient_id, asked_by, reason, 'approved',"
            " asked_on, due_on, requested_by, requested_by_name FROM crm_erasures",
        )
    with refused_by(session, "permission denied"):
        sql(session, "DELETE FROM crm_erasures")


def test_nothing_is_forgotten_without_an_approval(session: Session) -> None:
    patient = make_patient(session)
    asked = requested(session, patient.patient_code)
    sql(session, "SELECT set_config('crm.erasure', :id, true)", id=str(asked.id))

    with refused_by(session, "erasure_approved"):
        sql(session, "SELECT crm_erasure_forget(:id, '{}')", id=asked.id)
    with refused_by(session, "append-only"):
        sql(session, "UPDATE crm_loyalty_transactions SET description = ''")


def test_an_approved_erasure_takes_words_of_its_own_person_and_no_more(session: Session) -> None:
    patient, other = make_patient(session), make_patient(session)
    asked = requested(session, patient.patient_code)
    change(
        session,
        asked.id,
        "state = 'approved', decided_by = 'staff:0', decided_by_name = 'x', decided_at = now()",
    )
    sql(session, "SELECT set_config('crm.erasure', :id, true)", id=str(asked.id))

    ledger = "UPDATE crm_loyalty_transactions SET {} WHERE patient_id = :id"
    sql(session, ledger.format("description = ''"), id=patient.id)
    with refused_by(session, "append-only"):
        sql(session, ledger.format("description = ''"), id=other.id)
    with refused_by(session, "append-only"):
        sql(session, ledger.format("points = 0"), id=patient.id)


def test_what_must_end_first_is_said_in_sentences(session: Session) -> None:
    patient = make_patient(session)
    visit = make_visit(session, patient.id)
    make_feedback(session, source_type="patient", source_id=patient.id)
    asked = requested(session, patient.patient_code)

    plan = erasures.look_at_erasure(session, asked.id, actor=APPROVER)

    assert [each.split(":")[0] for each in plan.blockers] == [
        "A visit lies ahead or is going on",
        "A piece of feedback is open",
        "2 messages to the patient are on their way",
    ]
    with pytest.raises(Conflict, match="A visit lies ahead"):
        approved(session, asked)
    assert erasures.ERASURES.one(session, asked.id).state is ErasureState.REQUESTED
    visits.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
    with pytest.raises(Conflict, match="piece of feedback"):
        approved(session, asked)


def test_a_message_that_a_campaign_has_not_written_yet_is_on_its_way_too(session: Session) -> None:
    patient = make_patient(session)
    campaign = make_queued(session, channels=["sms", "email"])
    asked = requested(session, patient.patient_code)

    plan = erasures.look_at_erasure(session, asked.id, actor=APPROVER)
    assert [each.split(":")[0] for each in plan.blockers] == [
        "A message to the patient is on its way"
    ]

    because = CampaignCancellation(reason="The talk was called off")
    campaigns.cancel_campaign(session, campaign.id, because, actor=LAUNCHER)
    assert erasures.look_at_erasure(session, asked.id, actor=APPROVER).blockers == []


def test_what_would_go_and_stay_is_shown_with_counts(session: Session) -> None:
    patient = make_patient(session)
    asked = requested(session, patient.patient_code)

    plan = erasures.look_at_erasure(session, asked.id, actor=DESK_ADMIN)

    held = {each.table: each for each in plan.held}
    assert (plan.records, held["crm_patients"].rows) == (1, 1)
    assert {"first_name", "phone", "nin_encrypted"} <= set(held["crm_patients"].erased)
    assert "points" in str(held["crm_loyalty_transactions"].kept)
    assert "crm_appointments" not in held


def test_an_erased_person_is_in_no_list_and_cannot_be_changed_or_written_to(
    session: Session,
) -> None:
    patient = make_patient(session, "Zainab Qasim", phone="08031112223")
    done = erased(session, patient.patient_code.lower())

    assert done.counts is not None
    assert done.counts["crm_patients"] == 1
    for search in ("Zainab", "08031112223", patient.patient_code):
        found = members.list_members(MemberFilter(search=search)).page(session)
        assert found.rows == []
        assert search_everything(session, search, actor=VIEWER) == []
    with pytest.raises(NotFound):
        get_patient(session, patient.id)
    with pytest.raises(NotFound):
        patient_by_code(session, patient.patient_code)
    written = make_message(session, patient.id)
    assert written.status == "skipped"
    wanted = asked_for(patient.id, make_hospital(session).id)
    with pytest.raises((Conflict, NotFound)):
        visits.create_appointment(session, wanted, actor=DESK)
    kept = sql(
        session,
        "SELECT gender, state, date_of_birth::text FROM crm_patients WHERE id = :id",
        id=patient.id,
    ).one()
    assert kept == ("female", "Lagos", "1990-01-01")


def test_the_database_lets_nothing_of_the_person_back_in(session: Session) -> None:
    patient = make_patient(session)
    erased(session, patient.patient_code)

    for change_ in ("first_name = 'Ada'", "phone = '+2348031112223'", "merged_into_id = NULL"):
        with refused_by(session, "ck_crm_patients_"):
            sql(session, f"UPDATE crm_patients SET {change_} WHERE id = :id", id=patient.id)


def test_a_merge_of_an_erased_person_is_not_undone(session: Session) -> None:
    patient, gone = make_patient(session), make_patient(session)
    receipt_id = merged(session, patient.id, gone.id)
    erased(session, patient.patient_code)

    undo = MergeUndoCommit(receipt_id=receipt_id, fingerprint="x")
    with pytest.raises(Conflict, match="no longer known"):
        merging.commit_merge_undo(session, undo, actor=DESK)


def test_the_person_may_register_again_with_the_same_number(session: Session) -> None:
    first = make_patient(session, nin="12345678901", email="ada@example.ng", phone="08031112223")
    erased(session, first.patient_code)

    again = make_patient(session, nin="12345678901", email="ada@example.ng", phone="08031112223")

    assert again.id != first.id
    erased(session, again.patient_code)


def test_who_is_erased_or_has_asked_cannot_be_asked_for_again(session: Session) -> None:
    patient = make_patient(session)
    asked = requested(session, patient.patient_code)
    with pytest.raises(Conflict, match="waits already"), session.begin_nested():
        requested(session, patient.patient_code)
    approved(session, asked)
    with pytest.raises(Conflict, match="was erased"), session.begin_nested():
        requested(session, patient.patient_code)
    with pytest.raises(Conflict, match="done already"):
        approved(session, asked)


def test_a_refusal_says_why_and_the_person_may_ask_again(session: Session) -> None:
    patient = make_patient(session)
    asked = requested(session, patient.patient_code)
    no = refused(session, asked)
    assert (no.state, no.refusal) == (ErasureState.REFUSED, "A court asks for the file")

    erased(session, patient.patient_code)

    later = erasures.ERASURES.one(session, asked.id)
    assert (later.state, later.reason, later.refusal) == (ErasureState.REFUSED, "", "")
    assert "passport" not in str(history_of(session, "crm_erasures", asked.id))


def test_a_stale_look_is_refused(session: Session) -> None:
    asked = requested(session, make_patient(session).patient_code)
    change(session, asked.id, "reason = 'wrote again'")

    with pytest.raises(Conflict, match="changed since you looked"):
        approved(session, asked)


def test_a_record_that_was_merged_since_is_asked_for_anew(session: Session) -> None:
    patient, stays = make_patient(session), make_patient(session)
    asked = requested(session, patient.patient_code)
    merged(session, stays.id, patient.id)

    with pytest.raises(Conflict, match="merged into another"):
        approved(session, asked)


def test_statements_do_not_grow_with_what_a_person_left(session: Session) -> None:
    counts = []
    for pieces in (1, 4):
        patient = make_patient(session)
        for _ in range(pieces):
            visit = make_visit(session, patient.id)
            visits.cancel_appointment(session, visit.id, Cancellation(), actor=DESK)
        sql(session, "UPDATE crm_communication_logs SET status = 'skipped', reason = 'x'")
        asked = requested(session, patient.patient_code)
        with executed(session) as seen:
            approved(session, asked)
        counts.append(len(seen))
    assert counts[0] == counts[1]


class TestTogether:
    """On a database of its own: two people at once, and a process that dies."""

    @pytest.fixture
    def asked(self, own_database: str) -> tuple[int, int]:
        """A request that waits; its id and version."""
        with transaction(who="staff:1") as session:
            found = requested(session, make_patient(session).patient_code)
        return found.id, found.version

    def test_two_who_approve_at_once_erase_once(self, asked: tuple[int, int]) -> None:
        def approve() -> ErasureState:
            with transaction(who="staff:2") as session:
                data = ErasureApproval(version=asked[1])
                actor = make_actor(Role.APPROVER)
                return erasures.approve_erasure(session, asked[0], data, actor=actor).state

        assert kinds(together([approve, approve])) == ["Conflict", "ErasureState"]

    def test_a_process_that_dies_in_the_middle_leaves_everything(
        self, asked: tuple[int, int]
    ) -> None:
        with pytest.raises(RuntimeError), transaction(who="staff:2") as session:
            data = ErasureApproval(version=asked[1])
            erasures.approve_erasure(session, asked[0], data, actor=APPROVER)
            raise RuntimeError
        with reading() as session:
            assert erasures.ERASURES.one(session, asked[0]).state is ErasureState.REQUESTED
            told = session.execute(
                text(
                    "SELECT first_name FROM crm_patients UNION SELECT after ->> 'first_name'"
                    " FROM crm_history WHERE table_name = 'crm_patients'"
                )
            )
            assert set(told.scalars()) == {"Ada"}
