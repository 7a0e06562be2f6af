"""One random step of somebody with a payout, as the code takes it."""

from collections.abc import Callable
from decimal import Decimal

from sqlalchemy.orm import Session

from crm_core.base.errors import Refusal
from crm_core.payouts import service
from crm_core.payouts.schemas import PayoutUpdate
from crm_core.people.schemas import Actor
from tests.make_business import APPROVER, FINANCE
from tests.payouts.acts import ACTS, BOTH, SECOND, THRESHOLD, approve_many, undo
from tests.payouts.model import STEPS, Model

PEOPLE = (APPROVER, SECOND, BOTH)
AMOUNTS = (Decimal("100000.00"), THRESHOLD - Decimal("0.01"), THRESHOLD)
NAMES = ("approve", "approve", "approve", "approve many", "undo", "correct", *STEPS)


def take(session: Session, name: str, payout_id: int, person: Actor, amount: Decimal) -> bool:
    """Whether the code let it happen."""
    many: dict[str, Callable[[], object]] = {
        "approve many": lambda: approve_many(session, [payout_id], person).changed,
        "undo": lambda: undo(session, payout_id, actor=person).changed,
        "correct": lambda: _correct(session, payout_id, amount),
        "approve": lambda: ACTS["approve"](session, payout_id, person),
    }
    try:
        with session.begin_nested():
            done = many[name]() if name in many else ACTS[name](session, payout_id)
    except Refusal:
        return False
    return bool(done)


def expect(model: Model, name: str, person: Actor, amount: Decimal) -> bool:
    """Whether the rules let it happen."""
    if name in ("approve", "approve many"):
        return model.approve(person.person)
    if name == "undo":
        return model.undo(person.person)
    return model.correct(amount) if name == "correct" else model.act(name)


def _correct(session: Session, payout_id: int, amount: Decimal) -> object:
    data = PayoutUpdate(gross_revenue=amount)
    return service.update_payout(session, payout_id, data, actor=FINANCE)
