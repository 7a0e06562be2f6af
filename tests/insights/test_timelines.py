"""A record's timeline: what happened to it, who did it, and what was changed."""

from sqlalchemy.orm import Session

from crm_core.base.db import attribute
from crm_core.insights.timelines import history_of
from crm_core.payouts import service
from crm_core.payouts.schemas import Because
from crm_core.people.schemas import Role
from tests.make import actor_for, make_staff
from tests.make_business import FINANCE, make_owner, make_payout


def test_tells_changes_in_order_with_names_and_reasons(session: Session) -> None:
    person = make_staff(session, Role.APPROVER)
    payout = make_payout(session, make_owner(session).id)
    attribute(session, who=f"staff:{person.id}", why="The revenue is disputed")
    reason = Because(reason="Disputed")
    service.reject_payout(session, payout.id, reason, actor=actor_for(person))

    made, rejected = history_of(session, "crm_payouts", payout.id)

    assert made.action == "insert"
    assert (rejected.who_name, rejected.why) == (person.name, "The revenue is disputed")
    assert rejected.changes["status"] == ("pending", "rejected")


def test_leaves_out_what_happened_to_other_records(session: Session) -> None:
    owner = make_owner(session)
    first = make_payout(session, owner.id)
    make_payout(session, owner.id, months_ago=2)

    assert len(history_of(session, "crm_payouts", first.id)) == 1


def test_never_tells_an_account_number(session: Session) -> None:
    payout = make_payout(session, make_owner(session).id)
    service.reveal_account(session, payout.id, why="A look", actor=FINANCE)

    told = "".join(str(each) for each in history_of(session, "crm_payouts", payout.id))

    assert "0000014579" not in told
    assert "account_encrypted" not in told
