"""Anything in any order: code and model agree, nothing goes back, nothing unknown is sent again."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.messaging import service
from crm_core.messaging.gateways import GatewayDown, Letter, Outcome, Unanswered, Verdict
from crm_core.messaging.invariants import invariants
from crm_core.messaging.receiving.receipts import apply_receipts
from crm_core.messaging.receiving.schemas import Failing, Receipt
from crm_core.messaging.schemas import MessageSettlement, MessageStatus
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_messages import make_message
from tests.make_patients import make_patient
from tests.messaging.dispatch.model import Model
from tests.messaging.dispatch.providers import Scripted, accepts
from tests.messaging.dispatch.working import get, send_all

ADMIN = make_actor(Role.ADMIN)
SENDING = ("accept", "refuse", "retry", "silent", "down", "die")
RECEIPTS = ("delivered", "read", "failed")
STEPS = (
    *SENDING,
    *RECEIPTS,
    "due",
    "due",
    "lose",
    "sent?",
    "failed?",
    "opt out",
    "pause",
    "resume",
)


class Died(BaseException):
    """A worker that is killed."""


def provider(how: str) -> Scripted:
    """A provider that behaves so."""
    trouble: dict[str, BaseException] = {
        "silent": Unanswered("timed out"),
        "down": GatewayDown("refused"),
        "die": Died(),
    }
    verdicts = {"refuse": Verdict.REFUSED, "retry": Verdict.RETRY}

    def answer(letter: Letter) -> Outcome:
        return (
            Outcome(letter.id, verdicts[how], error="No.") if how in verdicts else accepts(letter)
        )

    return Scripted(answer=answer, trouble=trouble.get(how))


def send(session: Session, model: Model, how: str) -> int:
    """Sends what is due; gives how many letters that took."""
    session.execute(text("UPDATE crm_channel_health SET state = 'closed', failures = 0"))
    gateway = provider(how)
    if how == "die" and model.status == "pending":
        with suppress(Died):
            send_all(gateway)
    else:
        send_all(gateway)
    return len(gateway.letters)


def take(session: Session, model: Model, message_id: int, step: str) -> None:
    """One step in the database and in the model."""
    if step in SENDING:
        handed = model.handed
        model.send(step)
        assert send(session, model, step) == model.handed - handed
    elif step in RECEIPTS:
        model.receive(step)
        receipt = Receipt(
            provider="scripted",
            provider_id=f"p{message_id}",
            status=MessageStatus(step),
            failing=Failing.UNDELIVERED if step == "failed" else None,
        )
        apply_receipts(session, [receipt])
    elif step.endswith("?"):
        model.settle(step[:-1])
        settle(session, message_id, step[:-1])
    else:
        happen(session, model, step)


def settle(session: Session, message_id: int, outcome: str) -> None:
    """A person says what they found out."""
    found = MessageSettlement.model_validate(
        {"outcome": outcome, "reason": "The provider says so."}
    )
    plan = service.plan_settle(session, [message_id], found, actor=ADMIN)
    service.commit_settle(session, plan.fingerprint, [message_id], found, actor=ADMIN)


def happen(session: Session, model: Model, step: str) -> None:
    """Time goes by, or somebody else acts."""
    if step == "due":
        model.due = True
        session.execute(text("UPDATE crm_message_batches SET due_at = now()"))
    elif step == "lose":
        model.held = False
        session.execute(
            text(
                "UPDATE crm_message_batches SET leased_until = now() - interval '1 s'"
                " WHERE leased_until IS NOT NULL"
            )
        )
    elif step == "opt out":
        model.opted_out = True
        session.execute(_OPT_OUT)
    else:
        model.paused = step == "pause"
        old, new = ("ready", "paused") if model.paused else ("paused", "ready")
        session.execute(_MOVE, {"old": old, "new": new})


_OPT_OUT = text(
    "INSERT INTO crm_contact_choices (recipient_type, recipient_id, channel, opted_out, source)"
    " SELECT recipient_type, recipient_id, channel, true, 'desk' FROM crm_communication_logs"
)
_MOVE = text(
    "UPDATE crm_message_batches SET state = CAST(:new AS crm_batch_state)"
    " WHERE state = CAST(:old AS crm_batch_state)"
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(walk=st.lists(st.sampled_from(STEPS), min_size=4, max_size=25))
def test_code_and_model_agree_step_by_step(session: Session, walk: list[str]) -> None:
    with rolled_back(session):
        model, message_id = Model(), make_message(session, make_patient(session).id).id
        for step in walk:
            before = MessageStatus(get(session, message_id).status)
            take(session, model, message_id, step)
            now = get(session, message_id)
            assert (now.status, now.attempts) == (model.status, model.attempts), step
            assert before == now.status or before.can_become(MessageStatus(now.status))
            assert list(invariants(session)) == []


@contextmanager
def rolled_back(session: Session) -> Iterator[None]:
    """Whatever happens inside has not happened."""
    point = session.begin_nested()
    try:
        yield
    finally:
        point.rollback()
