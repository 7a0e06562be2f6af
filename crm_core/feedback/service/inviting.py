"""Links for stars: after a visit, on request, and for how a case was resolved."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base.clock import utc_now
from crm_core.base.links import address_of, make_link
from crm_core.base.parameters import value_of
from crm_core.feedback import givers
from crm_core.feedback.models import Feedback, FeedbackInvitation
from crm_core.feedback.schemas import Invitation, InvitationKind, SourceType
from crm_core.feedback.service import common
from crm_core.hospitals.models import Hospital
from crm_core.messaging import service as messaging
from crm_core.messaging.schemas import CommunicationRead, Outgoing, Purpose, RecipientType
from crm_core.people.schemas import Actor, Permission

PURPOSE = "feedback"
"""What the links are signed for."""

_COLUMNS = {
    SourceType.PATIENT: "patient_id",
    SourceType.OWNER: "owner_id",
    SourceType.STAFF: "staff_id",
}


def invite(session: Session, data: Invitation, *, actor: Actor) -> CommunicationRead | None:
    """Asks one person for stars; None where this visit was asked about before."""
    actor.require(Permission.FEEDBACK_WRITE)
    sent = invite_all(session, [data], actor=actor)
    return sent[0] if sent else None


def invite_all(
    session: Session, wanted: Sequence[Invitation], *, actor: Actor
) -> list[CommunicationRead]:
    """Asks any number of people in a constant number of statements; a visit is asked about once."""
    actor.require(Permission.FEEDBACK_WRITE)
    if not wanted:
        return []
    expires = _expires(session)
    patients = [one.source_id for one in wanted if one.source_type is SourceType.PATIENT]
    stayed = givers.stayed(session, patients)
    rows = [_row(data, stayed, expires) for data in wanted]
    with common.refusing():
        made = session.scalars(
            insert(FeedbackInvitation)
            .values(rows)
            .on_conflict_do_nothing(index_elements=["visit_id"])
            .returning(FeedbackInvitation),
            execution_options={"populate_existing": True},
        ).all()
    places = _places(session, [one.hospital_id for one in made if one.hospital_id])
    messages = [_asking(one, places.get(one.hospital_id or 0, "our hospital")) for one in made]
    return messaging.queue_all(session, messages, actor=actor)


def ask_about_resolution(session: Session, case: Feedback) -> str:
    """The address at which the giver says how content they are; the message carries it."""
    invitation = FeedbackInvitation(
        kind=InvitationKind.RESOLUTION.value,
        patient_id=case.patient_id,
        owner_id=case.owner_id,
        staff_id=case.staff_id,
        hospital_id=case.hospital_id,
        feedback_id=case.id,
        expires_at=_expires(session),
    )
    session.add(invitation)
    session.flush()
    return _address(invitation)


def _asking(invitation: FeedbackInvitation, place: str) -> Outgoing:
    source, person = next(
        (source, person)
        for source, column in _COLUMNS.items()
        if (person := getattr(invitation, column)) is not None
    )
    return Outgoing(
        recipient_type=RecipientType(source.value),
        recipient_id=person,
        purpose=Purpose.SURVEY,
        message_type="feedback_request",
        template="feedback_request",
        fields={"place": place, "link": _address(invitation)},
        reference_type="feedback_request",
        reference_id=invitation.id,
        dedupe_key=f"feedback-request:{invitation.id}",
        expires_at=invitation.expires_at,
    )


def _row(data: Invitation, stayed: Mapping[int, int], expires: datetime) -> dict[str, object]:
    person = data.source_id
    if data.source_type is SourceType.PATIENT:
        person = stayed.get(person, person)
    kind = InvitationKind.REQUEST if data.visit_id is None else InvitationKind.VISIT
    people = dict.fromkeys(_COLUMNS.values())
    return people | {
        "kind": kind.value,
        _COLUMNS[data.source_type]: person,
        "visit_id": data.visit_id,
        "hospital_id": data.hospital_id,
        "department_id": data.department_id,
        "expires_at": expires,
    }


def _address(invitation: FeedbackInvitation) -> str:
    return address_of(PURPOSE, make_link(PURPOSE, invitation.id, expires_at=invitation.expires_at))


def _expires(session: Session) -> datetime:
    return utc_now() + timedelta(days=float(value_of(session, "feedback.link_days")))


def _places(session: Session, ids: Sequence[int]) -> dict[int, str]:
    found = session.execute(select(Hospital.id, Hospital.name).where(Hospital.id.in_(ids)))
    return {row.id: row.name for row in found}
