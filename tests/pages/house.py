"""A house with a record of every kind, for walks through all pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from crm_core.campaigns import service as campaigns
from crm_core.integrations.incoming import keep_refused
from crm_core.integrations.incoming.schemas import Source
from crm_core.integrations.outgoing import service as outgoing
from crm_core.integrations.outgoing.schemas import SubscriptionCreate
from crm_core.payouts import service as payouts
from crm_core.people import service as people
from crm_core.people.schemas import Role, TokenCreate
from crm_core.privacy import incidents
from crm_core.privacy.schemas import IncidentOpen
from tests.appointments.waiting import wait
from tests.make import make_actor, make_staff
from tests.make_appointments import begin_ago, make_doctor, make_hours, make_visit
from tests.make_business import (
    APPROVER,
    GOOD_ACCOUNT,
    approve,
    last_month,
    make_contract,
    make_hospital,
    make_owner,
    make_payout,
    make_revenue,
    pay,
)
from tests.make_campaigns import DRAFTER, make_approved, make_campaign, make_launched
from tests.make_feedback import make_feedback, resolve
from tests.make_imports import file_of, line, look
from tests.make_messages import make_message, make_reply, make_template
from tests.make_patients import make_patient, make_reward
from tests.privacy.acts import erased, requested

ADMIN = make_actor(Role.ADMIN)
NINS = ("71234567801", "81234567802", "91234567803", "61234567804")
WHOLE_NUMBERS = (*NINS, GOOD_ACCOUNT.account_number)
"""What nobody sees without asking for it, one by one and with a reason."""

Stop = tuple[str, dict[str, object]]
"""A page's path below ``pages``, empty for the home page, and what its address says."""


def stops(session: Session) -> list[Stop]:
    """Makes the records; every page, every record, and every step that an address can name."""
    return [
        ("", {}),
        ("receipts", {}),
        *_of_patients(session),
        *_of_visits(session),
        *_of_messages(session),
        *_of_campaigns(session),
        *_of_feedback(session),
        *_of_owners(session),
        *_of_the_erased(session),
        *_of_the_house(session),
    ]


def _of_patients(session: Session) -> Iterator[Stop]:
    patient, other = make_patient(session, "Chioma Okafor", nin=NINS[0]), make_patient(session)
    make_reward(session)
    seen = look(
        session, file_of(line("Bola Eze", nin=NINS[2]), {**line("Zainab Musa"), "phone": ""})
    )
    session.commit()
    yield "search", {}
    yield "search", {"q": "Chioma"}
    yield "patients", {}
    yield "patients", {"new": "yes"}
    yield "patients", {"import": "new"}
    yield "patients", {"import": seen.id}
    yield "patients", {"patient": patient.id}
    yield "patients", {"patient": patient.id, "tab": "history", "past": "yes", "then": _TODAY}
    yield "patients", {"patient": patient.id, "do": "edit"}
    yield "patients", {"patient": patient.id, "do": "status"}
    yield "patients", {"patient": patient.id, "do": "merge", "other": other.id}
    yield "loyalty", {}
    yield "loyalty", {"tab": "exports"}


_TODAY = f"{datetime.now(UTC):%Y-%m-%d}"


def _of_visits(session: Session) -> Iterator[Stop]:
    doctor = make_doctor(session)
    make_hours(session, doctor.id)
    ahead = make_visit(session)
    begun = make_visit(session)
    begin_ago(session, begun.id, hours=1)
    wait(session, doctor.hospital_id)
    session.commit()
    yield "appointments", {}
    yield "appointments", {"do": "book"}
    yield "appointments", {"who": doctor.id}
    yield "appointments", {"visit": ahead.id}
    yield "appointments", {"visit": ahead.id, "do": "move"}
    yield "appointments", {"visit": begun.id}


def _of_messages(session: Session) -> Iterator[Stop]:
    patient = make_patient(session)
    message = make_message(session, patient.id)
    template = make_template(session, "reminder_of_the_house")
    reply = make_reply(session, patient.id, patient.phone)
    session.commit()
    yield "communications", {}
    yield "communications", {"message": message.id}
    yield "communications", {"tab": "replies", "reply": reply.id}
    yield "communications", {"tab": "templates", "template": template.id}
    yield "communications", {"tab": "templates", "template": "new"}
    yield "communications", {"tab": "channels", "outbox": "yes"}


