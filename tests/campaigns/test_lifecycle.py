"""From draft to its end: who may do what, four eyes in the database too, and no way around them."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, Forbidden, Invalid, NotFound
from crm_core.campaigns import people, queries, service
from crm_core.campaigns.schemas import (
    TRANSITIONS,
    AudienceList,
    CampaignCancellation,
    CampaignRead,
    CampaignStatus,
    CampaignUpdate,
    RecipientFilter,
    Rejection,
    Schedule,
)
from crm_core.loyalty.merging import part_patients
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_campaigns import (
    APPROVER,
    DRAFTER,
    LAUNCHER,
    make_approved,
    make_campaign,
    make_launched,
    open_runs,
    segment,
    where,
    work,
)
from tests.make_patients import DESK, make_patient
from tests.observe import refused_by, sql
from tests.privacy.acts import merged

BOTH = make_actor(Role.APPROVER, Role.CAMPAIGNER)
BECAUSE = CampaignCancellation(reason="The talk was called off")


def status_of(session: Session, campaign: CampaignRead) -> CampaignStatus:
    return queries.get_campaign(session, campaign.id).status


def test_a_campaign_goes_from_draft_to_launch_through_two_people(session: Session) -> None:
    draft = make_campaign(session)
    assert draft.status == CampaignStatus.DRAFT

    waiting = service.submit_campaign(session, draft.id, actor=DRAFTER)
    approved = service.approve_campaign(session, draft.id, actor=APPROVER)
    launched = service.launch_campaign(session, draft.id, actor=LAUNCHER)

    assert waiting.status == CampaignStatus.PENDING_APPROVAL
    assert (approved.status, approved.approved_by) == (CampaignStatus.APPROVED, APPROVER.person)
    assert launched.status == CampaignStatus.ACTIVE


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.CAMPAIGNER, {"draft", "submit", "launch"}),
        (Role.APPROVER, {"approve", "reject"}),
        (Role.ANALYST, set()),
        (Role.VIEWER, set()),
        (Role.ADMIN, set()),
    ],
)
def test_drafting_approving_and_launching_are_separate_permissions(
    session: Session, role: Role, may: set[str]
) -> None:
    actor = make_actor(role)
    campaign = make_campaign(session)
    acts: dict[str, Callable[[], object]] = {
        "draft": lambda: service.update_campaign(
            session, campaign.id, CampaignUpdate(description="Other"), actor=actor
        ),
        "submit": lambda: service.submit_campaign(session, campaign.id, actor=actor),
        "approve": lambda: service.approve_campaign(session, campaign.id, actor=actor),
        "reject": lambda: service.reject_campaign(
            session, campaign.id, Rejection(note="Too long"), actor=actor
        ),
        "launch": lambda: service.launch_campaign(session, 0, actor=actor),
    }
    refused = {name for name, act in acts.items() if _forbidden(session, act)}

    assert refused == set(acts) - may


def _forbidden(session: Session, act: Callable[[], object]) -> bool:
    """Whether the actor lacks the permission; what the state forbids is another matter."""
    try:
        with session.begin_nested():
            act()
    except Forbidden:
        return True
    except (Conflict, NotFound):
        return False
    return False


def test_who_drafted_a_campaign_cannot_approve_it(session: Session) -> None:
    campaign = service.create_campaign(session, queries.written(make_campaign(session)), actor=BOTH)
    service.submit_campaign(session, campaign.id, actor=BOTH)

    with pytest.raises(Forbidden, match="drafted"):
        service.approve_campaign(session, campaign.id, actor=BOTH)
    with pytest.raises(Forbidden, match="drafted"):
        service.launch_campaign(session, campaign.id, actor=BOTH)


def test_who_edited_a_draft_of_another_is_its_drafter_too(session: Session) -> None:
    campaign = make_campaign(session)
    service.update_campaign(session, campaign.id, CampaignUpdate(name="Better"), actor=BOTH)
    service.submit_campaign(session, campaign.id, actor=DRAFTER)

    with pytest.raises(Forbidden, match="drafted"):
        service.approve_campaign(session, campaign.id, actor=BOTH)


def test_the_database_itself_lets_no_drafter_approve(session: Session) -> None:
    campaign = make_campaign(session)
    approve = "UPDATE crm_campaigns SET status = 'approved', approved_by = :by WHERE id = :id"

    with refused_by(session, "ck_crm_campaigns_four_eyes"):
        sql(session, approve, id=campaign.id, by=DRAFTER.person)
    with refused_by(session, "ck_crm_campaigns_approved"):
        sql(session, approve, id=campaign.id, by=None)
    with refused_by(session, "campaign_drafters"):
        sql(session, "UPDATE crm_campaigns SET drafters = '{staff:1}' WHERE id = :i", i=campaign.id)
    with refused_by(session, "campaign_begins_draft"):
        sql(
            session,
            "INSERT INTO crm_campaigns (name, type, target_audience, channels, message_template,"
            " created_by, created_by_name, drafters, status, approved_by) VALUES ('x', 'survey',"
            " 'all_patients', '{sms}', 'x', 'a', 'a', '{a}', 'approved', 'b')",
        )


def test_whoever_may_approve_launches_the_draft_of_another_at_once(session: Session) -> None:
    campaign = make_campaign(session)

    launched = service.launch_campaign(session, campaign.id, actor=BOTH)

    assert (launched.status, launched.approved_by) == (CampaignStatus.ACTIVE, BOTH.person)


def test_a_launcher_alone_launches_no_draft(session: Session) -> None:
    campaign = make_campaign(session)

    with pytest.raises(Forbidden, match="approver"):
        service.launch_campaign(session, campaign.id, actor=LAUNCHER)


@pytest.mark.parametrize(
    "edit",
    [
        {"name": "Another"},
        {"message_template": "Other words"},
        {"channels": ["email"]},
        {"control_percent": 5},
        {
            "target_audience": "specific_segment",
            "segment_criteria": segment(where("age", "at_least", 9)),
        },
    ],
)
def test_editing_what_was_approved_makes_it_a_draft_again(
    session: Session, edit: dict[str, object]
) -> None:
    campaign = make_approved(session)

    edited = service.update_campaign(
        session, campaign.id, CampaignUpdate.model_validate(edit), actor=DRAFTER
    )

    assert (edited.status, edited.approved_by) == (CampaignStatus.DRAFT, None)


def test_saving_without_a_change_keeps_the_approval(session: Session) -> None:
    campaign = make_approved(session)

    same = CampaignUpdate.model_validate(campaign.model_dump(mode="json"))
    kept = service.update_campaign(session, campaign.id, same, actor=DRAFTER)

    assert kept.status == CampaignStatus.APPROVED


def test_plain_sql_cannot_change_what_was_approved_and_keep_the_approval(session: Session) -> None:
    campaign = make_approved(session)

    sql(session, "UPDATE crm_campaigns SET message_template = 'x' WHERE id = :i", i=campaign.id)

    assert status_of(session, campaign) == CampaignStatus.DRAFT


def test_a_stale_edit_is_refused(session: Session) -> None:
    campaign = make_campaign(session)
    service.update_campaign(session, campaign.id, CampaignUpdate(name="First"), actor=DRAFTER)

    with pytest.raises(Conflict, match="since you opened it"):
        stale = CampaignUpdate(name="Second", version=campaign.version)
        service.update_campaign(session, campaign.id, stale, actor=DRAFTER)


def test_an_edit_that_does_not_fit_together_is_refused(session: Session) -> None:
    campaign = make_campaign(session)

    with pytest.raises(Invalid, match="at least one condition"):
        edit = CampaignUpdate.model_validate({"target_audience": "specific_segment"})
        service.update_campaign(session, campaign.id, edit, actor=DRAFTER)


def test_what_was_saved_before_a_rule_is_refused_in_words_and_can_be_cancelled(
    session: Session,
) -> None:
    campaign = make_campaign(
        session,
        target_audience="specific_segment",
        segment_criteria=segment(where("age", "at_least", 9)),
    )
    everybody = '{"version": 1, "match": "all", "conditions": [{"conditions": []}]}'
    sql(
        session,
        "UPDATE crm_campaigns SET segment_criteria = CAST(:c AS jsonb) WHERE id = :i",
        c=everybody,
        i=campaign.id,
    )

    with pytest.raises(Invalid, match=r"draft it anew: .* holds for everybody"):
        service.submit_campaign(session, campaign.id, actor=DRAFTER)
    ended = service.cancel_campaign(session, campaign.id, BECAUSE, actor=LAUNCHER)
    assert ended.status == CampaignStatus.CANCELLED


def test_a_launched_campaign_is_not_edited(session: Session) -> None:
    campaign = make_launched(session)

    with pytest.raises(Conflict, match="not edited"):
        service.update_campaign(session, campaign.id, CampaignUpdate(name="x"), actor=DRAFTER)
    with refused_by(session, "campaign_fixed"):
        sql(session, "UPDATE crm_campaigns SET message_template = 'x' WHERE id = :i", i=campaign.id)


@pytest.mark.parametrize("state", ["draft", "approved", "scheduled", "active"])
def test_only_what_was_submitted_is_approved(session: Session, state: str) -> None:
    campaign = make_campaign(session) if state == "draft" else make_approved(session)
    if state == "scheduled":
        soon = Schedule(scheduled_date=utc_now() + timedelta(hours=2))
        service.schedule_campaign(session, campaign.id, soon, actor=LAUNCHER)
    if state == "active":
        service.launch_campaign(session, campaign.id, actor=LAUNCHER)

    with pytest.raises(Conflict, match="only what was submitted"):
        service.approve_campaign(session, campaign.id, actor=make_actor(Role.APPROVER))


def test_an_approver_takes_an_approval_back_by_a_note(session: Session) -> None:
    campaign = make_approved(session)

    back = service.reject_campaign(
        session, campaign.id, Rejection(note="Wrong day"), actor=APPROVER
    )

    assert (back.status, back.approved_by) == (CampaignStatus.DRAFT, None)


def test_a_rejection_carries_its_note_to_the_drafter(session: Session) -> None:
    campaign = make_campaign(session)
    service.submit_campaign(session, campaign.id, actor=DRAFTER)

    note = Rejection(note="Name the day of the talk")
    rejected = service.reject_campaign(session, campaign.id, note, actor=APPROVER)

    assert (rejected.status, rejected.status_note) == (CampaignStatus.DRAFT, note.note)
    again = service.submit_campaign(session, campaign.id, actor=DRAFTER)
    assert again.status_note is None


def test_the_database_and_the_code_know_the_same_transitions(session: Session) -> None:
    found = sql(session, "SELECT old_status, new_status FROM crm_campaign_transitions").all()

    allowed = {(a.value, b.value) for a, b in product(CampaignStatus, repeat=2) if a.can_become(b)}
    assert {tuple(row) for row in found} == allowed
    assert set(TRANSITIONS) == set(CampaignStatus)


def test_a_scheduled_campaign_is_launched_when_its_time_has_come(session: Session) -> None:
    campaign = make_approved(session)
    soon = utc_now() + timedelta(hours=2)
    service.schedule_campaign(session, campaign.id, Schedule(scheduled_date=soon), actor=LAUNCHER)

    assert service.launch_due(session) == 0
    assert service.launch_due(session, now=soon + timedelta(minutes=1)) == 1
    assert service.launch_due(session, now=soon + timedelta(minutes=2)) == 0
    assert status_of(session, campaign) == CampaignStatus.ACTIVE
    assert len(open_runs(session, campaign.id)) == 1


def test_one_that_cannot_be_launched_says_so_and_stops_nobody_else(session: Session) -> None:
    soon = utc_now() + timedelta(hours=2)
    broken, other = make_approved(session), make_approved(session)
    for campaign in (broken, other):
        at = Schedule(scheduled_date=soon)
        service.schedule_campaign(session, campaign.id, at, actor=LAUNCHER)
    # Its launch is there already, against all rules.
    sql(session, "INSERT INTO crm_campaign_runs (campaign_id) VALUES (:id)", id=broken.id)

    while service.launch_due(session, now=soon + timedelta(minutes=1)):
        pass

    assert status_of(session, other) == CampaignStatus.ACTIVE
    kept = queries.get_campaign(session, broken.id)
    assert (kept.status, kept.scheduled_date) == (CampaignStatus.APPROVED, None)
    assert kept.status_note is not None
    assert "launched today already" in kept.status_note


def test_a_time_can_be_taken_back_and_must_lie_ahead(session: Session) -> None:
    campaign = make_approved(session)
    soon = Schedule(scheduled_date=utc_now() + timedelta(hours=2))
    service.schedule_campaign(session, campaign.id, soon, actor=LAUNCHER)

    back = service.unschedule_campaign(session, campaign.id, actor=LAUNCHER)

    assert (back.status, back.scheduled_date) == (CampaignStatus.APPROVED, None)
    with pytest.raises(Invalid, match="ahead"):
        past = Schedule(scheduled_date=utc_now() - timedelta(hours=2))
        service.schedule_campaign(session, campaign.id, past, actor=LAUNCHER)


def test_an_edit_moves_no_campaign_on_the_schedule(session: Session) -> None:
    campaign = make_approved(session)
    soon = Schedule(scheduled_date=utc_now() + timedelta(hours=2))
    shown = service.schedule_campaign(session, campaign.id, soon, actor=LAUNCHER)

    for other in (utc_now() - timedelta(hours=1), utc_now() + timedelta(days=9), None):
        with pytest.raises(Conflict, match="schedule it anew"):
            edit = CampaignUpdate(scheduled_date=other)
            service.update_campaign(session, campaign.id, edit, actor=DRAFTER)

    kept = queries.get_campaign(session, campaign.id)
    assert (kept.status, kept.scheduled_date) == (CampaignStatus.SCHEDULED, shown.scheduled_date)
    same = CampaignUpdate.model_validate(shown.model_dump(mode="json"))
    assert service.update_campaign(session, campaign.id, same, actor=DRAFTER) == kept
    later = Schedule(scheduled_date=utc_now() + timedelta(days=9))
    moved = service.schedule_campaign(session, campaign.id, later, actor=LAUNCHER)
    assert moved.scheduled_date == later.scheduled_date


def test_only_an_approved_campaign_is_scheduled(session: Session) -> None:
    campaign = make_campaign(session)

    with pytest.raises(Conflict, match="cannot be scheduled"):
        soon = Schedule(scheduled_date=utc_now() + timedelta(hours=2))
        service.schedule_campaign(session, campaign.id, soon, actor=LAUNCHER)


@pytest.mark.parametrize("ended", ["cancelled", "completed"])
def test_what_has_ended_stays_so(session: Session, ended: str) -> None:
    campaign = make_launched(session)
    if ended == "cancelled":
        service.cancel_campaign(session, campaign.id, BECAUSE, actor=LAUNCHER)
    else:
        service.complete_finished(session)

    assert status_of(session, campaign) == ended
    for act in (service.launch_campaign, service.pause_campaign, service.resume_campaign):
        with pytest.raises(Conflict):
            act(session, campaign.id, actor=LAUNCHER)


def test_a_custom_audience_takes_its_list_first(session: Session) -> None:
    ada, bola = make_patient(session, "Ada Obi", email="ada@example.ng"), make_patient(session)
    campaign = make_campaign(session, target_audience="custom")
    with pytest.raises(Invalid, match="Upload the list"):
        service.submit_campaign(session, campaign.id, actor=DRAFTER)

    entries = [
        ada.patient_code.lower(),
        "ADA@example.ng",
        bola.phone.replace("+234", "0"),
        "PAT-9999",
    ]
    kept = service.upload_list(session, campaign.id, AudienceList(entries=entries), actor=DRAFTER)

    assert (kept.matched, kept.unknown) == (2, ["PAT-9999"])
    service.submit_campaign(session, campaign.id, actor=DRAFTER)
    service.approve_campaign(session, campaign.id, actor=APPROVER)
    service.launch_campaign(session, campaign.id, actor=LAUNCHER)
    work(session, campaign.id)
    assert queries.get_campaign(session, campaign.id).total_recipients == 2


def test_a_list_follows_a_merge_and_its_undoing(session: Session) -> None:
    stays, gone, other = (make_patient(session) for _ in range(3))
    campaign = make_campaign(session, target_audience="custom")
    codes = AudienceList(entries=[one.patient_code for one in (stays, gone, other)])
    service.upload_list(session, campaign.id, codes, actor=DRAFTER)
    another = make_campaign(session, target_audience="custom")
    only_gone = AudienceList(entries=[gone.patient_code])
    service.upload_list(session, another.id, only_gone, actor=DRAFTER)

    merged(session, stays.id, gone.id)

    assert planned(session, campaign.id) == [stays.patient_code, other.patient_code]
    assert queries.list_size(session, campaign.id) == 2
    assert planned(session, another.id) == [stays.patient_code]
    part_patients(session, gone.id, actor=DESK)
    assert planned(session, another.id) == [gone.patient_code]
    merged(session, other.id, gone.id)
    service.submit_campaign(session, another.id, actor=DRAFTER)
    service.approve_campaign(session, another.id, actor=APPROVER)
    service.launch_campaign(session, another.id, actor=LAUNCHER)
    work(session, another.id)
    assert planned(session, another.id) == [other.patient_code]


def planned(session: Session, campaign_id: int) -> list[str]:
    """Who is in its audience, or was when it was launched."""
    found = people.list_recipients(session, campaign_id, RecipientFilter(), actor=DRAFTER)
    return sorted(one.code for one in found.page(session).rows)


def test_another_list_is_another_campaign(session: Session) -> None:
    patient = make_patient(session)
    campaign = make_campaign(session, target_audience="custom")
    a_list = AudienceList(entries=[patient.patient_code])
    service.upload_list(session, campaign.id, a_list, actor=DRAFTER)
    service.submit_campaign(session, campaign.id, actor=DRAFTER)
    service.approve_campaign(session, campaign.id, actor=APPROVER)

    service.upload_list(session, campaign.id, a_list, actor=DRAFTER)

    assert status_of(session, campaign) == CampaignStatus.DRAFT
    service.launch_campaign(session, campaign.id, actor=BOTH)
    with refused_by(session, "campaign_fixed"):
        sql(session, "DELETE FROM crm_campaign_lists WHERE campaign_id = :i", i=campaign.id)