def _of_campaigns(session: Session) -> Iterator[Stop]:
    draft, waiting = make_campaign(session), make_campaign(session)
    campaigns.submit_campaign(session, waiting.id, actor=DRAFTER)
    approved, launched = make_approved(session), make_launched(session)
    session.commit()
    yield "campaigns", {}
    yield "campaigns", {"do": "draft"}
    yield "campaigns", {"campaign": draft.id, "do": "edit"}
    for campaign in (draft, waiting, approved, launched):
        yield "campaigns", {"campaign": campaign.id}


def _of_feedback(session: Session) -> Iterator[Stop]:
    case, done = make_feedback(session), make_feedback(session, type="suggestion")
    resolve(session, done.id)
    session.commit()
    yield "feedback", {}
    yield "feedback", {"tab": "take-in"}
    for piece in (case, done):
        yield "feedback", {"feedback": piece.id}
    for what in ("answer", "resolve", "assign"):
        yield "feedback", {"feedback": case.id, "do": what}


def _of_owners(session: Session) -> Iterator[Stop]:
    hospital, owner = make_hospital(session), make_owner(session, "Ngozi Bello", nin=NINS[1])
    contract = make_contract(session, owner.id, hospital.id)
    make_revenue(session, hospital.id, "9000000", last_month())
    waiting = make_payout(session, owner.id, months_ago=2)
    approved = approve(session, make_payout(session, owner.id, months_ago=3).id)
    paid = pay(session, make_payout(session, owner.id, months_ago=4).id)
    many = [make_payout(session, owner.id, months_ago=5).id]
    plan = payouts.plan_approval(session, many, actor=APPROVER)
    receipt = payouts.commit_approval(session, plan.fingerprint, many, actor=APPROVER)
    session.commit()
    yield "owners", {}
    yield "owners", {"new": "yes"}
    yield "owners", {"tab": "hospitals", "hospital": hospital.id}
    yield "owners", {"owner": owner.id}
    yield "owners", {"owner": owner.id, "edit": "yes"}
    yield "owners", {"owner": owner.id, "tab": "contracts", "contract": contract.id}
    yield "owners", {"owner": owner.id, "tab": "history", "past": "yes", "then": _TODAY}
    yield "payouts", {}
    for payout in (waiting, approved, paid):
        yield "payouts", {"payout": payout.id}
    for what in ("approve", "reject", "edit"):
        yield "payouts", {"payout": waiting.id, "do": what}
    yield "payouts", {"payout": approved.id, "do": "pay"}
    yield "payouts", {"tab": "make", "month": f"{last_month():%Y-%m}"}
    yield "payouts", {"tab": "make", "do": "by-hand"}
    yield "payouts", {"tab": "pay"}
    yield "receipts", {"receipt": receipt.receipt_id}


def _of_the_erased(session: Session) -> Iterator[Stop]:
    asked = requested(session, make_patient(session, "Ngozi Eze").patient_code)
    gone = make_patient(session, "Uche Eze", nin=NINS[3])
    erased(session, gone.patient_code)
    session.commit()
    yield "erasures", {}
    yield "erasures", {"erasure": asked.id}
    yield "patients", {"patient": gone.id, "tab": "history"}
    yield "admin", {"tab": "History", "table": "crm_patients", "record": gone.id, "then": _TODAY}


def _of_the_house(session: Session) -> Iterator[Stop]:
    staff = make_staff(session, Role.VIEWER)
    token, _ = people.create_token(
        session, TokenCreate(name="Ledger", roles=[Role.VIEWER], staff_id=staff.id), actor=ADMIN
    )
    wanted = {"name": "Ledger", "url": "https://example.ng/hook", "kinds": ["payout.paid"]}
    told, _ = outgoing.subscribe(session, SubscriptionCreate.model_validate(wanted), actor=ADMIN)
    keep_refused(session, Source.BILLING, {"event_id": "bill-7"}, "month: This is required.")
    breach = IncidentOpen(known_at=datetime.now(UTC) - timedelta(hours=1), what="A list lay open.")
    incident = incidents.open_incident(session, breach, actor=ADMIN)
    session.commit()
    yield "admin", {}
    yield "admin", {"tab": "People", "person": staff.id}
    yield "admin", {"tab": "API tokens", "token": token.id}
    yield "admin", {"tab": "History", "table": "crm_owners", "record": 1, "then": _TODAY}
    yield "admin", {"tab": "Integrations", "part": "told", "subscription": told.id}
    yield "admin", {"tab": "Data subjects", "incident": incident.id}
